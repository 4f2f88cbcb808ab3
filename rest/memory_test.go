package rest

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// network is a listener and its connections in memory, for fake time. Writing never blocks. While it is dead, what is written is lost,
// as on a link that somebody has cut.
type network struct {
	mu       sync.Mutex // owns what follows, and all halves of connections
	changed  *sync.Cond
	dead     bool
	closed   bool
	accepted []net.Conn
}

func newNetwork() *network {
	n := &network{}
	n.changed = sync.NewCond(&n.mu)
	return n
}

func (n *network) cut() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.dead = true
}

// half is one direction of a connection.
type half struct {
	data     bytes.Buffer
	ended    bool // by the writer
	deadline time.Time
}

type memoryConn struct {
	n       *network
	in, out *half
	closed  bool // by this side; what is written to a peer that has closed is lost
}

func (n *network) dial(context.Context, string, string) (net.Conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	a, b := &half{}, &half{}
	n.accepted = append(n.accepted, &memoryConn{n: n, in: a, out: b})
	n.changed.Broadcast()
	return &memoryConn{n: n, in: b, out: a}, nil
}

func (n *network) Accept() (net.Conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for len(n.accepted) == 0 && !n.closed {
		n.changed.Wait()
	}
	if n.closed {
		return nil, net.ErrClosed
	}
	c := n.accepted[0]
	n.accepted = n.accepted[1:]
	return c, nil
}

func (n *network) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.closed = true
	n.changed.Broadcast()
	return nil
}

func (n *network) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 443} }

func (c *memoryConn) Read(p []byte) (int, error) {
	c.n.mu.Lock()
	defer c.n.mu.Unlock()
	for {
		switch {
		case c.in.data.Len() > 0:
			return c.in.data.Read(p)
		case c.in.ended:
			return 0, io.EOF
		case !c.in.deadline.IsZero() && !time.Now().Before(c.in.deadline):
			return 0, os.ErrDeadlineExceeded
		}
		c.n.changed.Wait()
	}
}

func (c *memoryConn) Write(p []byte) (int, error) {
	c.n.mu.Lock()
	defer c.n.mu.Unlock()
	if c.closed {
		return 0, net.ErrClosed
	}
	if !c.n.dead {
		c.out.data.Write(p)
		c.n.changed.Broadcast()
	}
	return len(p), nil
}

// Close ends both directions; the other side learns of it unless the network is dead.
func (c *memoryConn) Close() error {
	c.n.mu.Lock()
	defer c.n.mu.Unlock()
	if !c.n.dead {
		c.out.ended = true
	}
	c.in.ended, c.closed = true, true
	c.n.changed.Broadcast()
	return nil
}

func (c *memoryConn) SetReadDeadline(t time.Time) error {
	c.n.mu.Lock()
	defer c.n.mu.Unlock()
	c.in.deadline = t
	c.n.changed.Broadcast()
	if !t.IsZero() {
		time.AfterFunc(time.Until(t), c.n.changed.Broadcast)
	}
	return nil
}

func (c *memoryConn) SetDeadline(t time.Time) error    { return c.SetReadDeadline(t) }
func (c *memoryConn) SetWriteDeadline(time.Time) error { return nil }
func (c *memoryConn) LocalAddr() net.Addr              { return c.n.Addr() }
func (c *memoryConn) RemoteAddr() net.Addr             { return c.n.Addr() }
