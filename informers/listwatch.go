package informers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"reflect"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
)

// ListWatch makes a source of a user's own functions: for tests, and for systems that are no Kubernetes API. The objects that the
// functions return belong to the informer from then on. Functions must return soon after their context is done.
//
// Errors are understood as those of a server: apierrors.NewResourceExpired makes the informer list again, any other error makes it
// back off.
type ListWatch[T resource.Object] struct {
	// ListFunc returns one page: options have a resourceVersion, a limit and a continue token, which the function may ignore.
	ListFunc func(ctx context.Context, opts metav1.ListOptions) (*resource.List[T], error)
	// WatchFunc starts a watch of the changes after opts.ResourceVersion. Its events carry objects of type T, or a *metav1.Status for an
	// error; bookmarks are welcome and not needed.
	WatchFunc func(ctx context.Context, opts metav1.ListOptions) (watch.Interface, error)
	// GetFunc returns one object in its newest state. It may be nil; then an object that a transform refused is retried only when the
	// object changes.
	GetFunc func(ctx context.Context, key resource.Key) (T, error)
	// Whole says that the functions leave out no object of the resource, in the namespaces they read. NewReadView must know that: else
	// it could show a write of an object that the functions never have.
	Whole bool

	def *resource.Definition
}

// bind makes the source's objects ones of a definition, if the source cannot do that by itself.
func bind(def *resource.Definition, source reflector.ListerWatcher) reflector.ListerWatcher {
	if b, ok := source.(interface {
		bind(*resource.Definition) reflector.ListerWatcher
	}); ok {
		return b.bind(def)
	}
	return source
}

func (lw ListWatch[T]) bind(def *resource.Definition) reflector.ListerWatcher {
	lw.def = def
	if lw.GetFunc != nil {
		return gettingListWatch[T]{lw}
	}
	return lw
}

// gettingListWatch is a ListWatch that can read single objects.
type gettingListWatch[T resource.Object] struct{ ListWatch[T] }

// Get reads one object alone.
func (lw gettingListWatch[T]) Get(ctx context.Context, key resource.Key) (resource.Object, error) {
	o, err := lw.GetFunc(ctx, key)
	if err != nil {
		return nil, err
	}
	if own := lw.own(o); own != nil {
		return own, nil
	}
	return nil, errors.New("the GetFunc returned no object")
}

// StreamsInitialState says that the initial state is listed: functions are not asked to stream it.
func (lw ListWatch[T]) StreamsInitialState() bool { return false }

// Selection says that all objects are in the collection, if it is whole; else nobody knows.
func (lw ListWatch[T]) Selection() (func(resource.Object) bool, error) {
	if !lw.Whole {
		return nil, errors.New("a ListWatch that is not said to be whole may leave out any object")
	}
	return func(resource.Object) bool { return true }, nil
}

// List calls ListFunc.
func (lw ListWatch[T]) List(ctx context.Context, opts metav1.ListOptions, yield func(decode.Item) error) (metav1.ListMeta, error) {
	if lw.ListFunc == nil {
		return metav1.ListMeta{}, errors.New("the ListWatch has no ListFunc")
	}
	list, err := lw.ListFunc(ctx, opts)
	if err != nil {
		return metav1.ListMeta{}, err
	}
	if list == nil {
		return metav1.ListMeta{}, errors.New("the ListFunc returned no list")
	}
	for _, o := range list.Items {
		size, hash := measure(o)
		if err := yield(decode.Item{Object: lw.own(o), Size: size, Hash: hash}); err != nil {
			return metav1.ListMeta{}, err
		}
	}
	return list.ListMeta, nil
}

// Watch calls WatchFunc.
func (lw ListWatch[T]) Watch(ctx context.Context, opts metav1.ListOptions) (reflector.Watcher, error) {
	if lw.WatchFunc == nil {
		return nil, errors.New("the ListWatch has no WatchFunc")
	}
	w, err := lw.WatchFunc(ctx, opts)
	if err != nil {
		return nil, err
	}
	if w == nil {
		return nil, errors.New("the WatchFunc returned no watch")
	}
	return &watcher[T]{lw: lw, watch: w, closed: make(chan struct{})}, nil
}

// own gives an object its apiVersion and kind. What a function has left nil is nil.
func (lw ListWatch[T]) own(o T) resource.Object {
	if reflect.ValueOf(&o).Elem().IsZero() {
		return nil
	}
	if lw.def != nil && o.GetObjectKind().GroupVersionKind().Kind == "" {
		lw.def.SetKind(o)
	}
	return o
}

var seed = maphash.MakeSeed()

// measure stands in for the size and the hash of an object's bytes on the wire.
func measure(o any) (size int, hash uint64) {
	text, err := json.Marshal(o)
	if err != nil {
		return 0, 0
	}
	return len(text), max(1, maphash.Bytes(seed, text))
}

// watcher makes a watcher of a watch.Interface.
type watcher[T resource.Object] struct {
	lw     ListWatch[T]
	watch  watch.Interface
	once   sync.Once
	closed chan struct{}
}

// Next returns the next event.
func (w *watcher[T]) Next() (decode.Event, error) {
	select {
	case event, ok := <-w.watch.ResultChan():
		if !ok {
			return decode.Event{}, io.EOF
		}
		return w.event(event)
	case <-w.closed:
		return decode.Event{}, errors.New("the watch was closed")
	}
}

// Close ends the watch.
func (w *watcher[T]) Close() {
	w.once.Do(func() {
		close(w.closed)
		w.watch.Stop()
	})
}

func (w *watcher[T]) event(event watch.Event) (decode.Event, error) {
	if event.Type == watch.Error {
		err := apierrors.FromObject(event.Object)
		if status, ok := err.(apierrors.APIStatus); ok {
			s := status.Status()
			return decode.Event{Type: watch.Error, Status: &s}, nil
		}
		return decode.Event{}, err
	}
	out := decode.Event{Type: event.Type}
	o, ok := event.Object.(metav1.Object)
	if !ok {
		return out, fmt.Errorf("the watch sent a %T", event.Object)
	}
	out.ResourceVersion = o.GetResourceVersion()
	switch event.Type {
	case watch.Bookmark:
		out.InitialEventsEnd = o.GetAnnotations()[metav1.InitialEventsAnnotationKey] == "true"
		return out, nil
	case watch.Added, watch.Modified, watch.Deleted:
	default:
		return out, fmt.Errorf("the watch sent an event of unknown type %q", event.Type)
	}
	object, ok := event.Object.(T)
	if !ok {
		return out, fmt.Errorf("the watch sent a %T instead of a %v", event.Object, reflect.TypeFor[T]())
	}
	out.Size, out.Hash = measure(object)
	out.Object = w.lw.own(object)
	return out, nil
}
