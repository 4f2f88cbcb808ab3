package workqueue

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
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

	errands sync.Pool
	left    atomic.Pointer[errand[K]] // by workers that found the lock taken, the last one first

	mu       sync.Mutex // owns all below; lock.go takes and releases it
	items    table[K]
	ready    ready[K]
	parked   parked[K]
	running  list[K] // in the order of their start
	active   int     // length of running
	started  int64   // sum of the running items' start times
	delays   delays[K]
	closed   bool
	ended    bool // closed, and neither a queued nor a running key is left
	counts   counts
	woken    *worker[K] // to be woken when the lock has been released
	helped   *errand[K] // to be reported then
	panicked any        // to be raised then
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
	h, now := q.items.hashOf(key), q.nowForMetrics()
	q.lock()
	defer q.unlock()
	q.add(key, h, priority.clamp(), now)
}

// add is AddPriority under the lock.
func (q *Queue[K]) add(key K, hash uint32, priority Priority, now int64) {
	if !q.closed {
		q.enqueue(q.items.obtain(key, hash), priority, Added, now)
	}
}

// enqueue makes an item wait for a worker, unless it does already. If a worker waits for an item it gets this one.
func (q *Queue[K]) enqueue(it *item[K], priority Priority, why Reason, now int64) {
	it.why |= why
	switch {
	case it.has(queued):
		if priority > it.priority {
			q.ready.raise(it, priority)
		}
		return
	case it.has(again):
		it.priority = max(it.priority, priority)
		return
	}
	q.counts.adds++
	it.since, it.priority = now, priority
	if it.has(running) {
		it.state |= again
		return
	}
	q.offer(it, now)
}

// offer gives an item to a waiting worker, or puts it in the queue.
func (q *Queue[K]) offer(it *item[K], now int64) {
	if w := q.parked.pop(); w != nil { // workers wait only while nothing is queued: it is this item's turn
		q.give(it, w, now)
		return
	}
	q.ready.push(it)
	it.state |= queued
}

// give gives an item to a worker that waits.
func (q *Queue[K]) give(it *item[K], w *worker[K], now int64) {
	q.start(it, now)
	w.key, w.waited, w.got = it.key, max(0, now-it.since), true
	q.wake(w)
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

// take returns the next key and how long it has waited, or a worker to wait with.
func (q *Queue[K]) take() (key K, waited int64, w *worker[K]) {
	now := q.nowForMetrics()
	if !q.tryLock() {
		w = q.worker()
		q.leave(errand[K]{do: taking, worker: w, now: now})
		return key, 0, w
	}
	defer q.unlock()
	if it := q.ready.pop(); it != nil {
		q.start(it, now)
		return it.key, max(0, now-it.since), nil
	}
	w = q.worker()
	q.serve(w, now)
	return key, 0, w
}

// serve gives a worker the next key, parks it or sends it home.
func (q *Queue[K]) serve(w *worker[K], now int64) {
	if it := q.ready.pop(); it != nil {
		q.give(it, w, now)
	} else if q.closed {
		q.wake(w)
	} else {
		q.parked.push(w)
	}
}

// Done says that the work on the key is over, well or not. If the key was added meanwhile it is queued now. Done of a key that
// nobody works on does nothing.
func (q *Queue[K]) Done(key K) {
	h, now := q.items.hashOf(key), q.nowForMetrics()
	if !q.tryLock() {
		q.leave(errand[K]{do: finishing, key: key, hash: h, now: now})
		return
	}
	q.report(func() int64 {
		defer q.unlock()
		return q.finish(key, h, now)
	}())
}

// report tells the metrics how long the work on a key took.
func (q *Queue[K]) report(worked int64) {
	if q.metrics != nil && worked >= 0 {
		q.metrics.Worked(time.Duration(worked))
		q.endMetrics()
	}
}

// finish is Done under the lock. It returns how long the work took, −1 if there was none.
func (q *Queue[K]) finish(key K, hash uint32, now int64) (worked int64) {
	it := q.runner(key, hash)
	if it == nil {
		return -1
	}
	worked = max(0, now-it.started)
	q.running.remove(it)
	q.active--
	q.started -= it.started
	if it.has(again) {
		it.state &^= running | again
		q.offer(it, now)
	} else {
		it.state &^= running
		q.items.drop(it)
	}
	q.checkDrained()
	return worked
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
	q.lock()
	defer q.unlock()
	return q.ready.size
}
