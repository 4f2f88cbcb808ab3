package cache

import (
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/sheaf-dev/sheaf/cache/store"
	"github.com/sheaf-dev/sheaf/resource"
)

// notice is one thing that handlers are told: an add (old is nil), a delete (new is nil), or an update.
type notice struct {
	old, new resource.Object
	body     int32 // what the old object takes in memory, an estimate in bytes; nobody else keeps it alive
	unknown  bool  // of a delete: the final state is unknown
}

// weight is what the journal counts for a notice.
func (n *notice) weight() int64 { return noticeWeight + int64(n.body) }

// object is the newest object that the notice has.
func (n *notice) object() resource.Object {
	if n.new != nil {
		return n.new
	}
	return n.old
}

// opened returns the notice with objects that handlers can use.
func (n *notice) opened() notice {
	open := *n
	open.old, open.new = store.Open(n.old), store.Open(n.new)
	return open
}

// segment is a piece of the journal. It is immutable from the moment ready is closed.
type segment struct {
	notices []notice
	weight  int64     // of everything in the journal before this segment, in bytes
	count   int64     // notices in the journal before this segment
	initial bool      // its adds are the initial state
	syncs   bool      // after it, the initial state is complete
	at      time.Time // when it was filled
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
	mu   sync.Mutex
	tail *segment // the one that is not filled yet

	// figures is locked, too, where the rest changes. A status reads it with figures alone: index functions run while mu is held, and if one hangs,
	// that must be seen.
	figures   sync.Mutex
	weight    int64 // of everything appended so far
	count     int64
	listeners []*listener
}

// A batch with more notices than this, or more bytes, takes several segments, so that memory is let go in between, and so that nobody
// gets further behind than the bound and one segment.
const (
	maxSegment       = 1000
	maxSegmentWeight = 1 << 20
)

// noticeWeight is what a notice weighs beside the object that it alone keeps alive, in bytes.
const noticeWeight = 64

// batch is what one transaction tells the handlers.
type batch struct {
	notices []notice
	initial bool
	syncs   bool
}

func (b *batch) add(n notice) { b.notices = append(b.notices, n) }

// append adds a batch to the journal, with mu held.
func (j *journal) append(b *batch) {
	if len(b.notices) == 0 && !b.syncs {
		return
	}
	now := time.Now()
	for split := false; ; split = true {
		j.relieve()
		n, weight := b.segment()
		s := j.tail
		s.notices, s.initial, s.at = b.notices[:n], b.initial, now
		if split = split || n < len(b.notices); split {
			s.notices = slices.Clone(s.notices) // who is stuck in one segment must not keep the others alive
		}
		b.notices = b.notices[n:]
		s.syncs = b.syncs && len(b.notices) == 0
		j.figures.Lock()
		j.weight += weight
		j.count += int64(n)
		j.figures.Unlock()
		next := newSegment()
		next.weight, next.count = j.weight, j.count
		s.next, j.tail = next, next
		for _, l := range j.listeners {
			l.offer(s)
		}
		close(s.ready)
		if len(b.notices) == 0 {
			return
		}
	}
}

// segment returns how many of the batch's notices go into the next segment, and their weight.
func (b *batch) segment() (n int, weight int64) {
	for n < len(b.notices) && n < maxSegment && (n == 0 || weight+b.notices[n].weight() <= maxSegmentWeight) {
		weight += b.notices[n].weight()
		n++
	}
	return n, weight
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
	j.figures.Lock()
	j.listeners = slices.DeleteFunc(j.listeners, func(other *listener) bool { return other == l })
	j.figures.Unlock()
	l.letGo()
}

// initialState returns segments before the end, which are nobody's but one late handler's, with adds of the objects that are there; nil: there is
// nothing to tell. They are as long as the others, for the same reason. mu is held.
func (j *journal) initialState(objects iter.Seq[resource.Object], n int, synced bool) *segment {
	if n == 0 && !synced {
		return nil
	}
	now := time.Now()
	left := int64(n)
	next := func() *segment {
		s := newSegment()
		s.initial, s.at, s.weight, s.count = true, now, j.weight, j.count-left
		s.notices = make([]notice, 0, min(left, maxSegment))
		return s
	}
	first := next()
	last := first
	for o := range objects {
		if len(last.notices) == maxSegment {
			close(last.ready)
			last.next = next()
			last = last.next
		}
		last.notices = append(last.notices, notice{new: o})
		left--
	}
	last.syncs, last.next = synced, j.tail
	close(last.ready)
	return first
}
