package decode

import "io"

// input is a window on a stream. It grows with the bytes that really came, never with what a length prefix promises, and is
// bounded by limit. Slices of the window are valid until the next call.
type input struct {
	r      io.Reader
	buf    []byte
	pos    int // buf[pos:end] is unread
	end    int
	done   int64   // bytes consumed before buf[0]
	limit  int     // of one window
	failed error   // of r, sticky
	scan   scanner // of the last JSON value
}

const (
	initialWindow = 16 << 10
	keptWindow    = 1 << 20 // a larger window is given back after use
)

func newInput(r io.Reader, limit int) *input { return &input{r: r, limit: limit} }

// offset returns how many bytes have been consumed.
func (in *input) offset() int64 { return in.done + int64(in.pos) }

// window returns what is there without reading.
func (in *input) window() []byte { return in.buf[in.pos:in.end] }

// advance consumes n bytes of the window.
func (in *input) advance(n int) { in.pos += n }

// more says whether at least one byte is there; false without an error is a clean end.
func (in *input) more() (bool, error) {
	if in.pos < in.end {
		return true, nil
	}
	switch err := in.fill(); err {
	case nil:
		return true, nil
	case io.EOF:
		return false, nil
	default:
		return false, err
	}
}

// need makes at least n bytes available. A stream that ends before is cut: io.ErrUnexpectedEOF.
func (in *input) need(n int) error {
	if n > in.limit {
		return &TooLargeError{Limit: in.limit}
	}
	for in.end-in.pos < n {
		if err := in.fill(); err == io.EOF {
			return io.ErrUnexpectedEOF
		} else if err != nil {
			return err
		}
	}
	return nil
}

// fill reads at least one more byte into the window.
func (in *input) fill() error {
	if in.failed != nil {
		return in.failed
	}
	in.makeRoom()
	if in.end == len(in.buf) {
		return &TooLargeError{Limit: in.limit}
	}
	for range 100 {
		n, err := in.r.Read(in.buf[in.end:])
		in.end += n
		in.failed = err
		if n > 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
	in.failed = io.ErrNoProgress
	return in.failed
}

// makeRoom moves the unread bytes to the front, or doubles the buffer when they fill it.
func (in *input) makeRoom() {
	if in.pos == in.end {
		in.done += int64(in.pos)
		in.pos, in.end = 0, 0
		if len(in.buf) > keptWindow {
			in.buf = nil
		}
	}
	switch unread := in.end - in.pos; {
	case in.buf == nil:
		in.buf = make([]byte, initialWindow)
	case in.end < len(in.buf):
	case in.pos > 0 && unread <= len(in.buf)/2:
		in.done += int64(in.pos)
		copy(in.buf, in.buf[in.pos:in.end])
		in.pos, in.end = 0, unread
	case len(in.buf) < in.limit+initialWindow:
		grown := make([]byte, min(2*len(in.buf), in.limit+initialWindow))
		in.done += int64(in.pos)
		copy(grown, in.buf[in.pos:in.end])
		in.buf, in.pos, in.end = grown, 0, unread
	case in.pos > 0:
		in.done += int64(in.pos)
		copy(in.buf, in.buf[in.pos:in.end])
		in.pos, in.end = 0, unread
	}
}

// discard consumes n bytes without holding them.
func (in *input) discard(n int64) error {
	for n > 0 {
		if ok, err := in.more(); err != nil {
			return err
		} else if !ok {
			return io.ErrUnexpectedEOF
		}
		step := min(n, int64(in.end-in.pos))
		in.advance(int(step))
		n -= step
	}
	return nil
}
