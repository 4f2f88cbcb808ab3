package store

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/sheaf-dev/sheaf/resource"
)

// Snapshot is one state of the collection. It is a small immutable value that comes from a Reader (the zero value is not usable),
// and may be used from many goroutines. Holding one keeps its objects in memory. Results come in no particular order unless said otherwise,
// and result slices belong to the caller.
type Snapshot struct{ v *version }

// ResourceVersion returns the version of the collection that this snapshot shows, "" before the first.
func (s Snapshot) ResourceVersion() string { return s.v.resourceVersion }

// Len returns the number of objects.
func (s Snapshot) Len() int { return len(s.v.objects) }

// Get returns the object of a key, if it is there. It does not allocate. The object may be stale: see Stale.
func (s Snapshot) Get(key resource.Key) (resource.Object, bool) {
	o, ok := s.v.objects[key]
	return o, ok
}

// Stale says why the state of a key is not current: a newer state exists, but could not be processed. It returns nil for a current
// object and for a key that is not there. A key can be stale without an object.
func (s Snapshot) Stale(key resource.Key) error { return s.v.stale[key] }

// StaleKeys iterates over the stale keys and their reasons, in key order.
func (s Snapshot) StaleKeys() iter.Seq2[resource.Key, error] {
	return func(yield func(resource.Key, error) bool) {
		keys := make([]resource.Key, 0, len(s.v.stale))
		for key := range s.v.stale {
			keys = append(keys, key)
		}
		slices.SortFunc(keys, resource.Key.Compare)
		for _, key := range keys {
			if !yield(key, s.v.stale[key]) {
				return
			}
		}
	}
}

// All iterates over all objects.
func (s Snapshot) All() iter.Seq[resource.Object] {
	return func(yield func(resource.Object) bool) {
		for _, o := range s.v.objects {
			if !yield(o) {
				return
			}
		}
	}
}

// Namespace iterates over the objects of one namespace; "" holds the cluster-scoped objects.
func (s Snapshot) Namespace(namespace string) iter.Seq[resource.Object] {
	return func(yield func(resource.Object) bool) {
		for key, o := range s.v.objects {
			if key.Namespace == namespace && !yield(o) {
				return
			}
		}
	}
}

// List returns the objects of a namespace ("": of all namespaces) that the selector matches; nil matches everything. With the label
// index, the requirements =, ==, in and exists cost in proportion to the smallest set of objects that one of them names; the others
// are checked on each object that is left.
func (s Snapshot) List(selector labels.Selector, namespace string) []resource.Object {
	var found []resource.Object
	for key, o := range s.v.objects {
		if namespace != "" && key.Namespace != namespace {
			continue
		}
		if selector == nil || selector.Matches(labels.Set(o.GetLabels())) {
			found = append(found, o)
		}
	}
	return found
}

// ByIndex returns the objects that the named index finds under the value. It fails only if there is no such index (ErrNoIndex).
func (s Snapshot) ByIndex(index, value string) ([]resource.Object, error) {
	x, ok := s.v.indexes[index]
	if !ok {
		if index == NamespaceIndex {
			return slices.Collect(s.Namespace(value)), nil
		}
		return nil, fmt.Errorf("index %q: %w", index, ErrNoIndex)
	}
	var found []resource.Object
	for key, values := range x.values {
		if slices.Contains(values, value) {
			found = append(found, s.v.objects[key])
		}
	}
	return found, nil
}

// IndexValues returns the values under which the named index finds at least one object, sorted. It fails only if there is no such
// index (ErrNoIndex).
func (s Snapshot) IndexValues(index string) ([]string, error) {
	set := map[string]bool{}
	x, ok := s.v.indexes[index]
	switch {
	case ok:
		for _, values := range x.values {
			for _, value := range values {
				set[value] = true
			}
		}
	case index == NamespaceIndex:
		for key := range s.v.objects {
			set[key.Namespace] = true
		}
	default:
		return nil, fmt.Errorf("index %q: %w", index, ErrNoIndex)
	}
	var values []string
	for value := range set {
		values = append(values, value)
	}
	slices.Sort(values)
	return values, nil
}

// IndexErrors returns the objects that an index could not take, by index and key. They are missing from that index alone.
func (s Snapshot) IndexErrors() []*IndexError {
	var errs []*IndexError
	for name, x := range s.v.indexes {
		for key, err := range x.errs {
			errs = append(errs, &IndexError{Index: name, Key: key, Err: err})
		}
	}
	slices.SortFunc(errs, func(a, b *IndexError) int {
		if c := strings.Compare(a.Index, b.Index); c != 0 {
			return c
		}
		return a.Key.Compare(b.Key)
	})
	return errs
}

// MemoryEstimate returns the bytes that the store itself uses for this snapshot, without the objects.
func (s Snapshot) MemoryEstimate() int64 { return int64(len(s.v.objects)) * 200 }
