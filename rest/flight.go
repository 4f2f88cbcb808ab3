package rest

import (
	"context"
	"sync"
)

// flight makes concurrent callers share one call. The call is not tied to any one of them: it is cancelled when the last of them has
// gone, unless it must be finished.
type flight struct {
	finish bool // a call goes on when nobody waits for it, and who comes then joins it; it has to bound itself

	mu      sync.Mutex // owns running, and the waiters in it
	running *call
}

type call struct {
	done    chan struct{} // closed when err is there
	err     error
	waiters int
	cancel  context.CancelFunc
}

// do joins the running call, or starts one. It returns early when ctx ends. The call gets a context with the values of the first caller's; what it
// finds out, it keeps where all callers look.
func (f *flight) do(ctx context.Context, fn func(context.Context) error) error {
	c := f.join(ctx, fn)
	defer f.part(c)
	select {
	case <-c.done:
		return c.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (f *flight) join(ctx context.Context, fn func(context.Context) error) *call {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.running != nil {
		f.running.waiters++
		return f.running
	}
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	c := &call{done: make(chan struct{}), waiters: 1, cancel: cancel}
	f.running = c
	go func() {
		c.err = fn(own)
		f.mu.Lock()
		if f.running == c {
			f.running = nil
		}
		f.mu.Unlock()
		cancel()
		close(c.done)
	}()
	return c
}

// part takes a waiter off a call. Without any, a call that need not be finished is cancelled, and the next caller starts a new one.
func (f *flight) part(c *call) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c.waiters--; c.waiters == 0 && !f.finish {
		c.cancel()
		if f.running == c {
			f.running = nil
		}
	}
}
