package delta

import (
	"context"

	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
)

// replacement is a full state being collected. Objects that are as they were are not kept a second time, and an object that an
// abandoned attempt had collected before is taken from there, so that no version is transformed twice.
type replacement struct {
	in      *Intake
	entries entries
	at      map[resource.Key]int // the place of each key's entry
	over    bool
}

type entry struct {
	Item
	stamp   uint64
	trace   decode.Trace
	version string // of one that could not be processed
	removed bool
}

var _ reflector.Replacement = (*replacement)(nil)

// Replace starts to collect a full state.
func (in *Intake) Replace() reflector.Replacement {
	return &replacement{in: in}
}

// reserve makes room in the index, when the first object comes, for as many as there were before: a relist then leaves less garbage.
func (r *replacement) reserve() {
	r.in.mu.Lock()
	n := r.in.known.len()
	r.in.mu.Unlock()
	r.at = make(map[resource.Key]int, n)
}

// Item adds an object of a list.
func (r *replacement) Item(item decode.Item) {
	r.put(item.Object, item.Err, item.Hash, item.Size, item.Trace)
}

// Change adds, changes or removes an object.
func (r *replacement) Change(event decode.Event) (fresh bool) {
	if event.Type != watch.Deleted {
		return r.put(event.Object, event.Err, event.Hash, event.Size, event.Trace)
	}
	key := versionOf(event.Object, event.Err, 0).key
	if i, ok := r.at[key]; ok {
		*r.entries.at(i) = entry{removed: true}
		delete(r.at, key)
	}
	return false
}

// Len returns the number of entries.
func (r *replacement) Len() int { return r.entries.len() }

// Truncate forgets the entries from n on.
func (r *replacement) Truncate(n int) {
	for i := n; i < r.entries.len(); i++ {
		delete(r.at, r.entries.at(i).Key)
	}
	r.entries.cut(n)
}

func (r *replacement) put(o resource.Object, broken *decode.ObjectError, hash uint64, size int, trace decode.Trace) (fresh bool) {
	if r.at == nil {
		r.reserve()
	}
	v := versionOf(o, broken, hash)
	e := r.entry(v, o, broken, size, trace)
	i, there := r.at[v.key]
	switch {
	case there:
		*r.entries.at(i) = e
	case v.key.Name != "":
		r.at[v.key] = r.entries.len()
		fallthrough
	default:
		r.entries.add(e)
	}
	return !there
}

func (r *replacement) entry(v version, o resource.Object, broken *decode.ObjectError, size int, trace decode.Trace) entry {
	r.in.mu.Lock()
	defer r.in.mu.Unlock()
	e := entry{Item: Item{Key: v.key, UID: v.uid, Size: size}, stamp: v.stamp}
	if broken == nil {
		if hash := hashKey(v.key); r.in.known.knows(hash, v.stamp) {
			e.trace = r.in.known.trace(hash)
			return e
		}
		if earlier, ok := r.in.draft.find(v); ok {
			return earlier
		}
	}
	if e.Object, e.Err = r.in.process(o, broken); e.Err != nil {
		e.version = v.version
	} else {
		e.trace = trace
	}
	return e
}

// find returns what was made of a version before.
func (r *replacement) find(v version) (entry, bool) {
	if r == nil {
		return entry{}, false
	}
	i, ok := r.at[v.key]
	if !ok || r.entries.at(i).stamp != v.stamp || r.entries.at(i).Object == nil {
		return entry{}, false
	}
	return *r.entries.at(i), true
}

// Commit pushes the full state.
func (r *replacement) Commit(ctx context.Context, resourceVersion string) error {
	in := r.in
	in.mu.Lock()
	defer in.mu.Unlock()
	r.over = true
	known, broken, ahead, nameless := in.known, in.broken, in.ahead, false
	in.ahead = r.keepAhead(resourceVersion)
	in.known, in.broken = newVersions(r.entries.len()), map[uint64]string{}
	items := make([]Item, 0, r.entries.len())
	for i := range r.entries.len() {
		e := r.entries.at(i)
		hash := hashKey(e.Key)
		switch {
		case e.removed:
			continue
		case e.Key.Name == "":
			nameless = true
		case e.Err != nil:
			in.broken[hash] = e.version
		default:
			in.known.put(hash, e.stamp, e.trace)
		}
		items = append(items, e.Item)
	}
	if nameless { // it may be any of those that are missing
		for hash := range known.places {
			broken[hash] = ""
		}
		for key := range ahead {
			broken[hashKey(key)] = ""
		}
		for hash := range broken {
			if _, there := in.known.places[hash]; !there {
				in.broken[hash] += ""
			}
		}
	}
	in.draft, in.version = nil, resourceVersion
	return in.queue.Push(ctx, Delta{Type: Replaced, ResourceVersion: resourceVersion, Items: items, Scope: in.opts.Scope})
}

// keepAhead keeps the objects that were read alone and are newer than this state, and returns them. On a server that has gone back to
// the past there are none.
func (r *replacement) keepAhead(resourceVersion string) map[resource.Key]single {
	kept := map[resource.Key]single{}
	if older(resourceVersion, r.in.version) {
		return kept
	}
	for key, had := range r.in.ahead {
		if !older(resourceVersion, had.version) {
			continue
		}
		kept[key] = had
		unchanged := entry{Item: Item{Key: key, UID: had.uid}}
		if i, ok := r.at[key]; ok {
			*r.entries.at(i) = unchanged
		} else {
			r.entries.add(unchanged)
		}
	}
	return kept
}

// older says whether a version is known to be older than another one.
func older(a, b string) bool {
	order, err := resourceversion.CompareResourceVersion(a, b)
	return err == nil && order < 0
}

// Abandon keeps what was collected for the next attempt.
func (r *replacement) Abandon() {
	if r.over || len(r.at) == 0 {
		return
	}
	r.over = true
	r.in.mu.Lock()
	r.in.draft = r
	r.in.mu.Unlock()
}
