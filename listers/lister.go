package listers

import (
	"fmt"
	"iter"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/sheaf-dev/sheaf/cache"
	"github.com/sheaf-dev/sheaf/cache/store"
	"github.com/sheaf-dev/sheaf/resource"
)

// Source is where a lister reads: a store.Reader or cache.View, which always answer from the newest state, or a store.Snapshot or
// cache.ViewSnapshot, which never change.
type Source interface {
	Get(key resource.Key) (resource.Object, bool)
	List(selector labels.Selector, namespace string) []resource.Object
	ByIndex(index, value string) ([]resource.Object, error)
	All() iter.Seq[resource.Object]
	Namespace(namespace string) iter.Seq[resource.Object]
	Stale(key resource.Key) error
}

var (
	_ Source = (*store.Reader)(nil)
	_ Source = store.Snapshot{}
	_ Source = (*cache.View)(nil)
	_ Source = cache.ViewSnapshot{}
)

// Lister reads the objects of one resource from a cache. It is a small value; its methods may be called from any goroutine and
// never wait. Lists come in no particular order, and belong to the caller; the objects in them do not.
type Lister[T resource.Object] struct {
	def    *resource.Definition
	source Source
}

// New returns a lister of a resource's cache. All objects of the source must be of type T.
func New[T resource.Object](def *resource.Definition, source Source) Lister[T] {
	return Lister[T]{def: def, source: source}
}

// Snapshot returns a lister of the state at this moment: all its answers agree, however long it is kept.
func (l Lister[T]) Snapshot() Lister[T] {
	switch source := l.source.(type) {
	case *store.Reader:
		l.source = source.Snapshot()
	case *cache.View:
		l.source = source.Snapshot()
	}
	return l
}

// Get returns the object of a key. An object that is not there is an error that apierrors.IsNotFound accepts. An object whose newest
// state could not be processed is a *StaleError, returned together with its last good state if there is one.
func (l Lister[T]) Get(key resource.Key) (T, error) {
	var none T
	o, ok, err := l.find(key)
	if err != nil {
		stale := &StaleError{Resource: l.def.String(), Key: key, Err: err}
		if !ok {
			return none, stale
		}
		return o.(T), stale
	}
	if !ok {
		return none, apierrors.NewNotFound(l.def.GroupVersionResource().GroupResource(), key.String())
	}
	return o.(T), nil
}

// find answers from one snapshot: what is there, and why that is not current.
func (l Lister[T]) find(key resource.Key) (resource.Object, bool, error) {
	switch source := l.source.(type) {
	case *store.Reader:
		return find(source.Snapshot(), key)
	case *cache.View:
		return find(source.Snapshot(), key)
	}
	return find(l.source, key)
}

// find is generic so that a snapshot need not become an interface, which would cost an allocation.
func find[S interface {
	Get(resource.Key) (resource.Object, bool)
	Stale(resource.Key) error
}](source S, key resource.Key) (resource.Object, bool, error) {
	o, ok := source.Get(key)
	return o, ok, source.Stale(key)
}

// ByName returns the cluster-scoped object of a name; see Get.
func (l Lister[T]) ByName(name string) (T, error) { return l.Get(resource.Key{Name: name}) }

// List returns the objects that a selector matches; nil matches all.
func (l Lister[T]) List(selector labels.Selector) []T { return l.list(selector, "") }

func (l Lister[T]) list(selector labels.Selector, namespace string) []T {
	if s, ok := l.stored(); ok {
		return store.List[T](s, selector, namespace)
	}
	return typed[T](l.source.List(selector, namespace))
}

// stored returns the newest snapshot of a source that is a store, which collects into slices of T.
func (l Lister[T]) stored() (s store.Snapshot, ok bool) {
	switch source := l.source.(type) {
	case *store.Reader:
		return source.Snapshot(), true
	case store.Snapshot:
		return source, true
	}
	return s, false
}

// All iterates over all objects.
func (l Lister[T]) All() iter.Seq[T] { return each[T](l.source.All()) }

// ByIndex returns the objects that the named index finds under a value. It fails only if there is no such index (store.ErrNoIndex).
func (l Lister[T]) ByIndex(index, value string) ([]T, error) {
	found, err := l.byIndex(index, value)
	if err != nil {
		return nil, fmt.Errorf("cache of %s: %w", l.def, err)
	}
	return found, nil
}

func (l Lister[T]) byIndex(index, value string) ([]T, error) {
	if s, ok := l.stored(); ok {
		return store.ByIndex[T](s, index, value)
	}
	objects, err := l.source.ByIndex(index, value)
	return typed[T](objects), err
}

// Namespace returns a lister of one namespace.
func (l Lister[T]) Namespace(namespace string) NamespaceLister[T] {
	return NamespaceLister[T]{lister: l, namespace: namespace}
}

// NamespaceLister reads the objects of one namespace. It is as Lister is.
type NamespaceLister[T resource.Object] struct {
	lister    Lister[T]
	namespace string
}

// Get returns the object of a name; see Lister.Get.
func (n NamespaceLister[T]) Get(name string) (T, error) {
	return n.lister.Get(resource.Key{Namespace: n.namespace, Name: name})
}

// List returns the namespace's objects that a selector matches; nil matches all.
func (n NamespaceLister[T]) List(selector labels.Selector) []T {
	if n.namespace == "" { // where the store means all namespaces, a namespace lister means the cluster scope
		var found []T
		for o := range n.All() {
			if selector == nil || selector.Matches(labels.Set(o.GetLabels())) {
				found = append(found, o)
			}
		}
		return found
	}
	return n.lister.list(selector, n.namespace)
}

// All iterates over the namespace's objects.
func (n NamespaceLister[T]) All() iter.Seq[T] { return each[T](n.lister.source.Namespace(n.namespace)) }

// StaleError says that an object's newest state could not be processed: it could not be decoded, or a transform refused it.
type StaleError struct {
	Resource string
	Key      resource.Key
	Err      error
}

// Error names the resource and the object.
func (e *StaleError) Error() string {
	return fmt.Sprintf("%s %q is not current: %v", e.Resource, e.Key, e.Err)
}

// Unwrap returns the cause.
func (e *StaleError) Unwrap() error { return e.Err }

func typed[T resource.Object](objects []resource.Object) []T {
	if same, ok := any(objects).([]T); ok {
		return same
	}
	if objects == nil {
		return nil
	}
	out := make([]T, len(objects))
	for i, o := range objects {
		out[i] = o.(T)
	}
	return out
}

func each[T resource.Object](objects iter.Seq[resource.Object]) iter.Seq[T] {
	return func(yield func(T) bool) {
		for o := range objects {
			if !yield(o.(T)) {
				return
			}
		}
	}
}
