package cache

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/klog/v2"

	"github.com/sheaf-dev/sheaf/cache/store"
	"github.com/sheaf-dev/sheaf/resource"
)

// listener delivers notices to one handler, from one goroutine. It follows the journal, segment by segment; when it is too far behind, or
// if the handler wants it so, it has a backlog instead.
type listener struct {
	handler EventHandler
	opts    HandlerOptions
	journal *journal
	reader  *store.Reader

	signal chan struct{} // has room for one: look at the backlog
	gone   chan struct{} // closed by remove
	synced chan struct{} // closed when the initial state has been delivered
	done   chan struct{} // closed when the last call has returned
	once   struct{ gone, synced, done sync.Once }

	// state says whether a call is running and whether another may begin; see begin. Its upper bits count the notices of the
	// segment that were delivered, or are being.
	state     atomic.Uint64
	goroutine atomic.Uint64
	calls     atomic.Int64
	panics    atomic.Int64
	busy      atomic.Int64 // nanoseconds in calls that have returned, and between the calls of a segment
	oldest    atomic.Int64 // when the notices that are being delivered became pending, in nanoseconds since 1970; 0: none are

	mu      sync.Mutex // owns log to panic; taken after the journal's
	log     klog.Logger
	segment *segment // the one being read; nil: there is a backlog
	backlog *backlog
	moves   int   // how often it fell behind
	cut     int64 // objects of which only a skeleton was kept, in earlier backlogs
	merged  int64 // notices that became part of another, in earlier backlogs
	moved   time.Time
	panic   string // the last one

	// The rest belongs to the goroutine.
	passed map[resource.Key]struct{} // what passed the filter
	resync []resource.Key            // what the running resync has still to deliver
}

func newListener(handler EventHandler, opts HandlerOptions, journal *journal, reader *store.Reader) *listener {
	if opts.Name == "" {
		opts.Name = fmt.Sprintf("%T", handler)
	}
	l := &listener{
		handler: handler, opts: opts, journal: journal, reader: reader,
		signal: make(chan struct{}, 1), gone: make(chan struct{}), synced: make(chan struct{}), done: make(chan struct{}),
		log: klog.Background(),
	}
	if opts.Filter != nil {
		l.passed = map[resource.Key]struct{}{}
	}
	return l
}

// Bits of a listener's state, and the one notice that its upper bits count in.
const (
	calling uint64 = 1 << iota // a call is running
	removed                    // no call may begin any more
	behind                     // no notice of the journal may be delivered: they are in the backlog
	one
)

// begin is called before each call of the handler. Unless one of the given bits is set, it marks the call as running and counts its
// notices, in one step: whoever sets a bit knows which calls have begun.
func (l *listener) begin(notices, unless uint64) bool {
	for {
		s := l.state.Load()
		if s&unless != 0 {
			return false
		}
		if l.state.CompareAndSwap(s, s+notices|calling) {
			return true
		}
	}
}

func (l *listener) end() { l.state.And(^calling) }

// run delivers until the context is done or the listener is removed.
func (l *listener) run(ctx context.Context) {
	defer l.finish()
	l.goroutine.Store(goroutineID())
	var resync <-chan time.Time
	if l.opts.Resync > 0 {
		ticker := time.NewTicker(max(l.opts.Resync, MinResync))
		defer ticker.Stop()
		resync = ticker.C
	}
	for l.state.Load()&removed == 0 && ctx.Err() == nil {
		following, ready := l.position()
		if !following && l.drain(ctx) {
			continue
		}
		select {
		case <-ready:
			l.play(ctx)
			continue
		default:
		}
		if l.resyncNext() {
			continue
		}
		select {
		case <-ready:
		case <-l.signal:
		case <-resync:
			l.beginResync()
		case <-l.gone:
		case <-ctx.Done():
		}
	}
}

func (l *listener) finish() { l.once.done.Do(func() { close(l.done) }) }

// position says whether the listener follows the journal, and when the segment that it is at can be read.
func (l *listener) position() (following bool, ready <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.segment == nil {
		return false, nil
	}
	return true, l.segment.ready
}

