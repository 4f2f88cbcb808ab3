package apitest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Fault makes the server misbehave on some requests.
type Fault struct {
	On     Match   // which requests
	Skip   int     // how many of them are served well first
	Times  int     // how many are hit then; zero: all, until the fault is removed
	Chance float64 // the probability of a hit, by Options.Seed; zero: always
	Do     Action  // what happens
}

// Injected is a fault at work.
type Injected struct {
	fault   Fault
	list    *faultList
	removed chan struct{}

	// The list's lock owns the rest.
	seen, hits int
	gone       bool
}

// Remove ends the fault. Answers that it has stalled go on.
func (f *Injected) Remove() {
	f.list.mu.Lock()
	defer f.list.mu.Unlock()
	if f.gone {
		return
	}
	f.gone = true
	close(f.removed)
	f.list.faults = slices.DeleteFunc(f.list.faults, func(other *Injected) bool { return other == f })
}

// Hits returns how many requests the fault has hit.
func (f *Injected) Hits() int {
	f.list.mu.Lock()
	defer f.list.mu.Unlock()
	return f.hits
}

// faultList holds the faults at work.
type faultList struct {
	mu     sync.Mutex // owns all below, and the counters of the faults
	faults []*Injected
	random *rand.Rand
}

// Inject puts a fault to work until it has hit as often as it should, or is removed. A request may be hit by several
// faults, in the order in which they were injected.
func (s *Server) Inject(f Fault) *Injected {
	injected := &Injected{fault: f, list: &s.faults, removed: make(chan struct{})}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.faults = append(s.faults.faults, injected)
	return injected
}

// take returns the faults that hit a request.
func (l *faultList) take(r *Request) []*Injected {
	l.mu.Lock()
	defer l.mu.Unlock()
	var hit []*Injected
	for _, f := range l.faults {
		if !f.fault.On.matches(r) {
			continue
		}
		f.seen++
		if f.seen <= f.fault.Skip || f.fault.Times > 0 && f.hits >= f.fault.Times {
			continue
		}
		if f.fault.Chance > 0 && l.random.Float64() >= f.fault.Chance {
			continue
		}
		f.hits++
		hit = append(hit, f)
	}
	return hit
}

// RefuseConnections makes new connections fail as if nobody listened, until it is called with false. Open connections live on.
func (s *Server) RefuseConnections(refuse bool) { s.conns.refuse(refuse) }

// CutConnections resets all open connections.
func (s *Server) CutConnections() { s.conns.cutAll() }

// Compact forgets all past states, so that whatever asks for a resourceVersion before the newest is answered by 410 Expired, and
// watches that have not been sent all changes end with that.
func (s *Server) Compact() { s.history.Compact(0) }

// EndWatches ends the open watches of a resource after what they have still to send: in order, as at their time-out, or by an ERROR event,
// such as that of apierrors.NewResourceExpired. Watches may be opened anew.
func (s *Server) EndWatches(r Definer, err error) { s.tableOf(r).EndWatches(err) }

// HoldWatches keeps back what watches of a resource, open or new, have to send of changes after a resourceVersion, and bookmarks; connections
// stay open. The empty resourceVersion is the newest. Initial events are sent. A second call replaces the first; ReleaseWatches ends it. It
// panics on a resourceVersion that is no number.
func (s *Server) HoldWatches(r Definer, resourceVersion string) {
	revision := s.history.Revision()
	if resourceVersion != "" {
		var err error
		if revision, err = strconv.ParseUint(resourceVersion, 10, 64); err != nil {
			panic(fmt.Sprintf("apitest: hold watches after resourceVersion %q: %v", resourceVersion, err))
		}
	}
	s.tableOf(r).Hold(&revision)
}

// ReleaseWatches lets watches of a resource send what HoldWatches has kept back.
func (s *Server) ReleaseWatches(r Definer) { s.tableOf(r).Hold(nil) }

// SendBookmarks sends a bookmark to the open watches of a resource that have asked for bookmarks, beside those of Options.BookmarkInterval.
func (s *Server) SendBookmarks(r Definer) { s.tableOf(r).AskBookmarks() }

// pause waits for d, or until the client leaves.
func pause(done <-chan struct{}, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-done:
	}
}
