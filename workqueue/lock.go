package workqueue

// errand is what a worker wants who found the lock taken. Whoever holds the lock does it before he lets go. So no worker sleeps on the lock: if
// the one who holds it loses the processor, all others would come to sleep there, and be woken one after the other.
type errand[K comparable] struct {
	next   *errand[K] // while it waits: the one left before; then: the one left after
	do     chore
	key    K
	hash   uint32
	worker *worker[K] // taking: who waits for a key
	now    int64
	worked int64 // what finish has returned
}

// chore is what there is to do. Adding is none: a worker leaves an errand or two, but somebody who adds keys could leave any number.
type chore uint8

const (
	taking chore = iota
	finishing
	forgetting
)

// lock waits for the lock. When it returns, all that was left before has been done.
func (q *Queue[K]) lock() {
	q.mu.Lock()
	if q.left.Load() != nil {
		q.catchUp()
	}
}

// tryLock is lock, or returns false if that would have to wait.
func (q *Queue[K]) tryLock() bool {
	if !q.mu.TryLock() {
		return false
	}
	if q.left.Load() != nil {
		q.catchUp()
	}
	return true
}

// unlock releases the lock, wakes the workers that are to be woken, and does what was left meanwhile.
func (q *Queue[K]) unlock() {
	if q.woken == nil && q.helped == nil {
		q.mu.Unlock()
	} else {
		q.release()
	}
	if q.left.Load() != nil {
		q.help()
	}
}

// leave leaves an errand, after tryLock returned false.
func (q *Queue[K]) leave(what errand[K]) {
	e, ok := q.errands.Get().(*errand[K])
	if !ok {
		e = new(errand[K])
	}
	*e = what
	for added := false; !added; {
		e.next = q.left.Load()
		added = q.left.CompareAndSwap(e.next, e)
	}
	q.help() // who held the lock may have released it before he could see this
}

// help does what was left, unless somebody holds the lock: then he does.
func (q *Queue[K]) help() {
	for q.left.Load() != nil && q.tryLock() {
		q.release()
	}
}

// catchUp does what was left, in that order.
func (q *Queue[K]) catchUp() {
	for e := q.left.Swap(nil); e != nil; {
		e, e.next, q.helped = e.next, q.helped, e
	}
	for e := q.helped; e != nil; e = e.next {
		q.perform(e)
	}
}

// perform does one errand. A panic, of the user's flow function, waits until the lock is released.
func (q *Queue[K]) perform(e *errand[K]) {
	defer func() {
		if p := recover(); p != nil {
			q.panicked = p
		}
	}()
	switch e.do {
	case taking:
		q.serve(e.worker, e.now)
	case finishing:
		e.worked = q.finish(e.key, e.hash, e.now)
	case forgetting:
		q.forget(e.key, e.hash)
	}
}

// wake makes a worker be woken when the lock is released.
func (q *Queue[K]) wake(w *worker[K]) { w.next, q.woken = q.woken, w }

// release releases the lock, and then does what needs none: waking workers, telling the metrics.
func (q *Queue[K]) release() {
	w, e, p := q.woken, q.helped, q.panicked
	q.woken, q.helped, q.panicked = nil, nil, nil
	q.mu.Unlock()
	for w != nil {
		next := w.next
		w.next = nil
		w.wake <- struct{}{} // from here on it is no longer ours
		w = next
	}
	for e != nil {
		next := e.next
		if e.do == finishing {
			q.report(e.worked)
		}
		*e = errand[K]{}
		q.errands.Put(e)
		e = next
	}
	if p != nil {
		panic(p)
	}
}
