package workqueue

import (
	"context"
	"math"
	"sync"
	"time"
)

// Options are the settings of a queue. The zero value is a good one.
type Options struct {
	// Name tells the queue from others in metrics and logs. Empty: the queue has no metrics.
	Name string
	// RateLimiter says how long AddRateLimited delays a key. It must not be shared between queues if it has a bucket.
	// Nil: DefaultRateLimiter().
	RateLimiter RateLimiter
	// Aging is for how many turns in a row a priority that has keys may be passed over. Zero: 16.
	Aging int
	// Metrics gets the queue's numbers. Nil: what SetMetrics has set, if anything.
	Metrics MetricsProvider
}

// Queue is a set of keys that wait for work. All methods may be called concurrently.
//
// A queue that is no longer needed should be shut down. One that is dropped without it leaves no goroutine
// behind, only its memory until the last delay has passed.
type Queue[K comparable] struct {
	clock
	limiter RateLimiter
	metrics Metrics   // nil: none
	over    sync.Once // metrics are closed
	idle    sync.Pool
	drained chan struct{} // closed with ended
	deadLetters[K]

	mu      sync.Mutex // owns all below
	items   table[K]
	ready   ready[K]
	parked  parked[K]
	running list[K] // in the order of their start
	active  int     // length of running
	started int64   // sum of the running items' start times
	delays  delays[K]
	closed  bool
	ended   bool // closed, and neither a queued nor a running key is left
	counts  counts
}

// New returns an empty queue. It starts nothing.
func New[K comparable](opts Options, layers ...Layer[K]) *Queue[K] {
	q := &Queue[K]{clock: newClock(), limiter: opts.RateLimiter, drained: make(chan struct{})}
	q.name = opts.Name
	if q.limiter == nil {
		q.limiter = DefaultRateLimiter()
	}
	q.ready.aging = opts.Aging
	if q.ready.aging <= 0 {
		q.ready.aging = defaultAging
	}
	q.delays.armed = math.MaxInt64
	q.items.now = q.now
	for _, layer := range layers {
		layer(q)
	}
	q.metrics = metricsFor(opts, q.Stats)
	return q
}

// nowForMetrics returns zero if nobody wants to know: reading the clock costs more than all the rest of Add.
func (q *Queue[K]) nowForMetrics() int64 {
	if q.metrics == nil {
		return 0
	}
	return q.now()
}

// Add queues the key at Normal priority. A key that waits already is not added twice, only raised to this priority if its
// own is lower; a key that is being worked on is queued again when it is done. After ShutDown it does nothing. A delay of
// the key that is under way stays: it queues the key once more when it is over.
func (q *Queue[K]) Add(key K) { q.AddPriority(key, Normal) }

// AddPriority is Add at another priority.
func (q *Queue[K]) AddPriority(key K, priority Priority) {
	if w := q.addNow(key, priority.clamp(), Added); w != nil {
		w.wake <- struct{}{}
	}
}

// addNow is AddPriority; the caller must wake the worker it returns.
func (q *Queue[K]) addNow(key K, priority Priority, why Reason) *worker[K] {
	h, now := q.items.hashOf(key), q.nowForMetrics()
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return nil
	}
	return q.enqueue(q.items.obtain(key, h), priority, why, now)
}

// enqueue makes an item wait for a worker, unless it does already. If a worker waits for an item it gets this one, and is
// returned to be woken when the lock has been released.
func (q *Queue[K]) enqueue(it *item[K], priority Priority, why Reason, now int64) *worker[K] {
	it.why |= why
	switch {
	case it.has(queued):
		if priority > it.priority {
			q.ready.raise(it, priority)
		}
		return nil
	case it.has(again):
		it.priority = max(it.priority, priority)
		return nil
	}
	q.counts.adds++
	it.since, it.priority = now, priority
	if it.has(running) {
		it.state |= again
		return nil
	}
	return q.offer(it, now)
}

// offer gives an item to a waiting worker, which it returns, or puts it in the queue.
func (q *Queue[K]) offer(it *item[K], now int64) *worker[K] {
	if w := q.parked.pop(); w != nil { // workers wait only while nothing is queued: it is this item's turn
		q.start(it, now)
		w.key, w.waited, w.got = it.key, max(0, now-it.since), true
		return w
	}
	q.ready.push(it)
	it.state |= queued
	return nil
}

// start marks an item as given to a worker. The time is only asked for if the queue has metrics.
func (q *Queue[K]) start(it *item[K], now int64) {
	if q.metrics == nil {
		now = q.recent()
	}
	it.state = it.state&^queued | running
	it.started = now
	it.runLevel, it.runWhy, it.why = it.priority, it.why, 0
	q.running.push(it)
	q.active++
	q.started += now
}

// Get returns a key to work on; the caller must call Done with it afterwards. While there is none it waits. It returns true if
// there is nothing more to do for the caller: the queue is shut down and empty, or the context is done.
func (q *Queue[K]) Get(ctx context.Context) (key K, shutdown bool) {
	done := ctx.Done()
	if done != nil {
		select {
		case <-done: // a worker that has lost the right to work must stop even if keys wait
			return key, true
		default:
		}
	}
	key, waited, w := q.take()
	if w != nil {
		var got bool
		if key, waited, got = q.await(w, done); !got {
			return key, true
		}
	}
	if q.metrics != nil {
		q.metrics.Waited(time.Duration(waited))
	}
	return key, false
}

// take returns the next key and how long it has waited. If there is none it returns a worker that has been parked or sent home.
func (q *Queue[K]) take() (key K, waited int64, w *worker[K]) {
	now := q.nowForMetrics()
	q.mu.Lock()
	defer q.mu.Unlock()
	if it := q.ready.pop(); it != nil {
		q.start(it, now)
		return it.key, max(0, now-it.since), nil
	}
	w = q.worker()
	if q.closed {
		w.wake <- struct{}{}
	} else {
		q.parked.push(w)
	}
	return key, 0, w
}

// Done says that the work on the key is over, well or not. If the key was added meanwhile it is queued now. Done of a key that
// nobody works on does nothing.
func (q *Queue[K]) Done(key K) {
	worked, w := q.finish(key)
	if w != nil {
		w.wake <- struct{}{}
	}
	if q.metrics != nil && worked >= 0 {
		q.metrics.Worked(time.Duration(worked))
		q.endMetrics()
	}
}

// finish is Done. It returns how long the work took, −1 if there was none, and a worker to wake.
func (q *Queue[K]) finish(key K) (worked int64, w *worker[K]) {
	h, now := q.items.hashOf(key), q.nowForMetrics()
	q.mu.Lock()
	defer q.mu.Unlock()
	it := q.runner(key, h)
	if it == nil {
		return -1, nil
	}
	worked = max(0, now-it.started)
	q.running.remove(it)
	q.active--
	q.started -= it.started
	if it.has(again) {
		it.state &^= running | again
		w = q.offer(it, now)
	} else {
		it.state &^= running
		q.items.drop(it)
	}
	q.checkDrained()
	return worked, w
}

// runner returns the running item of a key, nil if there is none. A short way finds the one that has run for longest: with
// one worker, all.
func (q *Queue[K]) runner(key K, hash uint32) *item[K] {
	if it := q.running.head; it != nil && it.key == key {
		return it
	}
	if it := q.items.find(key, hash); it != nil && it.has(running) {
		return it
	}
	return nil
}

// Len returns how many keys are queued. Delayed and running keys do not count.
func (q *Queue[K]) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.ready.size
}
