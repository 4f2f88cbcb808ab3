package reflector

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// Status is what a reflector is doing, at one moment.
type Status struct {
	Phase Phase
	// Since is when the phase began.
	Since time.Time
	// Next is what follows the wait, for BackingOff and Missing, and Until when.
	Next  Phase
	Until time.Time
	// Page is the page being read, for Listing; the first is 1.
	Page int
	// Read counts the objects of the full state that is being read, for Streaming and Listing.
	Read int
	// ResourceVersion is the version that the next watch resumes at. It follows the store, connection by connection.
	ResourceVersion string
	// LastEvent, LastBookmark and LastRead are when the last event, bookmark and full state came; zero: never.
	LastEvent, LastBookmark, LastRead time.Time
	// LastFailure is the last thing that went wrong; nil: nothing ever.
	LastFailure *Failure
	// Failures counts all of them, by class.
	Failures map[Class]int
	// Reads counts the full states read, by the reason why. The first is "initial". ReadTime is how long all of them took, from the
	// request to the commit.
	Reads    map[string]int
	ReadTime time.Duration
	// Watches counts the watches that have ended, and WatchTime is how long these lasted. A stream of the initial state is one from its
	// beginning. Bookmarks counts the bookmarks of all watches.
	Watches   int
	WatchTime time.Duration
	Bookmarks int64
	// NoStreaming says that initial states are listed: because the user or the source wants it so, or because the server was found unable to
	// stream them. FellBack is how this reflector found that: the class of its last failure to stream; None: it did not.
	NoStreaming bool
	FellBack    Class
}

// LastNews is when the server last said anything about the state of the collection.
func (s *Status) LastNews() time.Time {
	last := s.LastRead
	for _, t := range []time.Time{s.LastEvent, s.LastBookmark} {
		if t.After(last) {
			last = t
		}
	}
	return last
}

// board is where Run writes what it does and Status reads it.
type board struct {
	mu     sync.Mutex // owns status
	status Status

	// What changes with each event has no lock. Times are in nanoseconds since 1970, 0: never.
	event, bookmark, read atomic.Int64
	bookmarks             atomic.Int64 // counts them
}

func (b *board) update(change func(*Status)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(&b.status)
}

// enter records what a state does, at the moment it begins.
func (b *board) enter(s state) {
	b.update(func(st *Status) {
		if st.Phase != s.phase {
			st.Phase, st.Since = s.phase, time.Now()
			b.read.Store(0)
		}
		st.Page, st.Next, st.Until = 0, 0, time.Time{}
		if s.phase == Listing {
			st.Page = s.page
		}
		st.ResourceVersion, st.NoStreaming = s.version, s.noStream
	})
}

// pause records a wait.
func (b *board) pause(s state, d time.Duration) {
	b.update(func(st *Status) {
		phase := BackingOff
		if s.missing {
			phase = Missing
		}
		if st.Phase != phase {
			st.Phase, st.Since = phase, time.Now()
		}
		st.Next, st.Until, st.Page = s.phase, time.Now().Add(d), 0
	})
}

func (b *board) stop() {
	b.update(func(st *Status) {
		st.Phase, st.Since, st.Page, st.Next, st.Until = Stopped, time.Now(), 0, 0, time.Time{}
	})
}

func (b *board) failed(f *Failure) {
	b.update(func(st *Status) {
		st.LastFailure = f
		if st.Failures == nil {
			st.Failures = map[Class]int{}
		}
		st.Failures[f.Class]++
	})
}

// fellBack records that the server cannot stream initial states, and how that was found.
func (b *board) fellBack(class Class) { b.update(func(st *Status) { st.FellBack = class }) }

// watched counts a watch that has ended.
func (b *board) watched(lasted time.Duration) {
	b.update(func(st *Status) {
		st.Watches++
		st.WatchTime += lasted
	})
}

// complete counts a full state.
func (b *board) complete(why string, took time.Duration) {
	b.update(func(st *Status) {
		if st.Reads == nil {
			st.Reads = map[string]int{}
		}
		st.Reads[why]++
		st.ReadTime += took
		st.LastRead = time.Now()
	})
}

func (b *board) snapshot() Status {
	b.mu.Lock()
	s := b.status
	s.Failures, s.Reads = maps.Clone(s.Failures), maps.Clone(s.Reads)
	b.mu.Unlock()
	s.LastEvent, s.LastBookmark = moment(b.event.Load()), moment(b.bookmark.Load())
	s.Bookmarks = b.bookmarks.Load()
	if s.Phase == Streaming || s.Phase == Listing {
		s.Read = int(b.read.Load())
	}
	return s
}

func moment(nanoseconds int64) time.Time {
	if nanoseconds == 0 {
		return time.Time{}
	}
	return time.Unix(0, nanoseconds)
}
