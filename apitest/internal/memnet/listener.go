package memnet

import (
	"context"
	"net"
	"strconv"
	"sync"
	"syscall"
)

// Listener accepts connections from Dial. The zero value is not usable.
type Listener struct {
	mu       sync.Mutex // owns all below
	arrived  sync.Cond
	waiting  []*Conn
	dialled  int
	closed   bool
	refusing bool
	addr     Addr
}

// Listen returns an open listener of that name.
func Listen(addr Addr) *Listener {
	l := &Listener{addr: addr}
	l.arrived.L = &l.mu
	return l
}

// Accept returns the next dialled connection. It blocks until there is one, and fails with net.ErrClosed after Close.
func (l *Listener) Accept() (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.waiting) == 0 && !l.closed {
		l.arrived.Wait()
	}
	if l.closed {
		return nil, &net.OpError{Op: "accept", Net: "memory", Addr: l.addr, Err: net.ErrClosed}
	}
	c := l.waiting[0]
	l.waiting = l.waiting[1:]
	return c, nil
}

// Close refuses connections from now on and drops those not accepted yet.
func (l *Listener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return &net.OpError{Op: "close", Net: "memory", Addr: l.addr, Err: net.ErrClosed}
	}
	l.closed = true
	for _, c := range l.waiting {
		c.Reset()
	}
	l.waiting = nil
	l.arrived.Broadcast()
	return nil
}

// Refuse makes Dial fail as if nobody listened, until it is called with false.
func (l *Listener) Refuse(refuse bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refusing = refuse
}

// Addr returns the listener's name.
func (l *Listener) Addr() net.Addr { return l.addr }

// Dial connects. It never blocks; it fails with ECONNREFUSED when the listener is closed or refusing, and when ctx is done.
func (l *Listener) Dial(ctx context.Context) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, &net.OpError{Op: "dial", Net: "memory", Addr: l.addr, Err: err}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.refusing {
		return nil, &net.OpError{Op: "dial", Net: "memory", Addr: l.addr, Err: syscall.ECONNREFUSED}
	}
	l.dialled++
	client, server := Pair(Addr("client-"+strconv.Itoa(l.dialled)), l.addr)
	l.waiting = append(l.waiting, server)
	l.arrived.Signal()
	return client, nil
}
