package workqueue

import (
	"math"
	"time"
)

// AddAfter queues the key when the delay has passed, at Normal priority, or, if the key is being worked on now, at the
// priority it was given to its worker with. A key has one delay: if there is one, the earlier end wins. A delay of zero or
// less is Add. Keys that are still delayed at ShutDown are dropped.
func (q *Queue[K]) AddAfter(key K, delay time.Duration) {
	q.addLater(key, delay, Delayed)
}

func (q *Queue[K]) addLater(key K, delay time.Duration, why Reason) {
	h, now := q.items.hashOf(key), q.now()
	q.lock()
	defer q.unlock()
	if q.closed {
		return
	}
	it := q.items.obtain(key, h)
	priority := Normal
	if it.has(running) {
		priority = it.runLevel
	}
	if delay <= 0 {
		q.enqueue(it, priority, why, now)
		return
	}
	it.dueWhy |= why
	due := after(now, delay)
	if !it.has(delayed) {
		it.state |= delayed
		it.due, it.dueLevel = due, priority
		q.delays.push(it)
	} else {
		it.dueLevel = max(it.dueLevel, priority)
		if due < it.due {
			q.delays.move(it, due)
		}
	}
	q.arm(now)
}

// after adds without overflow: a very long delay ends never.
func after(now int64, delay time.Duration) int64 {
	if due := now + int64(delay); due >= now {
		return due
	}
	return math.MaxInt64
}

// Postpone makes a delay that is under way end when the given time from now has passed, be that earlier or later than before. It
// says whether there was one; if not, it does nothing.
func (q *Queue[K]) Postpone(key K, delay time.Duration) bool {
	h := q.items.hashOf(key)
	q.lock()
	defer q.unlock()
	it := q.items.find(key, h)
	if it == nil || !it.has(delayed) {
		return false
	}
	now := q.now()
	q.delays.move(it, after(now, max(delay, 0)))
	q.arm(now)
	return true
}

// Cancel drops a delay that is under way, so that it does not queue the key. It says whether there was one. A key that is queued or
// running already stays so.
func (q *Queue[K]) Cancel(key K) bool {
	h := q.items.hashOf(key)
	q.lock()
	defer q.unlock()
	it := q.items.find(key, h)
	if it == nil || !it.has(delayed) {
		return false
	}
	q.delays.remove(it)
	it.state &^= delayed
	it.dueWhy = 0
	q.items.drop(it)
	return true
}

// arm makes the timer fire when the first delay ends. A timer that fires too early, after a Cancel, does no harm.
func (q *Queue[K]) arm(now int64) {
	d := &q.delays
	if len(d.heap) == 0 || d.heap[0].due >= d.armed {
		return
	}
	d.armed = d.heap[0].due
	wait := time.Duration(max(0, d.armed-now))
	if d.timer == nil {
		d.timer = time.AfterFunc(wait, q.fire)
	} else {
		d.timer.Reset(wait)
	}
}

// fireBatch bounds how long the lock is held when many delays end at once.
const fireBatch = 64

// fire queues the keys whose delay has ended. It runs on the timer's goroutine, which lives for this call only.
func (q *Queue[K]) fire() {
	for q.ripen() {
	}
}

// ripen queues up to fireBatch keys, and says whether more are due.
func (q *Queue[K]) ripen() (more bool) {
	q.lock()
	defer q.unlock()
	now := q.now()
	d := &q.delays
	d.armed = math.MaxInt64
	for range fireBatch {
		if len(d.heap) == 0 || d.heap[0].due > now {
			q.arm(now)
			return false
		}
		it := d.heap[0].it
		d.remove(it)
		it.state &^= delayed
		why := it.dueWhy
		it.dueWhy = 0
		q.enqueue(it, it.dueLevel, why, now)
	}
	return true
}
