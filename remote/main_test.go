package remote

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"

	"github.com/coder/websocket"
	"github.com/moby/spdystream"
	"go.uber.org/goleak"
	api "k8s.io/api/core/v1"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/rest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// podResource is what resource/core/v1 has, without the rest of it.
var podResource = resource.Define[*api.Pod]("", "v1", "pods", "Pod", resource.Namespaced)

// kubelet stands in for an API server and what is behind it. It serves one pod subresource over WebSockets.
type kubelet struct {
	protocols []string // that it knows
	serve     func(ctx context.Context, conn *websocket.Conn)

	mu      sync.Mutex // owns what follows
	query   url.Values
	path    string
	header  http.Header
	running sync.WaitGroup
}

func (k *kubelet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k.running.Add(1)
	defer k.running.Done()
	k.mu.Lock()
	k.path, k.query, k.header = r.URL.Path, r.URL.Query(), r.Header
	k.mu.Unlock()
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: k.protocols})
	if err != nil {
		return
	}
	defer conn.CloseNow()
	conn.SetReadLimit(-1)
	k.serve(r.Context(), conn)
}

// asked returns what the last request asked for.
func (k *kubelet) asked() (path string, query url.Values, header http.Header) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.path, k.query, k.header
}

// podsOf starts a server and returns a client of its pods in the namespace "shop".
func podsOf(t testing.TB, handler http.Handler) typed.Client[*api.Pod] {
	t.Helper()
	server := httptest.NewTLSServer(handler) // as real ones: the connection could be HTTP/2, but for the WebSocket
	t.Cleanup(server.Close)
	client, err := rest.NewClient(&rest.Config{Host: server.URL, TLS: rest.TLSConfig{Insecure: true}, BearerToken: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdle)
	return typed.For(client, podResource).Namespace("shop")
}

// commands is a kubelet that runs a function as each command.
func commands(t testing.TB, protocols []string, command func(c *container)) (*kubelet, typed.Client[*api.Pod]) {
	t.Helper()
	k := &kubelet{protocols: protocols}
	k.serve = func(ctx context.Context, conn *websocket.Conn) {
		command(&container{t: t, ctx: ctx, conn: conn})
		_ = conn.Close(websocket.StatusNormalClosure, "")
	}
	t.Cleanup(k.running.Wait)
	return k, podsOf(t, k)
}

// container is the server's side of a command.
type container struct {
	t    testing.TB
	ctx  context.Context
	conn *websocket.Conn
}

// say sends data on a channel. A client that has gone does not hear it.
func (c *container) say(channel byte, data string) {
	_ = c.conn.Write(c.ctx, websocket.MessageBinary, append([]byte{channel}, data...))
}

// hear returns the next message; false at the end.
func (c *container) hear() (channel byte, data string, ok bool) {
	_, message, err := c.conn.Read(c.ctx)
	if err != nil || len(message) == 0 {
		return 0, "", false
	}
	return message[0], string(message[1:]), true
}

// ports is a kubelet that answers connections to ports by a function, which returns what to report as an error.
func ports(t testing.TB, serve func(port string, stream io.ReadWriteCloser) string) (*kubelet, typed.Client[*api.Pod]) {
	t.Helper()
	k := &kubelet{protocols: []string{"SPDY/3.1+portforward.k8s.io"}}
	k.serve = func(ctx context.Context, conn *websocket.Conn) {
		spdy, err := spdystream.NewConnection(websocket.NetConn(ctx, conn, websocket.MessageBinary), true)
		if err != nil {
			t.Error(err)
			return
		}
		f := &forwarder{serve: serve, failures: map[string]*spdystream.Stream{}}
		spdy.Serve(f.accept)
		f.running.Wait()
	}
	t.Cleanup(k.running.Wait)
	return k, podsOf(t, k)
}

// forwarder is the server's side of one tunnel.
type forwarder struct {
	serve   func(port string, stream io.ReadWriteCloser) string
	running sync.WaitGroup

	mu       sync.Mutex // owns failures
	failures map[string]*spdystream.Stream
}

func (f *forwarder) accept(stream *spdystream.Stream) {
	id := stream.Headers().Get("requestID")
	port := stream.Headers().Get("port")
	if port == "1" { // a port whose streams are refused
		_ = stream.Refuse()
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	_ = stream.SendReply(http.Header{}, false) // the next stream of the connection comes only after it, and waits for the lock
	if stream.Headers().Get("streamType") == "error" {
		f.failures[id] = stream
		return
	}
	failure := f.failures[id]
	f.running.Go(func() {
		if text := f.serve(port, stream); text != "" {
			_, _ = io.WriteString(failure, text)
		}
		_ = stream.Reset()
		_ = failure.Reset()
	})
}

// listen returns a listener on a free port.
func listen(t testing.TB) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener
}
