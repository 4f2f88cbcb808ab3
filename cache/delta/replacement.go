package delta

import (
	"context"

	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
)

// replacement is a full state being collected. Objects that are as they were are not kept a second time, and an object that an
// abandoned attempt had collected before is taken from there, so that no version is transformed twice.
type replacement struct {
	in      *Intake
	entries []entry
	at      map[resource.Key]int // the place of each key's entry
	over    bool
}

type entry struct {
	Item
	stamp   uint64
	removed bool
}

var _ reflector.Replacement = (*replacement)(nil)

// Replace starts to collect a full state.
func (in *Intake) Replace() reflector.Replacement {
	return &replacement{in: in, at: map[resource.Key]int{}}
}

// Item adds an object of a list.
func (r *replacement) Item(item decode.Item) {
	r.put(item.Object, item.Err, item.Hash, item.Size)
}

// Change adds, changes or removes an object.
func (r *replacement) Change(event decode.Event) (fresh bool) {
	if event.Type != watch.Deleted {
		return r.put(event.Object, event.Err, event.Hash, event.Size)
	}
	key := versionOf(event.Object, event.Err, 0).key
	if i, ok := r.at[key]; ok {
		r.entries[i] = entry{removed: true}
		delete(r.at, key)
	}
	return false
}

// Len returns the number of entries.
func (r *replacement) Len() int { return len(r.entries) }

// Truncate forgets the entries from n on.
func (r *replacement) Truncate(n int) {
	for _, e := range r.entries[n:] {
		delete(r.at, e.Key)
	}
	clear(r.entries[n:])
	r.entries = r.entries[:n]
}

func (r *replacement) put(o resource.Object, broken *decode.ObjectError, hash uint64, size int) (fresh bool) {
	v := versionOf(o, broken, hash)
	e := r.entry(v, o, broken, size)
	i, there := r.at[v.key]
	switch {
	case there:
		r.entries[i] = e
	case v.key.Name != "":
		r.at[v.key] = len(r.entries)
		fallthrough
	default:
		r.entries = append(r.entries, e)
	}
	return !there
}

func (r *replacement) entry(v version, o resource.Object, broken *decode.ObjectError, size int) entry {
	r.in.mu.Lock()
	defer r.in.mu.Unlock()
	e := entry{Item: Item{Key: v.key, UID: v.uid, Size: size}, stamp: v.stamp}
	if broken == nil {
		if r.in.known[hashKey(v.key)] == v.stamp {
			return e
		}
		if earlier, ok := r.in.draft.find(v); ok {
			return earlier
		}
	}
	e.Object, e.Err = r.in.process(o, broken)
	return e
}

// find returns what was made of a version before.
func (r *replacement) find(v version) (entry, bool) {
	if r == nil {
		return entry{}, false
	}
	i, ok := r.at[v.key]
	if !ok || r.entries[i].stamp != v.stamp || r.entries[i].Object == nil {
		return entry{}, false
	}
	return r.entries[i], true
}

// Commit pushes the full state.
func (r *replacement) Commit(ctx context.Context, resourceVersion string) error {
	known := make(versions, len(r.entries))
	items := make([]Item, 0, len(r.entries))
	for i := range r.entries {
		e := &r.entries[i]
		if e.removed {
			continue
		}
		if e.Err == nil {
			known[hashKey(e.Key)] = e.stamp
		}
		items = append(items, e.Item)
	}
	r.over = true
	d := Delta{Type: Replaced, ResourceVersion: resourceVersion, Items: items, Scope: r.in.opts.Scope}
	r.in.mu.Lock()
	r.in.known, r.in.ahead, r.in.draft, r.in.version = known, nil, nil, resourceVersion
	r.in.mu.Unlock()
	return r.in.queue.Push(ctx, d)
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
