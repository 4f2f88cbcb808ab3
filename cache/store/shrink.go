package store

import "github.com/sheaf-dev/sheaf/resource"

// manySlots is how many slots a store keeps in any case: half a megabyte.
const manySlots = 4096

// sparse says whether less than a quarter of many slots is in use.
func (s *state) sparse() bool {
	slots := len(s.keys.live)
	return slots > s.many && s.keys.count() < slots/4
}

// shrunk returns a state with the same content and no more room than that takes. Slots have new numbers, which is what their generation says. It
// shares no node with the former state, which lives on in the snapshots that were made of it. The price is paid once for each time that
// three quarters of a store are deleted: every object that is left is indexed again.
func (s *state) shrunk() *state {
	opts := Options{Compact: s.compact, NoLabelIndex: s.groups.noLabels, Indexers: map[string]IndexFunc{}}
	for _, w := range s.indexes {
		opts.Indexers[w.name] = w.function
	}
	next := newState(opts)
	next.batch, next.resourceVersion, next.generation, next.many = s.batch, s.resourceVersion, s.generation+1, s.many
	next.keys.reserve(s.keys.count())
	s.objects.each(func(_ uint32, objects *[width]resource.Object) bool {
		for _, o := range objects {
			if o != nil {
				next.set(resource.KeyOf(o), o)
			}
		}
		return true
	})
	if s.staleLength == 0 {
		return next
	}
	for slot, name := range s.keys.all() {
		if reason := s.stale.get(slot); reason != nil {
			next.markStale(resource.Key{Namespace: name[0], Name: name[1]}, reason)
		}
	}
	return next
}
