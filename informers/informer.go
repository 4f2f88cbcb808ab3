package informers

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/sheaf-dev/sheaf/cache"
	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/cache/store"
	"github.com/sheaf-dev/sheaf/listers"
	"github.com/sheaf-dev/sheaf/resource"
)

// Informer is the typed face of a shared informer: a small value, of which there may be many. T is the type of the
// resource's objects, or an interface that they satisfy. Methods may be called from any goroutine.
type Informer[T resource.Object] struct {
	shared *cache.SharedIndexInformer
}

// New returns an informer of its own, which belongs to no factory: call Run. The source is a user's own, such as a ListWatch, or a
// Client.
func New[T resource.Object](r resource.Resource[T], source reflector.ListerWatcher, opts cache.Options) Informer[T] {
	def := r.Definition()
	return Informer[T]{shared: cache.New(def, bind(def, source), opts)}
}

// Over returns a typed face of an untyped informer. It fails if the informer's objects are not of type T.
func Over[T resource.Object](shared *cache.SharedIndexInformer) (Informer[T], error) {
	want, have := reflect.TypeFor[T](), reflect.PointerTo(shared.Definition().GoType())
	if want != have && !(want.Kind() == reflect.Interface && have.Implements(want)) {
		return Informer[T]{}, fmt.Errorf("informer of %s: its objects are %v, not %v", shared.Definition(), have, want)
	}
	return Informer[T]{shared: shared}, nil
}

// Shared returns the untyped informer.
func (i Informer[T]) Shared() *cache.SharedIndexInformer { return i.shared }

// Definition returns the resource.
func (i Informer[T]) Definition() *resource.Definition { return i.shared.Definition() }

// AddEventHandler adds a handler, before or while the informer runs, with at most one HandlerOptions. It first hears of the objects that
// are there, as initial adds. The error is cache.ErrStopped, or says what is wrong with the arguments.
func (i Informer[T]) AddEventHandler(handler ResourceEventHandler[T], opts ...cache.HandlerOptions) (*cache.Registration, error) {
	if handler == nil {
		return nil, errors.New("the handler is nil")
	}
	if once, ok := handler.(interface{ use() bool }); ok && !once.use() {
		return nil, fmt.Errorf("a %T is for one registration", handler)
	}
	var o cache.HandlerOptions
	switch len(opts) {
	case 0:
	case 1:
		o = opts[0]
	default:
		return nil, errors.New("more than one HandlerOptions")
	}
	if o.Name == "" {
		o.Name = fmt.Sprintf("%T", handler)
	}
	return i.shared.AddEventHandler(untyped[T]{handler}, o)
}

// Lister reads the informer's cache.
func (i Informer[T]) Lister() listers.Lister[T] {
	return listers.New[T](i.shared.Definition(), i.shared.Reader())
}

// AddIndexers adds named index functions, before or while the informer runs. It fails, and adds nothing, if a name is taken
// (store.ErrIndexExists) or a function is nil. A function must depend on nothing but the object, and not change it. An object for which it
// fails or panics is missing from that index alone; the informer's status and metrics say so.
func (i Informer[T]) AddIndexers(indexers map[string]func(T) ([]string, error)) error {
	untyped := make(map[string]store.IndexFunc, len(indexers))
	for name, f := range indexers {
		if f == nil {
			return fmt.Errorf("index %q: the function is nil", name)
		}
		untyped[name] = func(o resource.Object) ([]string, error) { return f(o.(T)) }
	}
	return i.shared.AddIndexers(untyped)
}

// ByIndex returns the objects that the named index finds under a value. It fails only if there is no such index (store.ErrNoIndex).
func (i Informer[T]) ByIndex(index, value string) ([]T, error) {
	return i.Lister().ByIndex(index, value)
}

// HasSynced says whether the cache has had a full state of the collection.
func (i Informer[T]) HasSynced() bool { return i.shared.HasSynced() }

// Synced is closed when HasSynced becomes true.
func (i Informer[T]) Synced() <-chan struct{} { return i.shared.Synced() }

// Status says what the informer is doing.
func (i Informer[T]) Status() cache.Status { return i.shared.Status() }

// WaitFor waits until the cache has reached a resourceVersion, such as that of an object just written, and returns a lister of a state that
// has. The error is the context's.
func (i Informer[T]) WaitFor(ctx context.Context, resourceVersion string) (listers.Lister[T], error) {
	snapshot, err := i.shared.WaitFor(ctx, resourceVersion)
	if err != nil {
		return listers.Lister[T]{}, err
	}
	return listers.New[T](i.shared.Definition(), snapshot), nil
}

// Run keeps the cache up to date until the context is done, and leaves nothing behind. It is for informers without a factory, and
// for one call.
func (i Informer[T]) Run(ctx context.Context) error { return i.shared.Run(ctx) }
