package remote

import (
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/moby/spdystream"
)

const (
	// errorGrace is how long the end of the data waits for the reason, which comes on a stream of its own, perhaps a little later.
	errorGrace = 200 * time.Millisecond
	errorLimit = 64 << 10
)

// Conn is a connection to a port of a pod. It is a net.Conn, so that it can carry any protocol: http.Transport, database drivers. A running
// Write is not interrupted by its deadline.
type Conn struct {
	tunnel *Tunnel
	port   uint16
	data   *spdystream.Stream
	errors *spdystream.Stream

	chunks chan []byte // closed at the end of the data
	closed chan struct{}
	close  func()
	failed chan struct{} // closed when failure is known
	// failure is what the server said went wrong, "" for nothing.
	failure string

	reading sync.Mutex // owns rest
	rest    []byte

	readDeadline, writeDeadline deadline
}

func newConn(t *Tunnel, port uint16, data, failures *spdystream.Stream) *Conn {
	c := &Conn{
		tunnel: t, port: port, data: data, errors: failures,
		chunks: make(chan []byte), closed: make(chan struct{}), failed: make(chan struct{}),
	}
	c.close = sync.OnceFunc(c.closeStreams)
	t.ended.Go(c.pull)
	t.ended.Go(c.listen)
	return c
}

// pull moves data to Read, which can then give up on a deadline.
func (c *Conn) pull() {
	defer close(c.chunks)
	for {
		buf := make([]byte, chunk)
		n, err := c.data.Read(buf)
		if n > 0 {
			select {
			case c.chunks <- buf[:n]:
			case <-c.closed:
				return
			case <-c.tunnel.done:
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// listen waits for what the server has to say.
func (c *Conn) listen() {
	defer close(c.failed)
	text, _ := io.ReadAll(io.LimitReader(c.errors, errorLimit))
	c.failure = strings.TrimSpace(string(text))
}

// Read reads what the pod sends. At the end it returns io.EOF, or what went wrong: that nobody listens on the port, for example.
func (c *Conn) Read(p []byte) (int, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	if len(c.rest) == 0 {
		select {
		case data, ok := <-c.chunks:
			if !ok {
				return 0, c.end()
			}
			c.rest = data
		case <-c.closed:
			return 0, net.ErrClosed
		case <-c.readDeadline.passed():
			return 0, os.ErrDeadlineExceeded
		}
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// end says why there is no more data.
func (c *Conn) end() error {
	grace := time.NewTimer(errorGrace)
	defer grace.Stop()
	select {
	case <-c.failed:
	case <-grace.C:
		return io.EOF
	}
	if c.failure != "" {
		return fmt.Errorf("port %d of pod %s: %s", c.port, c.tunnel.pod, c.failure)
	}
	select {
	case <-c.closed: // closing ends both streams
		return net.ErrClosed
	default:
	}
	select {
	case <-c.tunnel.done:
		return fmt.Errorf("port %d of pod %s: %w", c.port, c.tunnel.pod, ErrTunnelClosed)
	default:
		return io.EOF
	}
}

// Write sends data to the pod.
func (c *Conn) Write(p []byte) (int, error) {
	for written := 0; ; {
		select {
		case <-c.closed:
			return written, net.ErrClosed
		case <-c.tunnel.done:
			return written, ErrTunnelClosed
		case <-c.writeDeadline.passed():
			return written, os.ErrDeadlineExceeded
		default:
		}
		if written == len(p) {
			return written, nil
		}
		n, err := c.data.Write(p[written:min(len(p), written+chunk)])
		written += n
		if err != nil {
			return written, fmt.Errorf("port %d of pod %s: %w", c.port, c.tunnel.pod, err)
		}
	}
}

// CloseWrite tells the pod that nothing more will be sent; reading goes on.
func (c *Conn) CloseWrite() error { return c.data.Close() }

// Close ends the connection.
func (c *Conn) Close() error {
	c.close()
	return nil
}

func (c *Conn) closeStreams() {
	close(c.closed)
	c.tunnel.forget(c)
	_ = c.data.Cancel() // Reset alone says nothing to the server after CloseWrite
	_ = c.data.Reset()
	_ = c.errors.Cancel()
	_ = c.errors.Reset()
}

// LocalAddr names the tunnel.
func (c *Conn) LocalAddr() net.Addr { return address("tunnel") }

// RemoteAddr names the pod and the port.
func (c *Conn) RemoteAddr() net.Addr {
	return address(net.JoinHostPort(c.tunnel.pod, strconv.Itoa(int(c.port))))
}

// SetDeadline sets both deadlines. The zero time means none.
func (c *Conn) SetDeadline(t time.Time) error {
	c.readDeadline.set(t)
	c.writeDeadline.set(t)
	return nil
}

// SetReadDeadline makes a Read that waits at t, or later, fail with os.ErrDeadlineExceeded.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.readDeadline.set(t)
	return nil
}

// SetWriteDeadline makes a Write that starts after t fail with os.ErrDeadlineExceeded.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.writeDeadline.set(t)
	return nil
}

type address string

func (address) Network() string  { return "portforward" }
func (a address) String() string { return string(a) }

// deadline is a time that can be moved while somebody waits for it. The zero value never passes.
type deadline struct {
	mu    sync.Mutex // owns what follows
	timer *time.Timer
	over  chan struct{} // closed when it has passed
}

// passed returns a channel that is closed when the time has come.
func (d *deadline) passed() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over == nil {
		d.over = make(chan struct{})
	}
	return d.over
}

func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over == nil {
		d.over = make(chan struct{})
	}
	if d.timer != nil && !d.timer.Stop() {
		<-d.over // it is just passing
	}
	d.timer = nil
	select {
	case <-d.over:
		d.over = make(chan struct{})
	default:
	}
	if t.IsZero() {
		return
	}
	if !t.After(time.Now()) {
		close(d.over)
		return
	}
	over := d.over
	d.timer = time.AfterFunc(time.Until(t), func() { close(over) })
}
