package shard

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
)

var errCut = errors.New("the connection was cut")

// link is a replica's way to the server, on which nothing gets through at times.
type link struct {
	through http.RoundTripper

	mu     sync.Mutex // owns all below
	closed chan struct{}
	lost   bool // what is under way when it closes is lost, and not only late
}

// close lets nothing through, in either direction, until open.
func (l *link) close(lost bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed == nil {
		l.closed, l.lost = make(chan struct{}), lost
	}
}

func (l *link) open() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed != nil {
		close(l.closed)
		l.closed = nil
	}
}

// pass waits while the link is closed. The error says that what wanted to pass is lost.
func (l *link) pass(ctx context.Context) error {
	l.mu.Lock()
	closed, lost := l.closed, l.lost
	l.mu.Unlock()
	if closed == nil {
		return nil
	}
	select {
	case <-closed:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if lost {
		return errCut
	}
	return nil
}

func (l *link) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := l.pass(r.Context()); err != nil {
		return nil, err
	}
	resp, err := l.through.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if err := l.pass(r.Context()); err != nil {
		resp.Body.Close()
		return nil, err
	}
	resp.Body = body{resp.Body, l, r.Context()}
	return resp, nil
}

// body is an answer that comes over a link.
type body struct {
	io.ReadCloser
	link *link
	ctx  context.Context
}

func (b body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if cut := b.link.pass(b.ctx); cut != nil {
		return 0, cut
	}
	return n, err
}
