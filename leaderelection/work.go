package leaderelection

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrLost is the cause with which the work's context ends when the leadership was lost: it could not be renewed in time,
// or the Lease was taken away.
var ErrLost = errors.New("the leadership was lost")

// ErrReplaced is the cause with which the work's context ends when the server wants another candidate to lead.
var ErrReplaced = errors.New("another candidate is to lead")

type tokenKey struct{}

// Token returns the fencing token of the leadership that the context belongs to: the resourceVersion of the Lease when it
// was won. Tokens only grow: who keeps the highest token seen and refuses lower ones is safe from an earlier leader that
// does not know yet. Compare them by resourceversion.CompareResourceVersion of k8s.io/apimachinery, or as integers. It
// returns false outside a leadership.
func Token(ctx context.Context) (token string, ok bool) {
	token, ok = ctx.Value(tokenKey{}).(string)
	return token, ok
}

// work is the user's work during one leadership.
type work struct {
	cancel context.CancelCauseFunc
	done   chan struct{} // closed when it has returned
	ended  bool          // the loop has told it to; owned by the loop
}

// end tells the work to return.
func (w *work) end(cause error) {
	if !w.ended {
		w.ended = true
		w.cancel(cause)
	}
}

// begin starts the work.
func (l *loop) begin() {
	l.phase = leading
	l.valid.Store(int64(l.until))
	l.token = l.version
	l.note(func(s *Status) { s.Since = time.Now() })
	l.log.Info("Leading", "token", l.token)

	ctx, cancel := context.WithCancelCause(context.WithValue(context.WithoutCancel(l.ctx), tokenKey{}, l.token))
	w := &work{cancel: cancel, done: make(chan struct{})}
	l.work = w
	go func() {
		defer close(w.done)
		defer cancel(nil)
		l.callbacks.OnStartedLeading(ctx)
		<-ctx.Done() // work that has returned early has still led until now
		if l.callbacks.OnStoppedLeading != nil {
			l.callbacks.OnStoppedLeading()
		}
	}()
}

// stepDown ends a leadership that was lost.
func (l *loop) stepDown(now time.Duration) {
	l.phase, l.until = stopping, 0
	l.valid.Store(0)
	l.work.end(ErrLost)
	l.log.Info("The leadership was lost", "holder", l.holder())
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost, l.status.Stopping = now, true
}

// stopped is called when the work has returned. The candidate is one among others again.
func (l *loop) stopped() {
	yielded := l.yielding && l.phase == leading
	l.work, l.phase, l.yielding, l.until = nil, following, false, 0
	l.valid.Store(0)
	if yielded && l.mine {
		l.giveUp()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost, l.status.Stopping = 0, false
}

// herald calls OnNewLeader beside the loop, which must not wait for it.
type herald struct {
	news chan string // the newest leader that was not told yet
	wg   sync.WaitGroup
}

func newHerald(tell func(string)) *herald {
	h := &herald{news: make(chan string, 1)}
	if tell != nil {
		h.wg.Go(func() {
			for identity := range h.news {
				tell(identity)
			}
		})
	}
	return h
}

// tell replaces news that have not been told. Only the loop calls it.
func (h *herald) tell(identity string) {
	select {
	case <-h.news:
	default:
	}
	h.news <- identity
}

func (h *herald) close() {
	close(h.news)
	h.wg.Wait()
}
