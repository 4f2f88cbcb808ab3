package apitest

import (
	"bytes"
	"net/http"
	"time"

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
		if action.pace > 0 {
			w = &slowWriter{ResponseWriter: w, done: r.Context().Done(), piece: int(action.after), pause: action.pace}
		}
		if t := f.tamper(w, r); t.Frame != nil || t.Object != nil || t.Begin != nil {
			r = r.WithContext(api.WithTamper(r.Context(), t))
		}
	}
	serve(w, r)
}

// tamper is what the fault does to the objects and events of an answer.
func (f *Injected) tamper(w http.ResponseWriter, r *http.Request) api.Tamper {
	action := f.fault.Do
	t := api.Tamper{Object: action.object}
	if action.frames != nil {
		t.Frame = action.frames(r.Context().Done())
	}
	if action.end != endNone && action.events {
		limit := &eventLimit{fault: f, w: w, r: r}
		t.Frame = limit.take
		if action.after == 0 {
			t.Frame, t.Begin = nil, limit.end
		}
	}
	return t
}

// slowWriter sends a body in pieces, with pauses.
type slowWriter struct {
	http.ResponseWriter
	done  <-chan struct{} // the client has left
	piece int
	pause time.Duration
	sent  int // of the piece
}

// Unwrap lets http.ResponseController flush.
func (s *slowWriter) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// Write sends b, and pauses after each full piece.
func (s *slowWriter) Write(b []byte) (n int, err error) {
	for len(b) > 0 {
		part := b[:min(len(b), s.piece-s.sent)]
		sent, err := s.ResponseWriter.Write(part)
		n += sent
		if err != nil {
			return n, err
		}
		b = b[len(part):]
		if s.sent += len(part); s.sent == s.piece {
			s.sent = 0
			_ = http.NewResponseController(s.ResponseWriter).Flush()
			pause(s.done, s.pause)
		}
	}
	return n, nil
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
}

// take is the limit's tampering with one event.
func (l *eventLimit) take(f api.Frame) ([]api.Frame, api.End) {
	limit := l.fault.fault.Do.after
	if l.sent++; l.sent == limit {
		return []api.Frame{f}, l.end
	}
	return []api.Frame{f}, nil
}

// end ends the watch in the fault's way; a stall may be over one day, and the watch goes on.
func (l *eventLimit) end() (over bool, last error) {
	do := l.fault.fault.Do
	switch do.end {
	case endCut, endHalfClose:
		settle(l.w, l.r)
	case endGarble:
		_, _ = l.w.Write(garbage)
		_ = http.NewResponseController(l.w).Flush()
	}
	l.fault.finish(l.r)
	return do.end == endClose || do.end == endGarble, do.err
}

// garbage is neither an event in JSON nor the beginning of one in protobuf, which would be longer than anything.
var garbage = bytes.Repeat([]byte{0xff}, 64)
