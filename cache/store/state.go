package store

import (
	"cmp"
	"slices"
	"sort"

	"github.com/sheaf-dev/sheaf/resource"
)

// state is what the writer edits. Vectors, sets and postings in it are persistent: an edit copies what an older batch has made, so
// versions that were published keep what they have.
type state struct {
	batch           uint64 // number of the batch that is being applied; never 0
	resourceVersion string
	generation      int  // of the slots
	many            int  // slots that a store may keep, however few it uses
	compact         bool // objects are packed
	length          int
	staleLength     int
	keys            dictionary
	objects         vector[resource.Object]
	stale           vector[error]
	groups          groupWriter
	indexes         []*indexWriter // by name
}

func newState(opts Options) *state {
	s := &state{batch: 1, many: manySlots, compact: opts.Compact, keys: newDictionary(), groups: newGroupWriter(opts.NoLabelIndex)}
	for name, function := range opts.Indexers {
		s.indexes = append(s.indexes, newIndexWriter(name, function))
	}
	s.sortIndexes()
	return s
}

func (s *state) sortIndexes() {
	sort.Slice(s.indexes, func(i, j int) bool { return s.indexes[i].name < s.indexes[j].name })
}

// freeze makes a version of the state. What did not change since the version before is shared with it.
func (s *state) freeze(before *version) *version {
	v := &version{
		resourceVersion: s.resourceVersion, generation: s.generation, length: s.length, staleLength: s.staleLength,
		keys: s.keys.names, objects: s.objects, stale: s.stale, labelIndex: !s.groups.noLabels, compact: s.compact,
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
	s.groups.set(slot, key.Namespace, o, s.batch)
	for _, w := range s.indexes {
		w.set(slot, o, s.batch)
	}
	settle(o)
	return Applied{Key: key, Old: old, New: o}
}

// labelsOf spares GetLabels, which builds a map for an unstructured object, where nobody needs the labels.
func labelsOf(o resource.Object, unused bool) map[string]string {
	if unused {
		return nil
	}
	return labelsToIndex(o)
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

// deleteOthers deletes the keys whose slots are not named, and appends what it did to applied.
func (s *state) deleteOthers(applied []Applied, named *slotSet) []Applied {
	first := len(applied)
	objects := s.objects
	objects.each(func(base uint32, values *[width]resource.Object) bool {
		for i, o := range values {
			if o != nil && !named.has(base+uint32(i)) {
				applied = append(applied, Applied{Key: resource.KeyOf(o), Old: o})
			}
		}
		return true
	})
	others := applied[first:]
	// Not slices.SortFunc: its code, made for this type, would be in every program.
	sort.Slice(others, func(i, j int) bool { return others[i].Key.Compare(others[j].Key) < 0 })
	for _, a := range others {
		s.delete(a.Key)
	}
	s.forgetOthers(named)
	return applied
}

// forgetOthers forgets the stale keys without an object whose slots are not named.
func (s *state) forgetOthers(named *slotSet) {
	if s.staleLength == 0 {
		return
	}
	stale := s.stale
	stale.each(func(base uint32, reasons *[width]error) bool {
		for i, reason := range reasons {
			if slot := base + uint32(i); reason != nil && !named.has(slot) {
				s.deleteSlot(slot)
			}
		}
		return true
	})
}

// slotSet is a set of slots for one call.
type slotSet []uint64

func (b *slotSet) set(slot uint32) {
	for int(slot/64) >= len(*b) {
		*b = append(*b, 0)
	}
	(*b)[slot/64] |= 1 << (slot % 64)
}

func (b *slotSet) has(slot uint32) bool {
	return int(slot/64) < len(*b) && (*b)[slot/64]&(1<<(slot%64)) != 0
}
