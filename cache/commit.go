package cache

import (
	"errors"
	"slices"

	"k8s.io/apimachinery/pkg/util/resourceversion"

	"github.com/sheaf-dev/sheaf/cache/delta"
	"github.com/sheaf-dev/sheaf/cache/store"
	"github.com/sheaf-dev/sheaf/resource"
)

// committer makes transactions of batches: into the store first, then into the journal. It belongs to the goroutine of Run.
type committer struct {
	writer   *store.Writer
	reader   *store.Reader
	journal  *journal
	wards    *wards
	detector *detector
	sizes    footprint
	scopes   map[string]string // scope → the version it has reached; a scope without an entry has not been read yet
	want     int               // how many scopes there are
	synced   func()            // called once, when all scopes have been read

	changes []store.Change
	sources []source // what each change came from
}

// source is what is known about a change beside the change itself.
type source struct {
	size    int
	unknown bool   // of a deletion: the state that is handed to handlers may not be the final one
	scope   string // of an object that could not be processed
	missing bool   // it could not be processed because it may be gone
}

// errNameless is the reason why an object is stale that was missing in a list with objects that could not even be identified.
var errNameless = errors.New("it was missing in a list that had an object without a readable name")

// commit applies a batch of deltas.
func (c *committer) commit(deltas []delta.Delta) {
	if len(deltas) == 1 && deltas[0].Type == delta.Replaced {
		c.replace(&deltas[0])
		return
	}
	c.begin()
	for i := range deltas {
		d := &deltas[i]
		if d.Type == delta.Sync {
			// It depends on what the deltas before it did.
			c.finish(batch{}, false)
			c.sync(d)
			continue
		}
		c.stage(d)
	}
	c.finish(batch{}, false)
}

// keptStaged is the largest room for changes that is kept; a full state, which needs more, is rare.
const keptStaged = 4 * delta.MaxBatch

func (c *committer) begin() {
	if cap(c.changes) > keptStaged {
		c.changes, c.sources = nil, nil
	}
	clear(c.changes)
	c.changes, c.sources = c.changes[:0], c.sources[:0]
}

func (c *committer) change(change store.Change, source source) {
	if change.Op == store.Set {
		c.detector.stored(change.Object)
	}
	c.changes = append(c.changes, change)
	c.sources = append(c.sources, source)
}

// stage makes a change of a delta.
func (c *committer) stage(d *delta.Delta) {
	if d.ResourceVersion != "" {
		if _, read := c.scopes[d.Scope]; read {
			c.scopes[d.Scope] = d.ResourceVersion
		}
	}
	switch {
	case d.Type == delta.Bookmark:
	case d.Type == delta.Deleted:
		c.change(store.Change{Op: store.Delete, Key: d.Key, Object: d.Object}, source{size: d.Size, unknown: d.Object == nil && !d.Known})
	case d.Err == nil:
		c.change(store.Change{Op: store.Set, Key: d.Key, Object: d.Object}, source{size: d.Size})
	case d.Key.Name == "":
		c.wards.nameless(d.Err)
	default:
		c.change(store.Change{Op: store.MarkStale, Key: d.Key, Err: d.Err}, source{scope: d.Scope})
	}
}

// sync applies an object that was read alone.
func (c *committer) sync(d *delta.Delta) {
	if d.Object == nil {
		c.change(store.Change{Op: store.Delete, Key: d.Key}, source{unknown: true})
		return
	}
	c.set(c.reader.Snapshot(), d.Key, d.Object, d.Size)
}

// set stages a state that may be the one that is there: where versions are equal and the bytes could not be compared, the content is.
func (c *committer) set(s store.Snapshot, key resource.Key, o resource.Object, size int) {
	change := store.Change{Op: store.Set, Key: key, Object: o}
	old, ok := s.Held(key)
	if ok && old.GetUID() == o.GetUID() && old.GetResourceVersion() == o.GetResourceVersion() && resource.Equal(store.Open(old), store.Open(o)) {
		change = store.Change{Op: store.Keep, Key: key}
	}
	c.change(change, source{size: size})
}

// replace applies a full state.
func (c *committer) replace(d *delta.Delta) {
	_, again := c.scopes[d.Scope]
	c.scopes[d.Scope] = d.ResourceVersion
	c.begin()
	c.changes, c.sources = slices.Grow(c.changes, len(d.Items)), slices.Grow(c.sources, len(d.Items))
	snapshot := c.reader.Snapshot()
	var nameless error
	for i := range d.Items {
		item := &d.Items[i]
		switch {
		case item.Key.Name == "":
			nameless = item.Err
		case item.Err != nil:
			c.change(store.Change{Op: store.MarkStale, Key: item.Key, Err: item.Err}, source{scope: d.Scope})
		case item.Object == nil:
			c.change(store.Change{Op: store.Keep, Key: item.Key}, source{})
		default:
			c.set(snapshot, item.Key, item.Object, item.Size)
		}
	}
	if nameless != nil {
		c.wards.nameless(nameless)
	}
	whole := c.want == 1 && nameless == nil
	if !whole {
		c.stageMissing(d, nameless)
	}
	b := batch{initial: !again, syncs: !again && len(c.scopes) == c.want}
	c.finish(b, whole)
	if whole {
		c.wards.prune(c.reader.Snapshot())
	}
}

