package proxy

import (
	"errors"
	"io"
	"net"
	"sync"
)

// A conn is one client's connection and the proxy's own to the server.
type conn struct {
	proxy *Proxy

	// ends are the connections to either side, by the direction that ends
	// there. That to the server is nil at first; Proxy.connect sets it.
	ends [2]*net.TCPConn

	once sync.Once
	dead chan struct{} // closed when both ends are

	// halted is closed, by direction, once nothing more is passed on.
	halted [2]chan struct{}
	halt   [2]sync.Once
}

func newConn(p *Proxy, client *net.TCPConn) *conn {
	return &conn{
		proxy:  p,
		ends:   [2]*net.TCPConn{ToClient: client},
		dead:   make(chan struct{}),
		halted: [2]chan struct{}{make(chan struct{}), make(chan struct{})},
	}
}

// run copies both ways until both have ended.
func (c *conn) run() {
	var wg sync.WaitGroup
	for _, d := range []Direction{ToServer, ToClient} {
		wg.Go(func() {
			if err := c.copy(d); err != nil {
				// What one side suffers, the other shall see.
				c.reset()
			}
		})
	}
	wg.Wait()
	c.close()
}

// copy passes the bytes of one direction on until its EOF, which it passes on
// as well.
func (c *conn) copy(d Direction) error {
	from, to := c.ends[1-d], c.ends[d]
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if err := c.pass(d, to, buf[:n]); err != nil {
				return err
			}
		}
		if err == nil {
			continue
		}
		flows := c.await(d) // a stall holds back the end, too
		if !errors.Is(err, io.EOF) {
			return err
		}
		if flows {
			c.halfClose(d)
		}
		return nil
	}
}

// pass writes once bytes may flow; after a half-close it drops them.
func (c *conn) pass(d Direction, to *net.TCPConn, b []byte) error {
	if !c.await(d) {
		return nil
	}
	n, err := to.Write(b)
	c.proxy.count(func(s *Stats) {
		if d == ToServer {
			s.BytesToServer += int64(n)
		} else {
			s.BytesToClient += int64(n)
		}
	})
	if isClosed(c.halted[d]) { // during the write, which therefore failed
		return nil
	}
	return err
}

// await returns when bytes may flow in the direction, or, false, when they never
// will again.
func (c *conn) await(d Direction) bool {
	select {
	case <-c.proxy.gate(d):
	case <-c.halted[d]:
	case <-c.dead:
	}
	// Of several that are ready, select takes any.
	return !isClosed(c.halted[d]) && !isClosed(c.dead)
}

// halfClose sends an EOF in one direction.
func (c *conn) halfClose(d Direction) {
	c.halt[d].Do(func() {
		close(c.halted[d])
		if c.ends[d] != nil {
			c.ends[d].CloseWrite()
		}
	})
}

// reset ends both sides at once, with an error for each.
func (c *conn) reset() { c.end(resetTCP) }

// close ends both sides in good order.
func (c *conn) close() { c.end(func(end *net.TCPConn) { end.Close() }) }

func (c *conn) end(how func(*net.TCPConn)) {
	c.once.Do(func() {
		close(c.dead)
		for _, end := range c.ends {
			if end != nil {
				how(end)
			}
		}
	})
}
