package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/moby/spdystream"
	api "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/portforward"

	"github.com/sheaf-dev/sheaf/clientset/typed"
)

// protocolPorts is SPDY, whose streams are the connections, inside of a WebSocket.
const protocolPorts = portforward.WebsocketsSPDYTunnelingPrefix + portforward.PortForwardV1Name

// ErrTunnelClosed is what uses of a tunnel and its connections return, wrapped, after Close or after the server ended the tunnel.
var ErrTunnelClosed = errors.New("the tunnel is closed")

// Tunnel carries connections to the ports of one pod. It is safe for concurrent use. It does not come back by itself: when Done is closed
// and more is wanted, open another.
//
// A connection whose reader stalls holds up others of the same tunnel: the protocol has no flow control of its own.
type Tunnel struct {
	pod    string
	spdy   *spdystream.Connection
	done   chan struct{}
	cancel context.CancelFunc
	ended  sync.WaitGroup // what the tunnel has started

	mu    sync.Mutex // owns conns and next
	conns map[*Conn]struct{}
	next  int
}

// Open opens a tunnel to the named pod. The context bounds the opening alone. The caller must Close it.
func Open(ctx context.Context, pods typed.Client[*api.Pod], name string) (*Tunnel, error) {
	ws, err := dial(ctx, pods, name, "portforward", nil, protocolPorts)
	if err != nil {
		return nil, err
	}
	life, cancel := context.WithCancel(context.Background())
	spdy, err := spdystream.NewConnection(&wire{ctx: life, ws: ws}, false)
	if err != nil {
		cancel()
		ws.CloseNow()
		return nil, fmt.Errorf("portforward of pod %s: %w", name, err)
	}
	t := &Tunnel{pod: name, spdy: spdy, done: make(chan struct{}), cancel: cancel, conns: map[*Conn]struct{}{}}
	t.ended.Go(func() { spdy.Serve(refuse) })
	t.ended.Go(func() { keepAlive(life, ws) })
	t.ended.Go(func() {
		<-spdy.CloseChan()
		cancel()
		ws.CloseNow()
		close(t.done)
		for _, c := range t.open() { // else data that nobody reads would keep Serve from ending
			c.data.Reset()
			c.errors.Reset()
		}
	})
	return t, nil
}

// refuse is told of streams that the server opens; there are none in this protocol.
func refuse(stream *spdystream.Stream) { _ = stream.Refuse() }

// Done is closed when the tunnel has ended, by Close or by the server.
func (t *Tunnel) Done() <-chan struct{} { return t.done }

// Close ends the tunnel and its connections, and returns when nothing of it is left. It may be called any number of times.
func (t *Tunnel) Close() error {
	t.cancel()
	t.ended.Wait()
	return nil
}

// Dial opens a connection to a port of the pod. The context bounds the opening alone. That nobody listens on the port is an error of the
// connection's first Read, since the protocol does not say it earlier.
func (t *Tunnel) Dial(ctx context.Context, port uint16) (*Conn, error) {
	c, err := t.dial(ctx, port)
	if err != nil {
		return nil, fmt.Errorf("port %d of pod %s: %w", port, t.pod, err)
	}
	return c, nil
}

func (t *Tunnel) dial(ctx context.Context, port uint16) (*Conn, error) {
	t.mu.Lock()
	id := t.next
	t.next++
	t.mu.Unlock()
	header := http.Header{}
	header.Set(api.StreamType, api.StreamTypeError)
	header.Set(api.PortHeader, strconv.Itoa(int(port)))
	header.Set(api.PortForwardRequestIDHeader, strconv.Itoa(id))
	failures, err := t.stream(ctx, header)
	if err != nil {
		return nil, err
	}
	_ = failures.Close() // this side says nothing on it
	header = header.Clone()
	header.Set(api.StreamType, api.StreamTypeData)
	data, err := t.stream(ctx, header)
	if err != nil {
		failures.Reset()
		return nil, err
	}
	c := newConn(t, port, data, failures)
	t.mu.Lock()
	t.conns[c] = struct{}{}
	t.mu.Unlock()
	select {
	case <-t.done: // it may have ended before it knew of the connection
		c.Close()
		return nil, ErrTunnelClosed
	default:
	}
	return c, nil
}

// stream opens a stream and waits until the server has accepted it.
func (t *Tunnel) stream(ctx context.Context, header http.Header) (*spdystream.Stream, error) {
	select {
	case <-t.done:
		return nil, ErrTunnelClosed
	default:
	}
	stream, err := t.spdy.CreateStream(header, nil, false)
	if err != nil {
		return nil, err
	}
	accepted := make(chan error, 1)
	t.ended.Go(func() { accepted <- t.reply(stream) })
	select {
	case err = <-accepted:
	case <-ctx.Done():
		err = context.Cause(ctx)
	case <-t.done:
		err = ErrTunnelClosed
	}
	if err != nil {
		stream.Reset()
		return nil, err
	}
	return stream, nil
}

// reply waits for the server's answer to a stream. Somebody has to wait for it: the library's loop blocks on telling of a refusal. And
// nobody is told when the connection ends, which is why this looks after it from time to time.
func (t *Tunnel) reply(stream *spdystream.Stream) error {
	for {
		err := stream.WaitTimeout(time.Second / 4)
		if !errors.Is(err, spdystream.ErrTimeout) {
			return err
		}
		select {
		case <-t.done:
			return ErrTunnelClosed
		default:
		}
	}
}

func (t *Tunnel) open() []*Conn {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []*Conn
	for c := range t.conns {
		all = append(all, c)
	}
	return all
}

func (t *Tunnel) forget(c *Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.conns, c)
}

// wire is the WebSocket as the stream of bytes that SPDY runs on. Each side has one reader; writes are whole frames.
type wire struct {
	net.Conn // nil: addresses and deadlines are not used
	ctx      context.Context
	ws       *websocket.Conn
	message  io.Reader // what is left of the message being read
}

func (w *wire) Read(p []byte) (int, error) {
	for {
		if w.message == nil {
			_, message, err := w.ws.Reader(w.ctx)
			if err != nil {
				return 0, err
			}
			w.message = message
		}
		n, err := w.message.Read(p)
		if err == io.EOF {
			w.message, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

func (w *wire) Write(p []byte) (int, error) {
	if err := w.ws.Write(w.ctx, websocket.MessageBinary, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (w *wire) Close() error { return w.ws.CloseNow() }
