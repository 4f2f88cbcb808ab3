package api

import (
	"context"

	"github.com/sheaf-dev/sheaf/apitest/internal/history"
)

// Frame is one event of a watch on its way to the client.
type Frame struct {
	Type       string // ADDED, MODIFIED, DELETED, BOOKMARK, ERROR
	Revision   uint64
	Version    *history.Version // nil for bookmarks and errors
	InitialEnd bool             // the bookmark that ends the initial events

	render func([]byte) []byte
}

// Render appends the event's bytes.
func (f Frame) Render(b []byte) []byte { return f.render(b) }

// End ends a stream in the way of a fault, after what is in the buffer has been sent. It may block, or panic with
// http.ErrAbortHandler. It returns whether the stream is over.
type End func() bool

// Filter sees the events of one watch and may change, hold or drop them. One goroutine uses it.
type Filter struct {
	// Frame appends to the buffer what is sent for an event. A non-nil End ends the stream.
	Frame func(buffer []byte, f Frame) ([]byte, End)
}

type filterKey struct{}

// WithFilter returns a context whose watch goes through the filter.
func WithFilter(ctx context.Context, f *Filter) context.Context {
	return context.WithValue(ctx, filterKey{}, f)
}

// FilterFrom returns the context's filter, nil if there is none.
func FilterFrom(ctx context.Context) *Filter {
	f, _ := ctx.Value(filterKey{}).(*Filter)
	return f
}
