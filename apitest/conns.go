package apitest

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"sync"
	"time"

	"github.com/sheaf-dev/sheaf/apitest/internal/memnet"
)

// quietLog drops what net/http would log about connections that tests cut on purpose.
var quietLog = log.New(io.Discard, "", 0)

// connections knows the open connections, and can refuse new ones.
type connections struct {
	mu       sync.Mutex // owns all below
	memory   *memnet.Listener
	socket   *socketListener
	open     map[*conn]struct{}
	refusing bool
}

// conn is an accepted connection that can be cut.
type conn struct {
	net.Conn
	owner *connections

	mu      sync.Mutex // owns all below
	holding bool
	held    net.Buffers // written and not sent yet
	copied  []byte      // what held has small pieces in
}

// largest is the size of the buffers of net/http's server, which it uses again at once. What is larger is the handler's own.
const largest = 4 << 10

// Write sends b, or keeps it while the connection is on hold.
func (c *conn) Write(b []byte) (int, error) {
	if c.keep(b) {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

// keep says whether b was kept, which it is while the connection is on hold.
func (c *conn) keep(b []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.holding {
		return false
	}
	if len(b) <= largest {
		start := len(c.copied)
		c.copied = append(c.copied, b...)
		b = c.copied[start:]
	}
	c.held = append(c.held, b)
	return true
}

// hold keeps what is written until release. Large pieces are not copied: the writer leaves them alone until then.
func (c *conn) hold() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.holding = true
}

// release sends what has been written since hold, in one piece where the connection can.
func (c *conn) release() error {
	c.mu.Lock()
	held := c.held
	c.holding, c.held = false, nil
	c.mu.Unlock()
	left := held // which WriteTo consumes
	_, err := left.WriteTo(c.Conn)
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(held)
	c.held, c.copied = held[:0], c.copied[:0]
	return err
}

// Close closes the connection in order.
func (c *conn) Close() error {
	c.owner.forget(c)
	return c.Conn.Close()
}

// reset cuts the connection: the peer gets an error, and may lose what it has not read.
func (c *conn) reset() {
	switch raw := c.Conn.(type) {
	case *memnet.Conn:
		raw.Reset()
	case *net.TCPConn:
		_ = raw.SetLinger(0)
		_ = raw.Close()
	}
}

// halfClose ends the direction to the client alone.
func (c *conn) halfClose() {
	if raw, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		_ = raw.CloseWrite()
	}
}

func (s *connections) forget(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
}

// listen opens the listener that Run serves: memory, or a socket.
func (s *connections) listen(memory *memnet.Listener, addr string) (net.Listener, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = map[*conn]struct{}{}
	if memory != nil {
		s.memory = memory
		memory.Refuse(s.refusing)
		return tracking{memory, s}, nil
	}
	socket, err := newSocketListener(addr)
	if err != nil {
		return nil, err
	}
	s.socket = socket
	socket.refuse(s.refusing)
	return tracking{socket, s}, nil
}

// refuse makes new connections fail, or succeed again.
func (s *connections) refuse(refuse bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusing = refuse
	if s.memory != nil {
		s.memory.Refuse(refuse)
	}
	if s.socket != nil {
		s.socket.refuse(refuse)
	}
}

// cutAll resets all open connections.
func (s *connections) cutAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.open {
		c.reset()
	}
}

// tracking is a listener whose connections are known.
type tracking struct {
	net.Listener
	owner *connections
}

// Accept waits for the next connection.
func (t tracking) Accept() (net.Conn, error) {
	raw, err := t.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: raw, owner: t.owner}
	t.owner.mu.Lock()
	defer t.owner.mu.Unlock()
	t.owner.open[c] = struct{}{}
	return c, nil
}

// socketListener is a TCP listener that can stop listening and listen again on the same address.
type socketListener struct {
	addr    net.Addr
	mu      sync.Mutex // owns all below
	changed sync.Cond
	current net.Listener // nil while refusing
	closed  bool
}

func newSocketListener(addr string) (*socketListener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	s := &socketListener{addr: l.Addr(), current: l}
	s.changed.L = &s.mu
	return s, nil
}

// Accept waits for the next connection, also through times of refusal.
func (s *socketListener) Accept() (net.Conn, error) {
	for {
		s.mu.Lock()
		for s.current == nil && !s.closed {
			s.changed.Wait()
		}
		l, closed := s.current, s.closed
		s.mu.Unlock()
		if closed {
			return nil, net.ErrClosed
		}
		c, err := l.Accept()
		if err == nil {
			return c, nil
		}
		s.mu.Lock()
		replaced := s.current != l
		s.mu.Unlock()
		if !replaced {
			return nil, err
		}
	}
}

func (s *socketListener) refuse(refuse bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed || refuse == (s.current == nil):
		return
	case refuse:
		_ = s.current.Close()
		s.current = nil
	default:
		s.current = relisten(s.addr)
	}
	s.changed.Broadcast()
}

// relisten opens the same port again. Somebody else may hold it for a moment.
func relisten(addr net.Addr) net.Listener {
	for try := 0; ; try++ {
		l, err := net.Listen(addr.Network(), addr.String())
		if err == nil {
			return l
		}
		if try == 100 {
			panic("apitest: the port " + addr.String() + " was taken while the server refused connections: " + err.Error())
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// Close ends the listener.
func (s *socketListener) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.changed.Broadcast()
	if s.current == nil {
		return nil
	}
	return s.current.Close()
}

// Addr returns the address.
func (s *socketListener) Addr() net.Addr { return s.addr }

type connKey struct{}

// withConn remembers a request's connection, below TLS, in its context.
func withConn(ctx context.Context, c net.Conn) context.Context {
	if secured, ok := c.(*tls.Conn); ok {
		c = secured.NetConn()
	}
	return context.WithValue(ctx, connKey{}, c)
}

// connOf returns a request's connection, nil if the handler runs behind a foreign HTTP server.
func connOf(ctx context.Context) *conn {
	c, _ := ctx.Value(connKey{}).(*conn)
	return c
}
