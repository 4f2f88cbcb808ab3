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
		if action.err != nil && action.end == endNone {
			s.api.SendError(w, r, action.err)
			return
		}
		if action.end != endNone && !action.events {
			w = &limitedWriter{ResponseWriter: w, r: r, fault: f, left: action.after}
			if action.after == 0 {
				f.finish(r) // before anything, even the status line, is sent
			}
		}
		t := api.Tamper{Object: action.object}
		if action.end != endNone && action.events {
			t.Frame = (&eventLimit{fault: f, w: w, r: r}).take
		}
		if action.frames != nil {
			t.Frame = action.frames(r.Context().Done())
		}
		if t.Frame != nil || t.Object != nil {
			r = r.WithContext(api.WithTamper(r.Context(), t))
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
	case endHalfClose:
		if c := connOf(r.Context()); c != nil {
			c.halfClose()
			<-r.Context().Done() // the client has seen the end and leaves
		}
		panic(http.ErrAbortHandler)
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
	n, err := l.writeLast(b[:l.left])
	if err != nil {
		return n, err
	}
	l.fault.finish(l.r)
	l.over = true
	more, err := l.ResponseWriter.Write(b[n:])
	return n + more, err
}

// writeLast sends the last bytes that are allowed. Over HTTP/2 the very last of them is what makes sure that the others leave.
func (l *limitedWriter) writeLast(b []byte) (int, error) {
	n := 0
	if l.r.ProtoMajor == 2 && len(b) > 0 {
		var err error
		if n, err = l.ResponseWriter.Write(b[:len(b)-1]); err != nil {
			return n, err
		}
		_ = http.NewResponseController(l.ResponseWriter).Flush()
	}
	more, err := l.ResponseWriter.Write(b[n:])
	if err == nil {
		_ = http.NewResponseController(l.ResponseWriter).Flush()
	}
	return n + more, err
}

// settle returns when what a watch has flushed is on the connection. Over HTTP/2 a flush is answered while the bytes are still in a
// buffer of the connection, whose owner looks at the next frame only when they are gone. So one more byte follows, which starts an event
// and means nothing, be it JSON or protobuf.
func settle(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor != 2 {
		return
	}
	if _, err := w.Write([]byte{'\n'}); err == nil {
		_ = http.NewResponseController(w).Flush()
	}
}

// eventLimit lets so many events of a watch pass.
type eventLimit struct {
	fault *Injected
	w     http.ResponseWriter
	r     *http.Request
	sent  int64
	over  bool
}

// take is the limit's tampering with one event.
func (l *eventLimit) take(f api.Frame) ([]api.Frame, api.End) {
	limit := l.fault.fault.Do.after
	if l.over {
		return []api.Frame{f}, nil
	}
	if limit == 0 {
		if over, last := l.end(); over {
			return nil, func() (bool, error) { return true, last }
		}
		return []api.Frame{f}, nil
	}
	if l.sent++; l.sent == limit {
		return []api.Frame{f}, l.end
	}
	return []api.Frame{f}, nil
}

// end ends the watch in the fault's way; a stall may be over one day, and the watch goes on.
func (l *eventLimit) end() (over bool, last error) {
	l.over = true
	if end := l.fault.fault.Do.end; end == endCut || end == endHalfClose {
		settle(l.w, l.r)
	}
	l.fault.finish(l.r)
	return l.fault.fault.Do.end == endClose, l.fault.fault.Do.err
}
