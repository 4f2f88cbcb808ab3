package rest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
)

// ErrWatchClosed is what Watch.Next returns after Close.
var ErrWatchClosed = errors.New("the watch was closed")

// Watch is a stream of changes. It owns a connection, or a stream on one, until Close; it has no goroutine: who wants the next event
// calls Next.
type Watch struct {
	what   string
	body   io.ReadCloser
	events *decode.EventReader

	cancel context.CancelCauseFunc
	ctx    context.Context
	once   sync.Once
}

// Watch starts a watch. The context ends it, as Close does. An answer that is no stream of events is an error here: an
// *errors.StatusError, if the server said no.
//
// The time-out of the configuration bounds the wait for the stream to begin, never the stream.
func (r *ResourceClient) Watch(ctx context.Context, opts metav1.ListOptions) (*Watch, error) {
	opts.Watch = true
	req := r.request(http.MethodGet, "watch", r.namespace).VersionedParams(&opts).SetHeader("Accept", r.acceptWatch)
	return req.watch(ctx, r.decoder)
}

// Watch sends the request, whose path leads to the resource's collection, as a watch. See ResourceClient.Watch.
func (r *Request) Watch(ctx context.Context, def *resource.Definition) (*Watch, error) {
	decoder := decode.For(def)
	if r.params.Get("watch") == "" {
		r.Param("watch", "true")
	}
	if r.header.Get("Accept") == "" {
		r.SetHeader("Accept", decoder.AcceptWatch())
	}
	return r.watch(ctx, decoder)
}

func (r *Request) watch(ctx context.Context, decoder *decode.Decoder) (*Watch, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	resp, err := r.send(ctx, headerOnly)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	contentType := resp.Header.Get("Content-Type")
	if !isAPI(contentType) {
		defer cancel(nil)
		defer resp.Body.Close()
		return nil, r.foreignStream(resp)
	}
	return &Watch{
		what:   r.method + " " + r.shown(),
		body:   resp.Body,
		events: decoder.Events(contentType, resp.Body),
		ctx:    ctx,
		cancel: cancel,
	}, nil
}

// Next returns the next event, waiting for it as long as it takes. io.EOF means that the server ended the watch in good order; ErrWatchClosed
// that Close was called; the cause of the context's end that it ended; anything else that the stream was cut. After an error, there are only errors.
// An event of type Error carries the server's Status and is not an error here. Next must not be called concurrently with itself.
func (w *Watch) Next() (Event, error) {
	var err error
	if w.ctx.Err() == nil {
		var event Event
		if event, err = w.events.Next(); err == nil {
			return event, nil
		}
	}
	if why := context.Cause(w.ctx); why != nil {
		w.Close()
		return Event{}, why
	}
	w.Close()
	if err == io.EOF {
		return Event{}, io.EOF
	}
	return Event{}, fmt.Errorf("%s: reading the watch: %w", w.what, err)
}

// Close ends the watch and makes a running Next return. It may be called from any goroutine and any number of times.
func (w *Watch) Close() {
	w.once.Do(func() {
		w.cancel(ErrWatchClosed)
		w.body.Close()
	})
}
