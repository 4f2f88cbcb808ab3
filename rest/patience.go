package rest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// scope says what a time-out bounds.
type scope uint8

const (
	wholeAnswer scope = iota // from sending the request to the last byte of the answer
	eachPiece                // the header, then each further piece of the body
	headerOnly               // the header; the body may take for ever
)

// timeoutError is the cause with which patience ends a request. It is a context.DeadlineExceeded, too.
type timeoutError struct {
	after time.Duration
	scope scope
}

func (e *timeoutError) Error() string {
	if e.scope == eachPiece {
		return fmt.Sprintf("no progress within the time-out of %v", e.after)
	}
	return fmt.Sprintf("no answer within the time-out of %v", e.after)
}

// Timeout makes it a net.Error's time-out.
func (e *timeoutError) Timeout() bool { return true }

// Is makes errors.Is(err, context.DeadlineExceeded) true.
func (e *timeoutError) Is(target error) bool { return target == context.DeadlineExceeded }

// patience bounds one try.
type patience struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer // nil: no bound
	limit  time.Duration
	scope  scope
}

func newPatience(ctx context.Context, limit time.Duration, s scope) *patience {
	p := &patience{limit: limit, scope: s}
	p.ctx, p.cancel = context.WithCancelCause(ctx)
	if limit > 0 {
		p.timer = time.AfterFunc(limit, func() { p.cancel(&timeoutError{limit, s}) })
	}
	return p
}

// end releases what the try holds.
func (p *patience) end() {
	if p.timer != nil {
		p.timer.Stop()
	}
	p.cancel(context.Canceled)
}

// header is told that the header has arrived; the body it returns keeps up the bound.
func (p *patience) header(resp *http.Response) {
	if p.timer != nil {
		if p.scope != wholeAnswer {
			p.timer.Stop()
		}
	}
	body := &patientBody{ReadCloser: resp.Body, patience: p}
	if writer, ok := resp.Body.(io.Writer); ok { // the connection was handed over
		resp.Body = struct {
			*patientBody
			io.Writer
		}{body, writer}
	} else {
		resp.Body = body
	}
}

// explain replaces the error by which net/http reports a cancelled request by the reason for it.
func (p *patience) explain(err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	if why := context.Cause(p.ctx); why != nil {
		return why
	}
	return err
}

// patientBody is the body of an answer under patience. Closing it ends the request.
type patientBody struct {
	io.ReadCloser
	patience *patience
}

// Read reads one piece. Between pieces time does not count: that is the reader's, who may do long work on each item.
func (b *patientBody) Read(buf []byte) (int, error) {
	if b.patience.scope == eachPiece && b.patience.timer != nil {
		b.patience.timer.Reset(b.patience.limit)
		defer b.patience.timer.Stop()
	}
	n, err := b.ReadCloser.Read(buf)
	return n, b.patience.explain(err)
}

func (b *patientBody) Close() error {
	err := b.ReadCloser.Close()
	b.patience.end()
	return err
}
