package store

import (
	"cmp"
	"slices"

	"github.com/sheaf-dev/sheaf/resource"
)

// version is the content of one snapshot: frozen roots of what the writer edits.
//
// Each key has a slot, a small number that stays the same as long as the key exists. keys finds the slot, objects has what it holds.
type version struct {
	resourceVersion string
	length          int // number of objects
	staleLength     int // number of stale keys
	keys            names
	objects         vector[resource.Object] // by slot; nil: deleted, or never there
	stale           vector[error]           // by slot; why the object is not current
	groups          *groups
	labelIndex      bool
	indexes         []*index // by name
}

// index returns the named index, or nil. There are few.
func (v *version) index(name string) *index {
	for _, x := range v.indexes {
		if x.name == name {
			return x
		}
	}
	return nil
}

// state is what the writer edits. Vectors, sets and postings in it are persistent: an edit copies what an older batch has made, so
// versions that were published keep what they have.
type state struct {
	batch           uint64 // number of the batch that is being applied; never 0
	resourceVersion string
	length          int
	staleLength     int
	keys            dictionary
	objects         vector[resource.Object]
	stale           vector[error]
	groups          groupWriter
	indexes         []*indexWriter // by name
}

func newState(opts Options) *state {
	s := &state{batch: 1, keys: newDictionary(), groups: newGroupWriter(opts.NoLabelIndex)}
	for name, function := range opts.Indexers {
		s.indexes = append(s.indexes, newIndexWriter(name, function))
	}
	s.sortIndexes()
	return s
}

func (s *state) sortIndexes() {
	slices.SortFunc(s.indexes, func(a, b *indexWriter) int { return cmp.Compare(a.name, b.name) })
}

// freeze makes a version of the state. What did not change since the version before is shared with it.
func (s *state) freeze(before *version) *version {
	v := &version{
		resourceVersion: s.resourceVersion, length: s.length, staleLength: s.staleLength,
		keys: s.keys.names, objects: s.objects, stale: s.stale, labelIndex: !s.groups.noLabels,
	}
	if before != nil {
		v.groups, v.indexes = before.groups, before.indexes
	}
	if s.groups.changed {
		v.groups, s.groups.changed = s.groups.view(), false
	}
	if len(v.indexes) == len(s.indexes) && !slices.ContainsFunc(s.indexes, func(w *indexWriter) bool { return w.changed }) {
		return v
	}
	v.indexes = make([]*index, len(s.indexes))
	for i, w := range s.indexes {
		if !w.changed {
			v.indexes[i] = before.index(w.name)
			continue
		}
		v.indexes[i], w.changed = w.view(), false
	}
	return v
}

// apply performs one change.
func (s *state) apply(c *Change) Applied {
	switch c.Op {
	case Set:
		return s.set(c.Key, c.Object)
	case Delete:
		return s.delete(c.Key)
	case MarkStale:
		return s.markStale(c.Key, cmp.Or(c.Err, ErrStale))
	default: // Keep
		return s.keep(c.Key)
	}
}

func (s *state) set(key resource.Key, o resource.Object) Applied {
	if o == nil {
		panic("store: Set of " + key.String() + " without an object")
	}
	slot, _ := s.keys.add(key.Namespace, key.Name)
	s.setStale(slot, nil)
	old := s.objects.get(slot)
	if old == o {
		return Applied{Key: key, Old: o, New: o}
	}
	if old == nil {
		s.length++
	}
	s.objects.set(slot, o, s.batch)
	s.groups.set(slot, key.Namespace, labelsOf(o, s.groups.noLabels), s.batch)
	for _, w := range s.indexes {
		w.set(slot, o, s.batch)
	}
	return Applied{Key: key, Old: old, New: o}
}

// labelsOf spares GetLabels, which builds a map for an unstructured object, where nobody needs the labels.
func labelsOf(o resource.Object, unused bool) map[string]string {
	if unused {
		return nil
	}
	return o.GetLabels()
}

func (s *state) delete(key resource.Key) Applied {
	slot, found := s.keys.lookup(key.Namespace, key.Name)
	if !found {
		return Applied{Key: key}
	}
	return Applied{Key: key, Old: s.deleteSlot(slot)}
}

func (s *state) deleteSlot(slot uint32) (last resource.Object) {
	s.setStale(slot, nil)
	if last = s.objects.get(slot); last != nil {
		s.length--
		s.objects.set(slot, nil, s.batch)
		s.groups.remove(slot, s.batch)
		for _, w := range s.indexes {
			w.remove(slot, s.batch)
		}
	}
	s.keys.remove(slot)
	return last
}

func (s *state) keep(key resource.Key) Applied {
	slot, found := s.keys.lookup(key.Namespace, key.Name)
	if !found {
		return Applied{Key: key}
	}
	o := s.objects.get(slot)
	if o == nil { // a stale key without an object: there is nothing to keep, and nothing that could be stale
		return s.delete(key)
	}
	s.setStale(slot, nil)
	return Applied{Key: key, Old: o, New: o}
}

func (s *state) markStale(key resource.Key, reason error) Applied {
	slot, _ := s.keys.add(key.Namespace, key.Name)
	s.setStale(slot, reason)
	o := s.objects.get(slot)
	return Applied{Key: key, Old: o, New: o}
}

// setStale sets the mark of a slot, or with nil takes it away.
func (s *state) setStale(slot uint32, reason error) {
	if reason == nil && s.staleLength == 0 {
		return
	}
	before := s.stale.get(slot)
	if before == nil && reason == nil {
		return
	}
	if before == nil {
		s.staleLength++
	}
	if reason == nil {
		s.staleLength--
	}
	s.stale.set(slot, reason, s.batch)
}