// play delivers what is left of the segment, and goes on to the next. While a call runs it holds on to the notices of this segment alone:
// through the segment itself, a call that never returns would keep the whole journal after it alive.
func (l *listener) play(ctx context.Context) {
	notices, initial, at, ok := l.pending()
	if !ok {
		return
	}
	defer l.working(at)()
	done := ctx.Done()
	for i := int(l.state.Load() / one); i < len(notices); i++ {
		select {
		case <-done:
			return
		default:
		}
		if !l.begin(one, removed|behind) {
			return
		}
		l.deliver(&notices[i], initial, false)
		l.end()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.segment == nil || l.state.Load()&removed != 0 { // it fell behind with the last notice, or was let go
		return
	}
	if l.segment.syncs {
		l.markSynced()
	}
	l.segment = l.segment.next
	l.state.And(one - 1)
}

// pending returns the notices of the segment that the listener is at.
func (l *listener) pending() (notices []notice, initial bool, at time.Time, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.segment == nil {
		return nil, false, time.Time{}, false
	}
	return l.segment.notices, l.segment.initial, l.segment.at, true
}

// working notes that notices are being delivered that became pending at a time, until the function that it returns is called.
func (l *listener) working(at time.Time) (over func()) {
	began := time.Now()
	l.oldest.Store(at.UnixNano())
	return func() {
		l.busy.Add(int64(time.Since(began)))
		l.oldest.Store(0)
	}
}

func (l *listener) markSynced() { l.once.synced.Do(func() { close(l.synced) }) }

// drain delivers the backlog. It returns false when there is nothing to do but wait for more.
func (l *listener) drain(ctx context.Context) bool {
	for ctx.Err() == nil {
		e := l.takePending()
		if e == nil {
			return l.rejoin()
		}
		if !l.deliverAll(e) {
			return true
		}
	}
	return true
}

// deliverAll delivers what an entry stands for. It returns false when the listener was removed.
func (l *listener) deliverAll(e *entry) bool {
	defer l.working(e.at)()
	for _, n := range e.notices() {
		if !l.begin(0, removed) {
			return false
		}
		l.deliver(&n, e.initial, false)
		l.end()
	}
	return true
}

// takePending returns what is to be delivered next, when the calls for what it returned before are over.
func (l *listener) takePending() *entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.backlog
	if b == nil { // it was let go
		return nil
	}
	b.running = false
	if b.complete() {
		l.markSynced()
	}
	e := b.take()
	b.running = e != nil && e.initial
	return e
}

// rejoin goes back to following the journal when nothing is pending, unless the handler wants its notices coalesced.
func (l *listener) rejoin() bool {
	if l.opts.Coalesce {
		return false
	}
	l.journal.mu.Lock()
	defer l.journal.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state.Load()&removed != 0 || l.backlog.order.Len() > 0 {
		return true
	}
	if l.backlog.complete() {
		l.markSynced()
	}
	l.dropBacklog()
	l.segment = l.journal.tail
	l.state.And(removed)
	l.log.Info("The handler has caught up: every event is delivered again", "handler", l.opts.Name, "behindFor", time.Since(l.moved))
	return true
}

// dropBacklog ends the backlog. The lock is held.
func (l *listener) dropBacklog() {
	l.cut += l.backlog.cut
	l.merged += l.backlog.merged
	l.backlog = nil
}

// letGo takes a listener that was removed off the journal, whose lock is held: somebody may hold on to its registration, and through its place to
// all that comes after.
func (l *listener) letGo() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.backlog != nil {
		l.dropBacklog()
	}
	l.segment = newSegment() // which is never filled
}

// attach places a listener at the end of the journal, whose lock is held, with the objects that are there as its initial state.
func (l *listener) attach(initial *segment) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.segment = l.journal.tail
	if initial != nil {
		l.segment = initial
	}
	if l.opts.Coalesce {
		l.startBacklog(l.journal)
	}
}

// offer gives a new segment to a listener that does not follow the journal, whose lock is held.
func (l *listener) offer(s *segment) {
	if l.state.Load()&behind == 0 { // only set with the journal's lock
		return
	}
	l.mu.Lock()
	l.backlog.feed(s, 0)
	if l.backlog.complete() {
		l.markSynced()
	}
	l.mu.Unlock()
	select {
	case l.signal <- struct{}{}:
	default:
	}
}

// lag returns how many bytes the listener keeps in the journal, whose lock is held.
func (l *listener) lag(j *journal) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.segment == nil {
		return 0
	}
	return j.weight - l.segment.weight
}

// coalesce moves a listener to coalesced delivery. The journal's lock is held.
func (l *listener) coalesce(j *journal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.moves++
	l.moved = time.Now()
	lag := j.weight - l.segment.weight
	l.startBacklog(j)
	l.log.Info("A handler is too far behind: until it has caught up, it gets only the newest change of each object",
		"handler", l.opts.Name, "behindBytes", lag, "boundBytes", j.bound, "pending", l.backlog.order.Len(), "times", l.moves)
	select {
	case l.signal <- struct{}{}:
	default:
	}
}

// startBacklog makes a backlog of what has not been delivered. Both locks are held.
func (l *listener) startBacklog(j *journal) {
	before := l.state.Or(behind)
	b := newBacklog(l.opts.DropUnseen, j.bound)
	b.running = before&calling != 0
	for s, from := l.segment, int(before/one); s != j.tail; s, from = s.next, 0 {
		b.feed(s, from)
	}
	l.backlog, l.segment = b, nil
	if b.complete() {
		l.markSynced()
	}
}
