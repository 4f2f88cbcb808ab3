package api

import (
	"context"

	"github.com/sheaf-dev/sheaf/apitest/internal/history"
	"github.com/sheaf-dev/sheaf/apitest/internal/kinds"
	"github.com/sheaf-dev/sheaf/apitest/internal/wire"
)

// Frame is one event of a watch on its way to the client.
type Frame struct {
	Type       string // ADDED, MODIFIED, DELETED, BOOKMARK, ERROR
	Revision   uint64 // of the object, or of the bookmark, where it may be changed
	InitialEnd bool   // the bookmark that ends the initial events

	render func(f Frame, buffer []byte) []byte
}

// End ends a stream in the way of a fault, after what was to be sent before it has been sent. It may block, or panic with
// http.ErrAbortHandler. It returns whether the stream ends at all, and the error event with which it
// does so, if any.
type End func() (over bool, last error)

// Tamper is what faults do to one answer. Its functions are called by one goroutine at a time.
type Tamper struct {
	// Begin is called when a watch has been accepted and nothing of it has been sent. Nil: it goes on.
	Begin End
	// Frame returns what is sent for an event of a watch. A non-nil End comes after it. Nil: everything is sent.
	Frame func(f Frame) ([]Frame, End)
	// Object returns the bytes that are sent for an object. Nil: its own.
	Object func(k *kinds.Kind, v *history.Version, format wire.Format, data []byte) []byte
}

type tamperKey struct{}

// WithTamper returns a context whose answer is tampered with, after what was in the context already.
func WithTamper(ctx context.Context, t Tamper) context.Context {
	return context.WithValue(ctx, tamperKey{}, append(tampersOf(ctx), t))
}

func tampersOf(ctx context.Context) []Tamper {
	list, _ := ctx.Value(tamperKey{}).([]Tamper)
	return list[:len(list):len(list)]
}

// emit sends an event through the tampers from the i-th on.
func (st *stream) emit(i int, f Frame) {
	if st.broken {
		return
	}
	if i == len(st.tampers) {
		st.buffer = f.render(f, st.buffer)
		return
	}
	if st.tampers[i].Frame == nil {
		st.emit(i+1, f)
		return
	}
	frames, end := st.tampers[i].Frame(f)
	for _, f := range frames {
		st.emit(i+1, f)
	}
	if end != nil && !st.broken {
		st.flush()
		st.end(end)
	}
}

// begin lets the tampers end the stream before its first event.
func (st *stream) begin() {
	for _, t := range st.tampers {
		if t.Begin != nil && !st.broken {
			st.end(t.Begin)
		}
	}
}

// end ends the stream in the way of a fault.
func (st *stream) end(end End) {
	over, last := end()
	if last != nil {
		st.buffer = st.errorFrame(st.buffer, last)
		st.flush()
	}
	st.broken = st.broken || over
}
