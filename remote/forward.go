package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
)

// Forward accepts connections from the listener and connects each to a port of the pod, until the context ends, which is no error, the tunnel
// ends (ErrTunnelClosed) or the listener fails. It closes the listener and returns when all connections have ended.
//
// Failed, if not nil, is told why single connections failed; they do not end the forwarding.
func (t *Tunnel) Forward(ctx context.Context, listener net.Listener, port uint16, failed func(error)) error {
	if failed == nil {
		failed = func(error) {}
	}
	inner, cancel := context.WithCancelCause(ctx)
	var conns sync.WaitGroup
	defer conns.Wait()
	defer cancel(context.Canceled)
	conns.Go(func() {
		select {
		case <-t.done:
			cancel(ErrTunnelClosed)
		case <-inner.Done():
		}
		listener.Close()
	})
	for {
		local, err := listener.Accept()
		switch {
		case err == nil:
			conns.Go(func() {
				if err := t.connect(inner, local, port); err != nil {
					failed(err)
				}
			})
		case ctx.Err() != nil:
			return nil
		case inner.Err() != nil:
			return fmt.Errorf("forwarding to port %d of pod %s: %w", port, t.pod, context.Cause(inner))
		default:
			return fmt.Errorf("forwarding to port %d of pod %s: %w", port, t.pod, err)
		}
	}
}

// connect moves bytes between a connection and the pod until both directions are done, one fails, or the context ends.
func (t *Tunnel) connect(ctx context.Context, local net.Conn, port uint16) error {
	defer local.Close()
	remote, err := t.Dial(ctx, port)
	if err != nil {
		return err
	}
	defer remote.Close()
	stop := context.AfterFunc(ctx, func() {
		local.Close()
		remote.Close()
	})
	defer stop()
	sent := make(chan error, 1)
	go func() { sent <- pipe(remote, local) }()
	err = pipe(local, remote)
	if err != nil { // nothing that is sent can be answered
		local.Close()
		remote.Close()
	}
	if other := <-sent; err == nil {
		err = other
	}
	if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// pipe copies until the end, and passes the end on.
func pipe(to io.Writer, from io.Reader) error {
	_, err := io.Copy(to, from)
	if half, ok := to.(interface{ CloseWrite() error }); ok && err == nil {
		_ = half.CloseWrite()
	}
	return err
}
