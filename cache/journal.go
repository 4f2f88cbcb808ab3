package cache

import (
	"slices"
	"sync"

	"github.com/sheaf-dev/sheaf/resource"
)

// notice is one thing that handlers are told: an add (old is nil), a delete (new is nil), or an update.
type notice struct {
	old, new resource.Object
	unknown  bool // of a delete: the final state is unknown
}

// object is the newest object that the notice has.
func (n *notice) object() resource.Object {
	if n.new != nil {
		return n.new
	}
	return n.old
}

// segment is a piece of the journal. It is immutable from the moment ready is closed.
type segment struct {
	notices []notice
	weight  int64 // of everything in the journal before this segment, in bytes
	count   int64 // notices in the journal before this segment
	initial bool  // its adds are the initial state
	syncs   bool  // after it, the initial state is complete
	ready   chan struct{}
	next    *segment
}

func newSegment() *segment { return &segment{ready: make(chan struct{})} }

// journal is the log of notices that all handlers share. Each handler holds the segment that it reads; what all of them have passed
// is garbage.
type journal struct {
	bound int64 // bytes that a handler may be behind before its notices are coalesced

	// mu owns the rest. It is held while a batch is committed to the store and appended, so that for whoever holds it the store and the
	// journal agree. It is taken before a listener's own lock.
	mu        sync.Mutex
	tail      *segment // the one that is not filled yet
	weight    int64    // of everything appended so far
	count     int64
	listeners []*listener
}

// maxSegment is the number of notices from which on a batch takes several segments, so that memory is let go in between.
const maxSegment = 1000

// noticeWeight is what a notice weighs beside the object that it alone keeps alive.
const noticeWeight = 64

// batch is what one transaction tells the handlers.
type batch struct {
	notices []notice
	weights []int64 // of each notice
	initial bool
	syncs   bool
}

func (b *batch) add(n notice, weight int64) {
	b.notices = append(b.notices, n)
	b.weights = append(b.weights, weight)
}

// append adds a batch to the journal, with mu held.
func (j *journal) append(b *batch) {
	if len(b.notices) == 0 && !b.syncs {
		return
	}
	j.relieve()
	for first := true; first || len(b.notices) > 0; first = false {
		n := min(len(b.notices), maxSegment)
		s := j.tail
		s.notices, s.initial = b.notices[:n:n], b.initial
		for _, w := range b.weights[:n] {
			j.weight += w
		}
		j.count += int64(n)
		b.notices, b.weights = b.notices[n:], b.weights[n:]
		s.syncs = b.syncs && len(b.notices) == 0
		next := newSegment()
		next.weight, next.count = j.weight, j.count
		s.next, j.tail = next, next
		for _, l := range j.listeners {
			l.offer(s)
		}
		close(s.ready)
	}
}

// relieve moves those who are too far behind to coalesced delivery.
func (j *journal) relieve() {
	for _, l := range j.listeners {
		if l.lag(j) > j.bound {
			l.coalesce(j)
		}
	}
}

func (j *journal) remove(l *listener) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.listeners = slices.DeleteFunc(j.listeners, func(other *listener) bool { return other == l })
}
