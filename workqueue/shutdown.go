package workqueue

import (
	"context"
	"fmt"
)

// ShutDown makes the queue take no more keys, and drops those that are delayed. Keys that are queued are still served,
// also those that are queued again because they were added while they ran. When none is queued, Get returns true. Calling
// it again does nothing.
func (q *Queue[K]) ShutDown() {
	q.close()
	q.endMetrics()
}

func (q *Queue[K]) close() {
	q.lock()
	defer q.unlock()
	if q.closed {
		return
	}
	q.closed = true
	if q.delays.timer != nil {
		q.delays.timer.Stop()
	}
	for _, e := range q.delays.heap {
		e.it.state &^= delayed
		e.it.dueWhy = 0
		q.items.drop(e.it)
	}
	q.delays.heap = nil
	for w := q.parked.pop(); w != nil; w = q.parked.pop() {
		q.wake(w)
	}
	q.checkDrained()
}

// ShutDownWithDrain is ShutDown, and waits until all queued keys have been served and all work is done. If the context is
// done before, it returns an error that says what is left and wraps the context's; the workers may go on. It may be called
// after ShutDown, and more than once.
func (q *Queue[K]) ShutDownWithDrain(ctx context.Context) error {
	q.ShutDown()
	select {
	case <-q.drained:
		return nil
	case <-ctx.Done():
	}
	s := q.Stats()
	if s.Depth == 0 && s.Running == 0 { // drained at this very moment
		return nil
	}
	return fmt.Errorf("drain queue %q: %d keys are queued and %d are being worked on: %w", q.name, s.Depth, s.Running, context.Cause(ctx))
}

// ShuttingDown says whether ShutDown has been called.
func (q *Queue[K]) ShuttingDown() bool {
	q.lock()
	defer q.unlock()
	return q.closed
}

// checkDrained notices that the last work is done. From then on nothing can be queued or run.
func (q *Queue[K]) checkDrained() {
	if q.closed && !q.ended && q.active == 0 && q.ready.size == 0 {
		q.ended = true
		close(q.drained)
	}
}
