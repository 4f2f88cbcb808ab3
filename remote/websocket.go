package remote

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/coder/websocket"
	api "k8s.io/api/core/v1"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/rest"
)

// pingPeriod is how often an idle connection is used, so that load balancers in between do not take it for abandoned.
const pingPeriod = 30 * time.Second

// dial opens a WebSocket to a subresource of a pod, in one of the protocols, the preferred one first. An answer of the server's that is no
// WebSocket is an *errors.StatusError, as from any other request.
func dial(ctx context.Context, pods typed.Client[*api.Pod], name, subresource string, options any, protocols ...string) (*websocket.Conn, error) {
	request := pods.ResourceClient().Request(http.MethodGet, name, subresource)
	if options != nil {
		request.VersionedParams(options)
	}
	if err := request.Err(); err != nil {
		return nil, err
	}
	through := &upgrade{request: request}
	conn, _, err := websocket.Dial(ctx, request.URL().String(), &websocket.DialOptions{
		HTTPClient:   &http.Client{Transport: through},
		Subprotocols: protocols,
	})
	if through.err != nil { // says more, and shows no query
		return nil, through.err
	}
	where := subresource + " of pod " + name
	if err != nil {
		return nil, fmt.Errorf("%s: %w", where, handshakeError(err))
	}
	if conn.Subprotocol() == "" {
		conn.CloseNow()
		return nil, fmt.Errorf("%s: the server knows none of the protocols %q", where, protocols)
	}
	conn.SetReadLimit(-1) // messages are read piece by piece
	return conn, nil
}

// handshakeError leaves out the URL, whose query shows the command.
func handshakeError(err error) error {
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return err
}

// upgrade sends the WebSocket's handshake as the request.
type upgrade struct {
	request *rest.Request
	err     error // of the request
}

// RoundTrip is called once.
func (u *upgrade) RoundTrip(handshake *http.Request) (*http.Response, error) {
	for name, values := range handshake.Header {
		u.request.SetHeader(name, values...)
	}
	resp, err := u.request.Upgrade(handshake.Context())
	u.err = err
	return resp, err
}

// keepAlive pings until the context ends.
func keepAlive(ctx context.Context, conn *websocket.Conn) {
	tick := time.NewTicker(pingPeriod)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			// The answer does not matter: it is late when the user's writer is slow, and a dead connection is TCP's to find.
			ping, cancel := context.WithTimeout(ctx, pingPeriod)
			_ = conn.Ping(ping)
			cancel()
		}
	}
}