// stageMissing deletes what a scope's full state does not have. If something in that state has no name, it may be any of them: then they
// are stale, and each is looked for alone.
func (c *committer) stageMissing(d *delta.Delta, nameless error) {
	named := make(map[resource.Key]struct{}, len(c.changes))
	for i := range c.changes {
		named[c.changes[i].Key] = struct{}{}
	}
	snapshot := c.reader.Snapshot()
	for o := range snapshot.AllHeld() {
		key := resource.KeyOf(o)
		if d.Scope != "" && key.Namespace != d.Scope {
			continue
		}
		if _, there := named[key]; there {
			continue
		}
		if nameless == nil {
			c.change(store.Change{Op: store.Delete, Key: key}, source{unknown: true})
			continue
		}
		c.change(store.Change{Op: store.MarkStale, Key: key, Err: errNameless}, source{scope: d.Scope, missing: true})
	}
	for key := range snapshot.StaleKeys() {
		_, there := named[key]
		_, object := snapshot.Get(key)
		if !there && !object && (d.Scope == "" || key.Namespace == d.Scope) {
			c.change(store.Change{Op: store.Delete, Key: key}, source{unknown: true})
		}
	}
}

// finish commits the staged changes as one transaction, tells the handlers, and sees to those that could not be processed.
func (c *committer) finish(b batch, whole bool) {
	defer c.begin()
	version := c.version()
	if len(c.changes) == 0 && !whole && !b.syncs && version == c.reader.ResourceVersion() {
		return
	}
	c.write(b, whole, version)
	for i := range c.changes {
		change, from := &c.changes[i], &c.sources[i]
		if change.Op == store.MarkStale {
			c.wards.admit(change.Key, from.scope, change.Err, from.missing)
		} else {
			c.wards.discharge(change.Key)
		}
	}
}

// write makes the transaction and appends what it does to the journal, in one step.
func (c *committer) write(b batch, whole bool, version string) {
	c.journal.mu.Lock()
	defer c.journal.mu.Unlock()
	var applied []store.Applied
	if whole {
		applied = c.writer.Replace(c.changes, version)
	} else {
		applied = c.writer.Apply(c.changes, version)
	}
	if b.initial {
		b.notices = make([]notice, 0, len(applied))
	}
	for i := range applied {
		if i < len(c.changes) {
			c.note(&b, &c.changes[i], c.sources[i], &applied[i])
		} else {
			c.note(&b, &store.Change{Op: store.Delete}, source{unknown: true}, &applied[i])
		}
	}
	c.journal.append(&b)
	if b.syncs {
		c.synced() // while the journal is locked: a handler that is added now is told by this batch or finds the informer synced
	}
}

// note adds to a batch what handlers are told about a change.
func (c *committer) note(b *batch, change *store.Change, from source, applied *store.Applied) {
	if change.Op == store.MarkStale {
		return
	}
	old, now := applied.Old, applied.New
	if old != now {
		c.detector.removed(old)
	}
	switch {
	case change.Op == store.Keep || old == nil && now == nil || old == now:
	case old == nil:
		b.add(notice{new: now})
		if c.sizes.seen < sampleFirst {
			c.sizes.of(now, from.size)
		}
	case now == nil:
		last, unknown := old, true
		switch {
		case change.Object == nil:
			unknown = from.unknown
		case change.Object.GetUID() == old.GetUID(): // else its own life could not be processed
			last, unknown = change.Object, false
		}
		b.add(notice{old: last, unknown: unknown, body: c.sizes.of(last, from.size)})
	case old.GetUID() != now.GetUID():
		b.add(notice{old: old, unknown: true, body: c.sizes.of(old, from.size)})
		b.add(notice{new: now})
	default:
		b.add(notice{old: old, new: now, body: c.sizes.of(now, from.size)})
	}
}

// version is the version of the whole: what all scopes have reached.
func (c *committer) version() string {
	if len(c.scopes) < c.want {
		return ""
	}
	least, first := "", true
	for _, version := range c.scopes {
		if first {
			least, first = version, false
			continue
		}
		order, err := resourceversion.CompareResourceVersion(version, least)
		if err != nil {
			return ""
		}
		if order < 0 {
			least = version
		}
	}
	return least
}
