package workqueue

import "fmt"

// state is what an item is in at the moment. An item may be running, wanted again and delayed at once; it is never both queued and
// running, for then a second worker could get it.
type state uint8

const (
	queued  state = 1 << iota // in a flow's list
	running                   // in the running list
	again                     // to be queued when its run is done; only while running
	delayed                   // in the heap
)

// item is all that the queue knows of one key. It exists while the key has a state or a count of requeues.
type item[K comparable] struct {
	key      K
	chain    *item[K] // the next one in the table's bucket
	due      int64    // delayed: until when. Times are nanoseconds since the queue's epoch.
	hash     uint32   // zero: not known yet
	slot     int32    // delayed: its place in the heap
	requeues int32
	state    state
	priority Priority // queued or again
	dueLevel Priority // delayed
	dueWhy   Reason
	// What delays need ends here, so that it is in one line of the processor's cache, or two.
	next, prev *item[K] // in the list that holds it: a flow's, the running one, or (next only) the free one
	flow       *flow[K] // queued: where
	since      int64    // queued or again: since when, if the queue has metrics
	started    int64    // running: since when
	why        Reason   // queued or again
	runWhy     Reason   // running
	runLevel   Priority
}

func (it *item[K]) has(s state) bool { return it.state&s != 0 }

// list is a doubly linked list through the items themselves.
type list[K comparable] struct {
	head, tail *item[K]
}

func (l *list[K]) push(it *item[K]) {
	it.prev, it.next = l.tail, nil
	if l.tail == nil {
		l.head = it
	} else {
		l.tail.next = it
	}
	l.tail = it
}

func (l *list[K]) remove(it *item[K]) {
	if it.prev == nil {
		l.head = it.next
	} else {
		it.prev.next = it.next
	}
	if it.next == nil {
		l.tail = it.prev
	} else {
		it.next.prev = it.prev
	}
	it.next, it.prev = nil, nil
}

// Reason says what made a key wait or run. Reasons add up while a key waits.
type Reason uint8

// The reasons.
const (
	Added   Reason = 1 << iota // by Add or AddPriority
	Delayed                    // by AddAfter
	Retried                    // by AddRateLimited
)

// String joins the reasons' names, such as "added" or "added+retried".
func (r Reason) String() string {
	text := ""
	for i, name := range [...]string{"added", "delayed", "retried"} {
		if r&(1<<i) != 0 {
			if text != "" {
				text += "+"
			}
			text += name
		}
	}
	if text == "" {
		return fmt.Sprintf("Reason(%d)", uint8(r))
	}
	return text
}
