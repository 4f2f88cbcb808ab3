package store

import (
	"fmt"
	"iter"
	"slices"
	"sort"

	"github.com/sheaf-dev/sheaf/resource"
)

// Snapshot is one state of the collection. It is a small immutable value that comes from a Reader (the zero value is not usable),
// and may be used from many goroutines. Holding one keeps its objects in memory. Results come in no particular order unless said otherwise,
// and result slices belong to the caller.
type Snapshot struct{ v *version }

// ResourceVersion returns the version of the collection that this snapshot shows, "" before the first.
func (s Snapshot) ResourceVersion() string { return s.v.resourceVersion }

// Len returns the number of objects.
func (s Snapshot) Len() int { return s.v.length }

// Get returns the object of a key, if it is there. It does not allocate, unless it has to decode the object of a compact store. The object may be stale: see Stale.
func (s Snapshot) Get(key resource.Key) (resource.Object, bool) {
	slot, found := s.v.keys.find(key.Namespace, key.Name)
	if !found {
		return nil, false
	}
	o := s.v.objects.get(slot)
	return Open(o), o != nil
}

// Held returns the object of a key as the store holds it, if it is there: packed, in a compact store. It is not decoded.
func (s Snapshot) Held(key resource.Key) (resource.Object, bool) {
	slot, found := s.v.keys.find(key.Namespace, key.Name)
	if !found {
		return nil, false
	}
	o := s.v.objects.get(slot)
	return o, o != nil
}

// AllHeld iterates over all objects as the store holds them: packed, in a compact store. They are not decoded.
func (s Snapshot) AllHeld() iter.Seq[resource.Object] { return s.all(false) }

func (s Snapshot) all(open bool) iter.Seq[resource.Object] {
	return func(yield func(resource.Object) bool) {
		s.v.objects.each(func(_ uint32, objects *[width]resource.Object) bool {
			for _, o := range objects {
				if o == nil {
					continue
				}
				if open {
					o = Open(o)
				}
				if !yield(o) {
					return false
				}
			}
			return true
		})
	}
}

// Stale says why the state of a key is not current: a newer state exists, but could not be processed. It returns nil for a current
// object and for a key that is not there. A key can be stale without an object.
func (s Snapshot) Stale(key resource.Key) error {
	if s.v.staleLength == 0 {
		return nil
	}
	slot, found := s.v.keys.find(key.Namespace, key.Name)
	if !found {
		return nil
	}
	return s.v.stale.get(slot)
}

// StaleKeys iterates over the stale keys and their reasons, in key order. If there are any it looks at all keys.
func (s Snapshot) StaleKeys() iter.Seq2[resource.Key, error] {
	return func(yield func(resource.Key, error) bool) {
		if s.v.staleLength == 0 {
			return
		}
		type entry struct {
			key    resource.Key
			reason error
		}
		var stale []*entry // pointers, so that the linker has one sort for all of them
		for slot, name := range s.v.keys.all() {
			if reason := s.v.stale.get(slot); reason != nil {
				stale = append(stale, &entry{resource.Key{Namespace: name[0], Name: name[1]}, reason})
			}
		}
		sort.Slice(stale, func(i, j int) bool { return stale[i].key.Compare(stale[j].key) < 0 })
		for _, e := range stale {
			if !yield(e.key, e.reason) {
				return
			}
		}
	}
}

// All iterates over all objects.
func (s Snapshot) All() iter.Seq[resource.Object] { return s.all(s.v.compact) }

// Namespace iterates over the objects of one namespace; "" holds the cluster-scoped objects.
func (s Snapshot) Namespace(namespace string) iter.Seq[resource.Object] {
	return func(yield func(resource.Object) bool) {
		s.v.groups.each(s.v.groups.namespaces.find("", namespace), func(g *group) bool {
			return s.v.visit(&g.slots, yield)
		})
	}
}

// ByIndex returns the objects that the named index finds under the value. It fails only if there is no such index (ErrNoIndex).
func (s Snapshot) ByIndex(index, value string) ([]resource.Object, error) {
	return ByIndex[resource.Object](s, index, value)
}

// ByIndex is Snapshot.ByIndex for objects that are all of type T; see List.
func ByIndex[T resource.Object](s Snapshot, index, value string) ([]T, error) {
	x := s.v.index(index)
	switch {
	case x != nil:
		p := x.values.find("", value)
		if p == nil {
			return nil, nil
		}
		return collect(s.v, make([]T, 0, p.members.len()), &p.members), nil
	case index == NamespaceIndex:
		return inNamespace[T](s.v, value), nil
	default:
		return nil, noIndex(index)
	}
}

// IndexValues returns the values under which the named index finds at least one object, sorted. It fails only if there is no such
// index (ErrNoIndex).
func (s Snapshot) IndexValues(index string) ([]string, error) {
	var t *terms
	switch x := s.v.index(index); {
	case x != nil:
		t = &x.values
	case index == NamespaceIndex:
		t = &s.v.groups.namespaces
	default:
		return nil, noIndex(index)
	}
	var values []string
	for number, name := range t.names.all() {
		if t.postings.get(number) != nil {
			values = append(values, name[1])
		}
	}
	slices.Sort(values)
	return values, nil
}

func noIndex(name string) error { return fmt.Errorf("index %q: %w", name, ErrNoIndex) }

// Indexes returns how many named indexes there are, besides that by namespace.
func (s Snapshot) Indexes() int { return len(s.v.indexes) }

// IndexErrors returns the objects that an index could not take, by index and key. They are missing from that index alone.
func (s Snapshot) IndexErrors() []*IndexError {
	var errs []*IndexError
	for _, x := range s.v.indexes {
		first := len(errs)
		if x.failed == 0 {
			continue
		}
		x.errs.each(func(base uint32, reasons *[width]error) bool {
			for i, err := range reasons {
				if err != nil {
					o := s.v.objects.get(base + uint32(i))
					errs = append(errs, &IndexError{Index: x.name, Key: resource.KeyOf(o), Err: err})
				}
			}
			return true
		})
		byKey := errs[first:]
		sort.Slice(byKey, func(i, j int) bool { return byKey[i].Key.Compare(byKey[j].Key) < 0 })
	}
	return errs
}
