package reflector

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/internal/decode"
)

// ahead is a page that is asked for while the one before is decoded. One goroutine waits for the beginning of the answer, and nobody reads on until
// it is the page's turn: the rest stays in the connection's buffers, and its silence counts for no watchdog.
type ahead struct {
	token  string
	cancel context.CancelCauseFunc // ends the request and the reading

	done chan struct{} // closed when page and err are set
	page Page
	err  error
}

// ask asks for a page.
func ask(ctx context.Context, source Opener, opts metav1.ListOptions) *ahead {
	ctx, cancel := context.WithCancelCause(ctx)
	a := &ahead{token: opts.Continue, cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(a.done)
		a.page, a.err = source.Open(ctx, opts)
	}()
	return a
}

// close ends the request, waits for its goroutine, and gives up what has not been read.
func (a *ahead) close() {
	a.cancel(nil)
	<-a.done
	if a.err == nil {
		a.page.Close()
	}
}

// read reads a page until its last item, and has the next one asked for meanwhile, in the context that outlives this page. After an error,
// none is asked for.
func (r *Reflector) read(ctx, requestCtx context.Context, s state, yield func(decode.Item) error) (meta metav1.ListMeta, err error) {
	source, ok := r.source.(Opener)
	if !ok {
		return r.source.List(requestCtx, s.listOptions(r.opts.PageSize), yield)
	}
	if s.page == 1 {
		r.alone = false
	}
	page, early := r.turn(requestCtx, source, s)
	defer page.close()
	defer func() {
		if err != nil {
			r.alone = r.alone || early
		}
		if r.ahead != nil && (err != nil || r.ahead.token != meta.Continue) {
			r.drop()
		}
	}()
	// The watchdog sees this page's waits only, also where the request began before its time.
	defer context.AfterFunc(requestCtx, func() { page.cancel(context.Cause(requestCtx)) })()
	if <-page.done; page.err != nil {
		return meta, page.err
	}
	return page.page.Read(func(token string) {
		if !r.alone {
			r.ahead = ask(ctx, source, s.after(outcome{token: token}).listOptions(r.opts.PageSize))
		}
	}, yield)
}

// turn returns the page whose turn it is, and whether it was asked for early.
func (r *Reflector) turn(requestCtx context.Context, source Opener, s state) (page *ahead, early bool) {
	opts := s.listOptions(r.opts.PageSize)
	if page = r.ahead; page != nil && s.page > 1 && page.token == opts.Continue {
		r.ahead = nil
		return page, true
	}
	r.drop()
	return ask(requestCtx, source, opts), false
}

// drop gives up the page that was asked for ahead, if there is one.
func (r *Reflector) drop() {
	if r.ahead != nil {
		r.ahead.close()
		r.ahead = nil
	}
}
