package workqueue

import (
	"fmt"
	"math"
)

// check compares the queue's structures with each other and returns the first contradiction.
func (q *Queue[K]) check() error {
	q.lock()
	defer q.unlock()
	for _, check := range []func() error{q.checkTable, q.checkReady, q.checkDelays, q.checkRunning, q.checkParked} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (q *Queue[K]) checkTable() error {
	size := 0
	var err error
	q.items.all(func(it *item[K]) {
		size++
		switch {
		case it.state == 0 && it.requeues == 0:
			err = fmt.Errorf("%v is remembered for nothing", it.key)
		case it.has(queued) && it.has(running|again), it.has(again) && !it.has(running):
			err = fmt.Errorf("%v has the state %b", it.key, it.state)
		case it.has(queued) != (it.flow != nil):
			err = fmt.Errorf("%v is queued: %v, but its flow is %v", it.key, it.has(queued), it.flow)
		case it.has(queued|again) != (it.why != 0), it.has(delayed) != (it.dueWhy != 0):
			err = fmt.Errorf("%v has state %b for the reasons %v, %v", it.key, it.state, it.why, it.dueWhy)
		case q.items.find(it.key, hash(it.key)) != it:
			err = fmt.Errorf("%v is not found by its key", it.key)
		}
	})
	for i, it := range q.items.few {
		if want := !q.items.hashed.Load() && i < q.items.size; want != (it != nil) {
			return fmt.Errorf("the table has %d items, hashed: %v, and %v in place %d", q.items.size, q.items.hashed.Load(), it, i)
		}
	}
	if err == nil && size != q.items.size {
		err = fmt.Errorf("the table has %d items and counts %d", size, q.items.size)
	}
	return err
}

func (q *Queue[K]) checkReady() error {
	size := 0
	for level := range q.ready.bands {
		b := &q.ready.bands[level]
		if waiting := q.ready.waiting&(1<<level) != 0; waiting != (b.turn != nil) {
			return fmt.Errorf("level %d waits: %v, but it is %v's turn", level, waiting, b.turn)
		}
		flows := 0
		for f := b.turn; f != nil; {
			if f.head == nil || f.credit < 1 || f.credit > f.weight || f.next.prev != f {
				return fmt.Errorf("level %d: the flow %q is broken: %+v", level, f.name, f)
			}
			for it := f.head; it != nil; it = it.next {
				if it.flow != f || !it.has(queued) || int(it.priority-Lowest) != level {
					return fmt.Errorf("%v is in the wrong flow: %+v", it.key, it)
				}
				size++
			}
			flows++
			if f = f.next; f == b.turn {
				break
			}
		}
		if b.of != nil && flows != len(b.flows) {
			return fmt.Errorf("level %d has %d flows and remembers %d", level, flows, len(b.flows))
		}
	}
	if size != q.ready.size {
		return fmt.Errorf("%d items are queued and %d counted", size, q.ready.size)
	}
	return nil
}

func (q *Queue[K]) checkDelays() error {
	d := &q.delays
	for i, e := range d.heap {
		if e.it.slot != int32(i) || e.it.due != e.due || !e.it.has(delayed) {
			return fmt.Errorf("the entry %d of the heap is not its item's: %+v", i, e.it)
		}
		if i > 0 && d.heap[(i-1)/children].due > e.due {
			return fmt.Errorf("the entry %d of the heap is earlier than its parent", i)
		}
	}
	if len(d.heap) > 0 && (d.armed > d.heap[0].due || q.closed) {
		return fmt.Errorf("%d items are delayed, the first until %d, and the timer is set to %d", len(d.heap), d.heap[0].due, d.armed)
	}
	if d.armed != math.MaxInt64 && d.timer == nil {
		return fmt.Errorf("no timer, but set to %d", d.armed)
	}
	n := 0
	q.items.all(func(it *item[K]) {
		if it.has(delayed) {
			n++
		}
	})
	if n != len(d.heap) {
		return fmt.Errorf("%d items are delayed and %d in the heap", n, len(d.heap))
	}
	return nil
}

func (q *Queue[K]) checkRunning() error {
	n, sum := 0, int64(0)
	for it := q.running.head; it != nil; it = it.next {
		if !it.has(running) {
			return fmt.Errorf("%v does not run", it.key)
		}
		n++
		sum += it.started
	}
	if n != q.active || sum != q.started {
		return fmt.Errorf("%d items run since %d, counted %d and %d", n, sum, q.active, q.started)
	}
	return nil
}

func (q *Queue[K]) checkParked() error {
	if q.parked.top != nil && (q.ready.size > 0 || q.closed) {
		return fmt.Errorf("workers wait, and %d keys are queued (closed: %v)", q.ready.size, q.closed)
	}
	if over := q.closed && q.active == 0 && q.ready.size == 0; over != q.ended {
		return fmt.Errorf("ended: %v, want %v", q.ended, over)
	}
	return nil
}
