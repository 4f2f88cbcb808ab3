package workqueue

import (
	"math"

	"k8s.io/klog/v2"
)

// AddRateLimited counts a requeue of the key and queues it when the time that the queue's rate limiter says has passed.
// Everything else is as with AddAfter. Call it after a failure, and Forget after a success. It returns false if the key
// does not come again: after ShutDown, or because it failed too often, see MaxRetries.
func (q *Queue[K]) AddRateLimited(key K) bool {
	requeues, alive := q.requeue(key)
	switch {
	case requeues < 0:
		return false
	case !alive && q.bury != nil:
		q.bury(key, requeues)
		return false
	case !alive:
		klog.Background().Error(nil, "Gave up a key that failed too often", "queue", q.name, "key", key, "requeues", requeues)
		return false
	}
	// The limiter is not called under the lock: it has its own, and may be the user's.
	q.addLater(key, q.limiter.When(requeues), Retried)
	return true
}

// requeue counts a requeue. It returns how many there had been before, −1 after ShutDown, and false if these were all that the
// key gets; then the count starts anew.
func (q *Queue[K]) requeue(key K) (before int, alive bool) {
	h := q.items.hashOf(key)
	q.lock()
	defer q.unlock()
	if q.closed {
		return -1, false
	}
	it := q.items.obtain(key, h)
	before = int(it.requeues)
	if q.most > 0 && before >= q.most {
		it.requeues = 0
		q.counts.buried++
		q.items.drop(it)
		return before, false
	}
	if it.requeues < math.MaxInt32 {
		it.requeues++
	}
	q.counts.retries++
	return before, true
}

// Forget sets the key's count of requeues to zero. It does not touch the key otherwise: one that is queued, delayed or
// running stays so. A queue remembers each key with a count until Forget is called.
func (q *Queue[K]) Forget(key K) {
	h := q.items.hashOf(key)
	if !q.tryLock() {
		q.leave(errand[K]{do: forgetting, key: key, hash: h})
		return
	}
	defer q.unlock()
	q.forget(key, h)
}

func (q *Queue[K]) forget(key K, hash uint32) {
	if it := q.items.find(key, hash); it != nil && it.requeues != 0 {
		it.requeues = 0
		q.items.drop(it)
	}
}

// NumRequeues returns how often AddRateLimited was called for the key since it was forgotten.
func (q *Queue[K]) NumRequeues(key K) int {
	h := q.items.hashOf(key)
	q.lock()
	defer q.unlock()
	if it := q.items.find(key, h); it != nil {
		return int(it.requeues)
	}
	return 0
}

// MaxRetries gives a key up after so many calls of AddRateLimited without a Forget: the next one does not queue the key but calls
// dead, on the caller's goroutine and without a lock, with the number of requeues there have been, and forgets them. The key can
// be added again at any time. A nil dead writes an error to the log instead. Zero or less: no limit.
func MaxRetries[K comparable](most int, dead func(key K, requeues int)) Layer[K] {
	return func(q *Queue[K]) { q.most, q.bury = most, dead }
}

// deadLetters is set by New and never changes.
type deadLetters[K comparable] struct {
	most int
	bury func(K, int)
	name string
}
