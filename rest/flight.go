package rest

import (
	"context"
	"sync"
)

// flight makes concurrent callers share one call. The call is not tied to any one of them: it is cancelled when the last of them has
// gone, unless it must be finished.
type flight[T any] struct {
	finish bool // a call goes on when nobody waits for it, and who comes then joins it; it has to bound itself

	mu      sync.Mutex // owns running, and the waiters in it
	running *call[T]
}

type call[T any] struct {
	done    chan struct{} // closed when value and err are there
	value   T
	err     error
	waiters int
	cancel  context.CancelFunc
}

// do joins the running call, or starts f. It returns early when ctx ends. f gets a context with the values of the first caller's.
func (f *flight[T]) do(ctx context.Context, fn func(context.Context) (T, error)) (T, error) {
	c := f.join(ctx, fn)
	select {
	case <-c.done:
		f.part(c)
		return c.value, c.err
	case <-ctx.Done():
		f.part(c)
		return *new(T), context.Cause(ctx)
	}
}

func (f *flight[T]) join(ctx context.Context, fn func(context.Context) (T, error)) *call[T] {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.running != nil {
		f.running.waiters++
		return f.running
	}
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	c := &call[T]{done: make(chan struct{}), waiters: 1, cancel: cancel}
	f.running = c
	go func() {
		c.value, c.err = fn(own)
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
func (f *flight[T]) part(c *call[T]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c.waiters--; c.waiters == 0 && !f.finish {
		c.cancel()
		if f.running == c {
			f.running = nil
		}
	}
}
