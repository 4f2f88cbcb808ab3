package memnet

import (
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// Conn is one end of a connection in memory. It may be used concurrently, as net.Conn promises.
type Conn struct {
	in, out       *pipe
	local, remote Addr
	writeExpired  atomic.Int64 // unix nanoseconds of the write deadline, 0 none
	closed        atomic.Bool
}

// Addr names one end.
type Addr string

// Network returns "memory".
func (Addr) Network() string { return "memory" }

// String returns the name.
func (a Addr) String() string { return string(a) }

// Pair returns the two ends of a new connection.
func Pair(client, server Addr) (*Conn, *Conn) {
	up, down := newPipe(), newPipe()
	return &Conn{in: down, out: up, local: client, remote: server}, &Conn{in: up, out: down, local: server, remote: client}
}

// Read reads what the peer wrote. After the peer's Close it returns io.EOF once everything has been read.
func (c *Conn) Read(b []byte) (int, error) {
	n, err := c.in.read(b)
	return n, c.wrap("read", err)
}

// Write never blocks.
func (c *Conn) Write(b []byte) (int, error) {
	if at := c.writeExpired.Load(); at != 0 && !time.Now().Before(time.Unix(0, at)) {
		return 0, c.wrap("write", os.ErrDeadlineExceeded)
	}
	n, err := c.out.write(b)
	return n, c.wrap("write", err)
}

// Close ends both directions. What was written before can still be read by the peer.
func (c *Conn) Close() error {
	if c.closed.Swap(true) {
		return c.wrap("close", net.ErrClosed)
	}
	c.out.finish(net.ErrClosed)
	c.in.abandon()
	return nil
}

// CloseWrite ends the direction to the peer, which reads io.EOF after everything written before; the other direction stays open.
func (c *Conn) CloseWrite() error {
	c.out.finish(net.ErrClosed)
	return nil
}

// Reset ends the connection like a TCP reset: both ends fail at once, and what was on the way is lost.
func (c *Conn) Reset() {
	c.out.reset()
	c.in.reset()
}

// LocalAddr returns this end's name.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr returns the peer's name.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline sets both deadlines.
func (c *Conn) SetDeadline(t time.Time) error {
	_ = c.SetReadDeadline(t)
	return c.SetWriteDeadline(t)
}

// SetReadDeadline makes pending and later Reads fail after t; zero means never.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.in.setReadDeadline(t)
	return nil
}

// SetWriteDeadline makes later Writes fail after t; zero means never.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	if t.IsZero() {
		c.writeExpired.Store(0)
	} else {
		c.writeExpired.Store(t.UnixNano())
	}
	return nil
}

func (c *Conn) wrap(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &net.OpError{Op: op, Net: "memory", Source: c.local, Addr: c.remote, Err: err}
}
