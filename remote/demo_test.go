package remote

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/coder/websocket"
	"github.com/moby/spdystream"
	api "k8s.io/api/core/v1"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/rest"
)

// demoPod stands in for a server with a pod that knows two commands: one puts its input into capitals, the other fails.
func demoPod() (pods typed.Client[*api.Pod], stop func()) {
	k := &kubelet{protocols: newest, serve: func(ctx context.Context, conn *websocket.Conn) {
		c := &container{ctx: ctx, conn: conn}
		for conn.Subprotocol() == newest[0] {
			channel, data, ok := c.hear()
			if !ok || channel == 255 {
				break
			}
			if channel == 0 {
				c.say(1, strings.ToUpper(data))
			}
		}
		c.say(3, succeeded)
		_ = conn.Close(websocket.StatusNormalClosure, "")
	}}
	capitals := k.serve
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k := &kubelet{protocols: newest, serve: capitals}
		if r.URL.Query().Get("command") == "false" {
			k.serve = func(ctx context.Context, conn *websocket.Conn) {
				c := &container{ctx: ctx, conn: conn}
				c.say(3, code3)
				_ = conn.Close(websocket.StatusNormalClosure, "")
			}
		}
		k.ServeHTTP(w, r)
	}))
	client, err := rest.NewClient(&rest.Config{Host: server.URL})
	if err != nil {
		panic(err)
	}
	return typed.For(client, podResource).Namespace("shop"), func() {
		client.CloseIdle()
		server.Close()
	}
}

// demoPorts stands in for a server with a pod that answers HTTP requests.
func demoPorts() (pods typed.Client[*api.Pod], stop func()) {
	k := &kubelet{protocols: []string{protocolPorts}, serve: func(ctx context.Context, conn *websocket.Conn) {
		spdy, err := spdystream.NewConnection(websocket.NetConn(ctx, conn, websocket.MessageBinary), true)
		if err != nil {
			panic(err)
		}
		f := &forwarder{failures: map[string]*spdystream.Stream{}, serve: func(_ string, stream io.ReadWriteCloser) string {
			if _, err := http.ReadRequest(bufio.NewReader(stream)); err != nil {
				return err.Error()
			}
			_, _ = io.WriteString(stream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
			_ = stream.Close()
			_, _ = io.Copy(io.Discard, stream)
			return ""
		}}
		spdy.Serve(f.accept)
		f.running.Wait()
	}}
	server := httptest.NewServer(k)
	client, err := rest.NewClient(&rest.Config{Host: server.URL})
	if err != nil {
		panic(err)
	}
	return typed.For(client, podResource).Namespace("shop"), func() {
		client.CloseIdle()
		k.running.Wait()
		server.Close()
	}
}
