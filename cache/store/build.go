package store

import (
	"errors"
	"fmt"

	"github.com/sheaf-dev/sheaf/resource"
)

// AddIndexers adds named index functions, also to a store that has objects already; it returns when the newest snapshot has
// the indexes. They are built beside the store, so readers and the writer go on; the writer is held up only while the changes that
// came in the meantime are caught up with, or, if the store has shrunk meanwhile, while the few objects that are left are indexed. It fails, and adds nothing, if a name is taken (ErrIndexExists) or a function is nil.
func (r *Reader) AddIndexers(indexers map[string]IndexFunc) error {
	for name, function := range indexers {
		if function == nil {
			return fmt.Errorf("index %q: %w", name, errors.New("the function is nil"))
		}
	}
	base := r.core.current.Load()
	if err := base.clash(indexers); err != nil { // before any work is done
		return err
	}
	var built []*indexWriter
	for name, function := range indexers {
		w := newIndexWriter(name, function)
		w.build(base)
		built = append(built, w)
	}
	return r.core.addIndexes(built, indexers, base)
}

// clash returns an error if one of the names is taken.
func (v *version) clash(indexers map[string]IndexFunc) error {
	for name := range indexers {
		if v.index(name) != nil {
			return fmt.Errorf("index %q: %w", name, ErrIndexExists)
		}
	}
	return nil
}

// batchOfBuild is older than every batch of a writer, which will copy what a build has made before it changes it.
const batchOfBuild = 0

// build indexes all objects of a version.
func (w *indexWriter) build(v *version) {
	v.objects.each(func(base uint32, objects *[width]resource.Object) bool {
		for i, o := range objects {
			if o != nil {
				w.set(base+uint32(i), o, batchOfBuild)
			}
		}
		return true
	})
}

// catchUp indexes what changed since the version that the index was built from.
func (w *indexWriter) catchUp(from, to *vector[resource.Object], batch uint64) {
	to.eachChanged(from, func(base uint32, objects *[width]resource.Object) bool {
		for i, o := range objects {
			slot := base + uint32(i)
			switch before := from.get(slot); {
			case o == before:
			case o == nil:
				w.remove(slot, batch)
			default:
				w.set(slot, o, batch)
			}
		}
		return true
	})
}

// addIndexes brings indexes that were built from an older version up to date and publishes them.
func (c *core) addIndexes(built []*indexWriter, indexers map[string]IndexFunc, base *version) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.current.Load().clash(indexers); err != nil {
		return err
	}
	if base.generation != c.state.generation { // the store has shrunk since: nothing of what was built can be kept
		base = c.current.Load()
		for i, w := range built {
			built[i] = newIndexWriter(w.name, w.function)
			built[i].build(base)
		}
	}
	for _, w := range built {
		w.catchUp(&base.objects, &c.state.objects, c.state.batch)
	}
	c.state.indexes = append(c.state.indexes, built...)
	c.state.sortIndexes()
	c.publish(nil)
	return nil
}
