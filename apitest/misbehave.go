package apitest

import (
	"net/http"

	"github.com/sheaf-dev/sheaf/apitest/internal/api"
)

// withFaults serves a request, with the faults that hit it.
func (s *Server) withFaults(w http.ResponseWriter, r *http.Request, entry *Request, serve func(http.ResponseWriter, *http.Request)) {
	for _, f := range s.faults.take(entry) {
		action := f.fault.Do
		if action.delay > 0 {
			pause(r.Context().Done(), action.delay)
		}
		if action.err != nil {
			s.api.SendError(w, r, action.err)
			return
		}
		if action.end != endNone && action.afterBytes >= 0 {
			w = &limitedWriter{ResponseWriter: w, r: r, fault: f, left: action.afterBytes}
			if action.afterBytes == 0 {
				f.finish(r) // before anything, even the status line, is sent
			}
		}
		if action.end != endNone && action.afterBytes < 0 || action.frame != nil {
			state := &watchState{fault: f, inner: api.FilterFrom(r.Context())}
			r = r.WithContext(api.WithFilter(r.Context(), &api.Filter{Frame: func(b []byte, frame api.Frame) ([]byte, api.End) {
				return state.take(r, b, frame)
			}}))
		}
	}
	serve(w, r)
}

// finish ends an answer in the fault's way, or returns when a stall is over.
func (f *Injected) finish(r *http.Request) {
	switch f.fault.Do.end {
	case endStall:
		select {
		case <-f.removed:
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	case endCut:
		if c := connOf(r.Context()); c != nil {
			_ = c.Close()
		}
		panic(http.ErrAbortHandler)
	}
}

// limitedWriter lets so many bytes of a body pass.
type limitedWriter struct {
	http.ResponseWriter
	r     *http.Request
	fault *Injected
	left  int64
	over  bool // the stall is over
}

// Unwrap lets http.ResponseController flush.
func (l *limitedWriter) Unwrap() http.ResponseWriter { return l.ResponseWriter }

// Write passes on what is allowed, and then ends the answer.
func (l *limitedWriter) Write(b []byte) (int, error) {
	if l.over || int64(len(b)) < l.left {
		l.left -= int64(len(b))
		return l.ResponseWriter.Write(b)
	}
	n, err := l.ResponseWriter.Write(b[:l.left])
	if err != nil {
		return n, err
	}
	_ = http.NewResponseController(l.ResponseWriter).Flush()
	l.fault.finish(l.r)
	l.over = true
	more, err := l.ResponseWriter.Write(b[n:])
	return n + more, err
}

// watchState is what a fault knows of one watch that it hits.
type watchState struct {
	fault *Injected
	inner *api.Filter // of a fault before
	sent  int
	over  bool
}

// take is the fault's filter of one event.
func (st *watchState) take(r *http.Request, buffer []byte, f api.Frame) ([]byte, api.End) {
	action := st.fault.fault.Do
	limited := action.end != endNone && action.afterBytes < 0
	if limited && !st.over && action.after == 0 && st.ending(r)() {
		return buffer, func() bool { return true }
	}
	var end api.End
	switch {
	case action.frame != nil:
		buffer = action.frame(st, buffer, f)
	case st.inner != nil:
		buffer, end = st.inner.Frame(buffer, f)
	default:
		buffer = f.Render(buffer)
	}
	st.sent++
	if limited && !st.over && st.sent >= action.after && end == nil {
		end = st.ending(r)
	}
	return buffer, end
}

// ending ends the watch in the fault's way; it returns false when a stall is over and the watch goes on.
func (st *watchState) ending(r *http.Request) api.End {
	st.over = true
	return func() bool {
		st.fault.finish(r)
		return st.fault.fault.Do.end == endClose
	}
}
