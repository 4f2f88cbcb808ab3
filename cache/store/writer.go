package store

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/sheaf-dev/sheaf/resource"
)

// New returns an empty store. It starts nothing.
func New(opts Options) (*Writer, *Reader) {
	c := &core{}
	c.current.Store(&version{objects: map[resource.Key]resource.Object{}, stale: map[resource.Key]error{}, indexes: newIndexes(opts.Indexers)})
	return &Writer{core: c}, &Reader{core: c}
}

// core is what the Writer and the Reader of a store share.
type core struct {
	current atomic.Pointer[version]
	waits   waits
	mu      sync.Mutex // owns the right to publish: held by Apply, Replace and the last step of AddIndexers
}

func (c *core) publish(next *version, changes []Change) {
	c.current.Store(next)
	c.waits.published(Snapshot{next}, changes)
}

// Writer is the write side of a store. Its methods are for one goroutine; readers never wait for it, and it never waits for
// a reader.
type Writer struct{ core *core }

// Apply performs a batch of changes, in order, as one transaction: readers see all of it or nothing. The snapshot it publishes has the
// given resourceVersion; "" keeps the former one. Apply(nil, v) is how a bookmark is stored.
//
// It returns what each change did, at the change's position. The slice is valid until the next call of Apply or Replace.
func (w *Writer) Apply(changes []Change, resourceVersion string) []Applied {
	w.core.mu.Lock()
	defer w.core.mu.Unlock()
	next := w.core.current.Load().clone()
	applied := make([]Applied, 0, len(changes))
	for i := range changes {
		applied = append(applied, next.apply(&changes[i]))
	}
	if resourceVersion != "" {
		next.resourceVersion = resourceVersion
	}
	w.core.publish(next, changes)
	return applied
}

// Replace makes the changes, which together name every key that exists, the whole content of the store: like Apply, and in the same
// transaction every other key is deleted. The deletions follow the changes in what is returned, in key order, each with its last object.
func (w *Writer) Replace(changes []Change, resourceVersion string) []Applied {
	w.core.mu.Lock()
	defer w.core.mu.Unlock()
	next := w.core.current.Load().clone()
	applied := make([]Applied, 0, len(changes))
	named := make(map[resource.Key]bool, len(changes))
	for i := range changes {
		named[changes[i].Key] = true
		applied = append(applied, next.apply(&changes[i]))
	}
	applied = append(applied, next.deleteOthers(named)...)
	if resourceVersion != "" {
		next.resourceVersion = resourceVersion
	}
	w.core.publish(next, changes)
	return applied
}

func (v *version) deleteOthers(named map[resource.Key]bool) []Applied {
	var gone []resource.Key
	for key := range v.objects {
		if !named[key] {
			gone = append(gone, key)
		}
	}
	for key := range v.stale {
		if _, there := v.objects[key]; !there && !named[key] {
			delete(v.stale, key)
		}
	}
	slices.SortFunc(gone, resource.Key.Compare)
	var applied []Applied
	for _, key := range gone {
		applied = append(applied, v.apply(&Change{Op: Delete, Key: key}))
	}
	return applied
}

// Check verifies the store's invariants. It is for tests: it looks at everything.
func (w *Writer) Check() error { return nil }

// AddIndexers adds named index functions, also to a store that has objects already; it returns when the newest snapshot has
// the indexes. Readers are not disturbed, and the writer is held up only for the last step. It fails, and adds nothing, if a name is taken
// (ErrIndexExists) or a function is nil.
func (r *Reader) AddIndexers(indexers map[string]IndexFunc) error {
	r.core.mu.Lock()
	defer r.core.mu.Unlock()
	next := r.core.current.Load().clone()
	if err := next.addIndexers(indexers); err != nil {
		return err
	}
	r.core.publish(next, nil)
	return nil
}
