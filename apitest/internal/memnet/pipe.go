package memnet

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// pipe is one direction of a connection.
type pipe struct {
	mu       sync.Mutex // owns all below
	readable sync.Cond
	data     []byte // written and not yet read, from start on
	start    int
	writeErr error // set: no further writes, with this error
	readErr  error // set: what Read returns once data is used up
	expired  bool  // the read deadline has passed
	deadline *time.Timer
	round    int // counts the deadlines set
}

func newPipe() *pipe {
	p := &pipe{}
	p.readable.L = &p.mu
	return p
}

func (p *pipe) write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.writeErr != nil {
		return 0, p.writeErr
	}
	p.data = append(p.data, b...)
	p.readable.Broadcast()
	return len(b), nil
}

func (p *pipe) read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		switch {
		case p.expired:
			return 0, os.ErrDeadlineExceeded
		case len(b) == 0:
			return 0, nil
		case p.start < len(p.data):
			n := copy(b, p.data[p.start:])
			p.start += n
			p.release()
			return n, nil
		case p.readErr != nil:
			return 0, p.readErr
		}
		p.readable.Wait()
	}
}

// release drops what has been read: all at once when nothing is left, else by moving the rest when that is the smaller part.
func (p *pipe) release() {
	const keep = 64 << 10
	switch {
	case p.start == len(p.data) && cap(p.data) > keep:
		p.data, p.start = nil, 0
	case p.start == len(p.data):
		p.data, p.start = p.data[:0], 0
	case p.start > keep && p.start > len(p.data)/2:
		p.data, p.start = p.data[:copy(p.data, p.data[p.start:])], 0
	}
}

// finish ends the direction in order: what was written can still be read, then io.EOF.
func (p *pipe) finish(writeErr error) { p.end(writeErr, io.EOF, false) }

// abandon is the reader's close: nobody will read what is left.
func (p *pipe) abandon() { p.end(syscall.EPIPE, net.ErrClosed, true) }

// reset ends the direction like a TCP reset: what was not read is lost.
func (p *pipe) reset() { p.end(syscall.ECONNRESET, syscall.ECONNRESET, true) }

func (p *pipe) end(writeErr, readErr error, discard bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.writeErr == nil {
		p.writeErr = writeErr
	}
	if p.readErr == nil || readErr == net.ErrClosed {
		p.readErr = readErr
	}
	if discard {
		p.data, p.start = nil, 0
		if p.deadline != nil {
			p.deadline.Stop()
		}
	}
	p.readable.Broadcast()
}

func (p *pipe) setReadDeadline(t time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.deadline != nil {
		p.deadline.Stop()
		p.deadline = nil
	}
	p.expired = false
	p.round++
	if t.IsZero() {
		return
	}
	if wait := time.Until(t); wait > 0 {
		round := p.round
		p.deadline = time.AfterFunc(wait, func() { p.expire(round) })
		return
	}
	p.expired = true
	p.readable.Broadcast()
}

// expire is called by the timer of a round; a later deadline may have been set in the meantime.
func (p *pipe) expire(round int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.round == round {
		p.expired = true
		p.readable.Broadcast()
	}
}
