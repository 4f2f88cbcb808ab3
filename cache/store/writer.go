package store

import (
	"sync"
	"sync/atomic"
)

// New returns an empty store. It starts nothing. An index function that is nil fails on every object.
func New(opts Options) (*Writer, *Reader) {
	c := &core{state: newState(opts)}
	c.publish(nil)
	return &Writer{core: c}, &Reader{core: c}
}

// core is what the Writer and the Reader of a store share.
type core struct {
	current atomic.Pointer[version]
	waits   waits
	mu      sync.Mutex // owns state and the right to publish: held by Apply, Replace and the last step of AddIndexers
	state   *state
}

// publish makes the state the newest snapshot. mu is held.
func (c *core) publish(changes []Change) {
	next := c.state.freeze(c.current.Load())
	c.state.batch++ // from here on, all that next has is frozen
	c.current.Store(next)
	c.waits.published(Snapshot{next}, changes)
}

// Writer is the write side of a store. Its methods are for one goroutine. Readers never wait for it, and it never waits for
// a reader.
type Writer struct {
	core    *core
	applied []Applied // what the last call returned
}

// Apply performs a batch of changes, in order, as one transaction: readers see all of it or nothing. The snapshot it publishes has the
// given resourceVersion; "" keeps the former one. Apply(nil, v) is how a bookmark is stored.
//
// It returns what each change did, at the change's position. The slice is valid until the next call of Apply or Replace.
// Batches of ten or more cost much less a change than single changes do.
func (w *Writer) Apply(changes []Change, resourceVersion string) []Applied {
	w.core.mu.Lock()
	defer w.core.mu.Unlock()
	applied := w.apply(changes, nil)
	w.publish(changes, resourceVersion)
	return applied
}

// Replace makes the changes, which together name every key that exists, the whole content of the store: like Apply, and in the same
// transaction every other key is deleted. The deletions follow the changes in what is returned, in key order, each with its last object.
func (w *Writer) Replace(changes []Change, resourceVersion string) []Applied {
	w.core.mu.Lock()
	defer w.core.mu.Unlock()
	w.core.state.keys.reserve(len(changes))
	var named slotSet
	applied := w.apply(changes, &named)
	applied = w.core.state.deleteOthers(applied, &named)
	w.publish(changes, resourceVersion)
	return applied
}

// apply performs changes and notes the slots of the keys that they name.
func (w *Writer) apply(changes []Change, named *slotSet) []Applied {
	state := w.core.state
	applied := w.room(len(changes))
	for i := range changes {
		applied = append(applied, state.apply(&changes[i]))
		if named != nil {
			if slot, found := state.keys.lookup(changes[i].Key.Namespace, changes[i].Key.Name); found {
				named.set(slot)
			}
		}
	}
	return applied
}

// room returns an empty slice for n results. A large one, which a first list needs, is not kept for the next call.
func (w *Writer) room(n int) []Applied {
	const keep = 1024
	clear(w.applied[:cap(w.applied)]) // let go of the objects of the last call
	if n > keep {
		return make([]Applied, 0, n)
	}
	if cap(w.applied) < n {
		w.applied = make([]Applied, 0, max(n, 16))
	}
	return w.applied[:0]
}

func (w *Writer) publish(changes []Change, resourceVersion string) {
	if resourceVersion != "" {
		w.core.state.resourceVersion = resourceVersion
	}
	if w.core.state.sparse() {
		w.core.state = w.core.state.shrunk()
	}
	w.core.publish(changes)
}
