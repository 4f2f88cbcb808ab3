package workqueue

// worker is a call of Get that waits. Whoever takes it out of the parked ones fills it in and sends exactly one value.
type worker[K comparable] struct {
	wake   chan struct{} // holds one value, so that waking never blocks
	next   *worker[K]
	prev   *worker[K]
	in     bool // parked; owned by the queue's lock
	key    K
	waited int64
	got    bool
}

// parked is the waiting workers. The last to come is the first to go: its stack and caches are warm.
type parked[K comparable] struct {
	top *worker[K]
}

func (p *parked[K]) push(w *worker[K]) {
	w.next, w.prev, w.in = p.top, nil, true
	if p.top != nil {
		p.top.prev = w
	}
	p.top = w
}

func (p *parked[K]) pop() *worker[K] {
	w := p.top
	if w != nil {
		p.remove(w)
	}
	return w
}

func (p *parked[K]) remove(w *worker[K]) {
	if w.prev == nil {
		p.top = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next != nil {
		w.next.prev = w.prev
	}
	w.next, w.prev, w.in = nil, nil, false
}

// worker returns an unused worker. They are pooled by queue, not by program, because a channel that was made in fake time
// cannot be used outside it.
func (q *Queue[K]) worker() *worker[K] {
	if w, ok := q.idle.Get().(*worker[K]); ok {
		return w
	}
	return &worker[K]{wake: make(chan struct{}, 1)}
}

// await waits until the worker is woken or done is closed, and gives up the worker. A key that is given at the moment when
// done is closed is returned: it must not get lost.
func (q *Queue[K]) await(w *worker[K], done <-chan struct{}) (key K, waited int64, got bool) {
	select {
	case <-w.wake:
	case <-done:
		if !q.unpark(w) {
			<-w.wake
		}
	}
	key, waited, got = w.key, w.waited, w.got
	*w = worker[K]{wake: w.wake}
	q.idle.Put(w)
	return key, waited, got
}

// unpark says whether the worker was still parked, and nobody is going to wake it.
func (q *Queue[K]) unpark(w *worker[K]) bool {
	q.lock()
	defer q.unlock()
	if !w.in {
		return false
	}
	q.parked.remove(w)
	return true
}
