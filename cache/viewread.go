package cache

import (
	"fmt"
	"iter"
	"slices"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/sheaf-dev/sheaf/cache/store"
	"github.com/sheaf-dev/sheaf/resource"
)

// ViewSnapshot is one state of a View: all its answers agree. It is a small immutable value.
type ViewSnapshot struct {
	store.Snapshot
	informer *SharedIndexInformer
	writes   map[resource.Key]write // some of which the snapshot may have passed
}

// Snapshot returns the newest state.
func (v *View) Snapshot() ViewSnapshot {
	// The writes first: what is let go in between has been passed by the snapshot that is taken after. The other way round it would be in neither.
	writes := v.writes.Load()
	s := ViewSnapshot{Snapshot: v.informer.reader.Snapshot(), informer: v.informer}
	if writes != nil {
		s.writes = *writes
		v.pruneNowAndThen()
	}
	return s
}

// Get returns the object of a key, if it is there.
func (v *View) Get(key resource.Key) (resource.Object, bool) { return v.Snapshot().Get(key) }

// List returns the objects of a namespace ("": of all) that a selector matches; nil matches everything.
func (v *View) List(selector labels.Selector, namespace string) []resource.Object {
	return v.Snapshot().List(selector, namespace)
}

// ByIndex returns the objects that an index finds under a value.
func (v *View) ByIndex(index, value string) ([]resource.Object, error) {
	return v.Snapshot().ByIndex(index, value)
}

// All iterates over all objects.
func (v *View) All() iter.Seq[resource.Object] { return v.Snapshot().All() }

// Namespace iterates over the objects of one namespace.
func (v *View) Namespace(namespace string) iter.Seq[resource.Object] {
	return v.Snapshot().Namespace(namespace)
}

// Stale says why the state of a key is not current; nil for one that was written.
func (v *View) Stale(key resource.Key) error { return v.Snapshot().Stale(key) }

// Len returns the number of objects.
func (v *View) Len() int { return v.Snapshot().Len() }

// overlaid returns what is to be shown in place of the snapshot's object of a key, if something is.
func (s *ViewSnapshot) overlaid(key resource.Key) (o resource.Object, overlaid bool) {
	w, ok := s.writes[key]
	if !ok || w.passed(key, s.Snapshot) {
		return nil, false
	}
	o, _ = s.Snapshot.Get(key)
	if !w.writePassed(key, s.Snapshot) {
		o = w.object
	}
	if o != nil && w.hides(o) {
		o = nil
	}
	return o, true
}

// Get returns the object of a key, if it is there.
func (s ViewSnapshot) Get(key resource.Key) (resource.Object, bool) {
	if o, overlaid := s.overlaid(key); overlaid {
		return o, o != nil
	}
	return s.Snapshot.Get(key)
}

// Stale says why the state of a key is not current; nil for one that was written.
func (s ViewSnapshot) Stale(key resource.Key) error {
	if o, overlaid := s.overlaid(key); overlaid && o != nil {
		return nil
	}
	return s.Snapshot.Stale(key)
}

// Len returns the number of objects.
func (s ViewSnapshot) Len() int {
	n := s.Snapshot.Len()
	for key := range s.writes {
		_, before := s.Snapshot.Get(key)
		switch _, now := s.Get(key); {
		case now && !before:
			n++
		case before && !now:
			n--
		}
	}
	return n
}

// List returns the objects of a namespace ("": of all) that a selector matches; nil matches everything.
func (s ViewSnapshot) List(selector labels.Selector, namespace string) []resource.Object {
	return s.overlay(s.Snapshot.List(selector, namespace), func(o resource.Object) bool {
		return (namespace == "" || o.GetNamespace() == namespace) && (selector == nil || selector.Matches(labels.Set(o.GetLabels())))
	})
}

// overlay leaves out the objects whose keys have been written, and adds what was written and belongs to the list.
func (s *ViewSnapshot) overlay(list []resource.Object, belongs func(resource.Object) bool) []resource.Object {
	if len(s.writes) == 0 {
		return list
	}
	list = slices.DeleteFunc(list, func(o resource.Object) bool {
		_, written := s.overlaid(resource.KeyOf(o))
		return written
	})
	for key := range s.writes {
		if o, _ := s.overlaid(key); o != nil && belongs(o) {
			list = append(list, o)
		}
	}
	return list
}

// ByIndex returns the objects that an index finds under a value. The error is store.ErrNoIndex, or says that the index was not added to
// the informer.
func (s ViewSnapshot) ByIndex(index, value string) ([]resource.Object, error) {
	found, err := s.Snapshot.ByIndex(index, value)
	if err != nil || len(s.writes) == 0 {
		return found, err
	}
	f, err := s.indexFunc(index)
	if err != nil {
		return nil, err
	}
	return s.overlay(found, func(o resource.Object) bool { return slices.Contains(call(f, o), value) }), nil
}

// IndexValues returns the values under which an index finds at least one object, sorted.
func (s ViewSnapshot) IndexValues(index string) ([]string, error) {
	values, err := s.Snapshot.IndexValues(index)
	if err != nil || len(s.writes) == 0 {
		return values, err
	}
	f, err := s.indexFunc(index)
	if err != nil {
		return nil, err
	}
	for key := range s.writes {
		if o, _ := s.overlaid(key); o != nil {
			values = append(values, call(f, o)...)
		}
	}
	slices.Sort(values)
	values = slices.Compact(values)
	return slices.DeleteFunc(values, func(value string) bool {
		found, err := s.ByIndex(index, value)
		return err == nil && len(found) == 0
	}), nil
}

func (s *ViewSnapshot) indexFunc(index string) (store.IndexFunc, error) {
	if f := s.informer.indexFunc(index); f != nil {
		return f, nil
	}
	if index == store.NamespaceIndex {
		return func(o resource.Object) ([]string, error) { return []string{o.GetNamespace()}, nil }, nil
	}
	return nil, fmt.Errorf("index %q: %w", index, errHiddenIndex)
}

// call returns the values under which an index finds an object: none if its function fails, as in the store.
func call(f store.IndexFunc, o resource.Object) (values []string) {
	defer func() {
		if recover() != nil {
			values = nil
		}
	}()
	values, err := f(o)
	if err != nil {
		return nil
	}
	return values
}

// All iterates over all objects.
func (s ViewSnapshot) All() iter.Seq[resource.Object] {
	return s.overlayEach(s.Snapshot.All(), func(resource.Object) bool { return true })
}

// Namespace iterates over the objects of one namespace.
func (s ViewSnapshot) Namespace(namespace string) iter.Seq[resource.Object] {
	return s.overlayEach(s.Snapshot.Namespace(namespace), func(o resource.Object) bool { return o.GetNamespace() == namespace })
}

func (s *ViewSnapshot) overlayEach(objects iter.Seq[resource.Object], belongs func(resource.Object) bool) iter.Seq[resource.Object] {
	if len(s.writes) == 0 {
		return objects
	}
	return func(yield func(resource.Object) bool) {
		for o := range objects {
			if _, written := s.overlaid(resource.KeyOf(o)); !written && !yield(o) {
				return
			}
		}
		for _, o := range s.overlay(nil, belongs) {
			if !yield(o) {
				return
			}
		}
	}
}
