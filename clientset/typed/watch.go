package typed

import (
	"context"
	"io"
	"iter"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/rest"
)

// Event is one change.
type Event[T resource.Object] struct {
	// Type is Added, Modified or Deleted (of Object), Bookmark, or Error.
	Type watch.EventType
	// Object is the object after the change, or its last state if it was deleted. Nil for Bookmark and Error, and if Err is set.
	Object T
	// ResourceVersion is where a watch after this event starts. Empty for Error.
	ResourceVersion string
	// InitialEventsEnd marks the bookmark after the last initial event of a watch with sendInitialEvents.
	InitialEventsEnd bool
	// Err is the server's error, an *errors.StatusError of k8s.io/apimachinery, if Type is Error. For another type it says that the
	// object could not be decoded, and which one it was; the stream goes on.
	Err error
}

// Watch is a stream of changes. It has no goroutine: who wants the next event asks for it. It must be closed.
type Watch[T resource.Object] struct{ rest *rest.Watch }

// Watch starts a watch of the objects that the options select: from opts.ResourceVersion, or from now with the present objects first, if
// that is "". The context ends it, as Close does.
func (c Client[T]) Watch(ctx context.Context, opts metav1.ListOptions) (*Watch[T], error) {
	if err := c.can("watch", resource.VerbWatch); err != nil {
		return nil, err
	}
	w, err := c.rest.Watch(ctx, opts)
	if err != nil {
		return nil, err
	}
	return &Watch[T]{rest: w}, nil
}

// Next returns the next event, waiting for it as long as it takes. io.EOF means that the server ended the watch in good order, any other error
// that it was closed, cut or its context ended. Next must not be called concurrently with itself.
func (w *Watch[T]) Next() (Event[T], error) {
	e, err := w.rest.Next()
	if err != nil {
		return Event[T]{}, err
	}
	out := Event[T]{Type: e.Type, ResourceVersion: e.ResourceVersion, InitialEventsEnd: e.InitialEventsEnd}
	switch {
	case e.Status != nil:
		out.Err = &apierrors.StatusError{ErrStatus: *e.Status}
	case e.Err != nil:
		out.Err = e.Err
	case e.Object != nil:
		out.Object = e.Object.(T)
	}
	return out, nil
}

// Close ends the watch and makes a running Next return. It may be called from any goroutine and any number of times.
func (w *Watch[T]) Close() { w.rest.Close() }

// Events returns the rest of the stream, and closes the watch when the loop over it ends. A clean end ends the loop; any other is its last
// element, as an error.
func (w *Watch[T]) Events() iter.Seq2[Event[T], error] {
	return func(yield func(Event[T], error) bool) {
		defer w.Close()
		for {
			e, err := w.Next()
			if err == io.EOF {
				return
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}
