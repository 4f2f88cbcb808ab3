package informers

import (
	"sync/atomic"

	"github.com/sheaf-dev/sheaf/cache"
	"github.com/sheaf-dev/sheaf/resource"
)

// ResourceEventHandler is told what changes, with types; see cache.EventHandler for what is promised.
type ResourceEventHandler[T resource.Object] interface {
	// OnAdd: the object is there. initial says that it was there already when the handler was added, or when the informer started.
	OnAdd(o T, initial bool)
	// OnUpdate: the object changed. resync says that it did not, and that the call comes from the handler's resync timer.
	OnUpdate(old, new T, resync bool)
	// OnDelete: the object is gone. last is its last state or, if finalStateUnknown, one that may be out of date.
	OnDelete(last T, finalStateUnknown bool)
}

// ResourceEventHandlerFuncs is a ResourceEventHandler made of functions. Those that are nil are not called.
type ResourceEventHandlerFuncs[T resource.Object] struct {
	AddFunc    func(o T, initial bool)
	UpdateFunc func(old, new T, resync bool)
	DeleteFunc func(last T, finalStateUnknown bool)
}

// OnAdd calls AddFunc.
func (f ResourceEventHandlerFuncs[T]) OnAdd(o T, initial bool) {
	if f.AddFunc != nil {
		f.AddFunc(o, initial)
	}
}

// OnUpdate calls UpdateFunc.
func (f ResourceEventHandlerFuncs[T]) OnUpdate(old, new T, resync bool) {
	if f.UpdateFunc != nil {
		f.UpdateFunc(old, new, resync)
	}
}

// OnDelete calls DeleteFunc.
func (f ResourceEventHandlerFuncs[T]) OnDelete(last T, finalStateUnknown bool) {
	if f.DeleteFunc != nil {
		f.DeleteFunc(last, finalStateUnknown)
	}
}

// FilteringResourceEventHandler passes on what concerns the objects for which FilterFunc returns true. An object that begins or
// ceases to pass is added or deleted as far as Handler can see. It remembers which objects have passed, so that Handler hears a legal
// sequence even if FilterFunc changes its mind; hence a value is for one registration.
type FilteringResourceEventHandler[T resource.Object] struct {
	FilterFunc func(o T) bool
	Handler    ResourceEventHandler[T]

	used   atomic.Bool
	passed map[resource.Key]struct{}
}

// OnAdd passes on an object that passes.
func (f *FilteringResourceEventHandler[T]) OnAdd(o T, initial bool) {
	if f.FilterFunc(o) {
		f.remember(o)
		f.Handler.OnAdd(o, initial)
	}
}

// OnUpdate passes on an update, an add or a delete.
func (f *FilteringResourceEventHandler[T]) OnUpdate(old, new T, resync bool) {
	_, was := f.passed[resource.KeyOf(new)]
	is := f.FilterFunc(new)
	switch {
	case was && is:
		f.Handler.OnUpdate(old, new, resync)
	case is:
		f.remember(new)
		f.Handler.OnAdd(new, false)
	case was:
		delete(f.passed, resource.KeyOf(new))
		f.Handler.OnDelete(old, false)
	}
}

// OnDelete passes on the end of an object that had passed.
func (f *FilteringResourceEventHandler[T]) OnDelete(last T, finalStateUnknown bool) {
	key := resource.KeyOf(last)
	if _, was := f.passed[key]; was {
		delete(f.passed, key)
		f.Handler.OnDelete(last, finalStateUnknown)
	}
}

func (f *FilteringResourceEventHandler[T]) remember(o T) {
	if f.passed == nil {
		f.passed = map[resource.Key]struct{}{}
	}
	f.passed[resource.KeyOf(o)] = struct{}{}
}

// use claims the value for one registration.
func (f *FilteringResourceEventHandler[T]) use() bool { return !f.used.Swap(true) }

// untyped makes an untyped handler of a typed one. That the objects are of type T was checked when the informer was made.
type untyped[T resource.Object] struct{ handler ResourceEventHandler[T] }

var _ cache.EventHandler = untyped[resource.Object]{}

func (u untyped[T]) OnAdd(o resource.Object, initial bool) { u.handler.OnAdd(o.(T), initial) }

func (u untyped[T]) OnUpdate(old, new resource.Object, resync bool) {
	u.handler.OnUpdate(old.(T), new.(T), resync)
}

func (u untyped[T]) OnDelete(last resource.Object, finalStateUnknown bool) {
	u.handler.OnDelete(last.(T), finalStateUnknown)
}
