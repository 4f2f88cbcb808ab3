package cache

import (
	"fmt"
	"strings"
	"time"

	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/cache/store"
)

// Status says what an informer is doing, at one moment.
type Status struct {
	// Resource is the name of the resource, such as "pods/v1".
	Resource string
	// Running says whether Run has been called and has not returned.
	Running bool
	// Synced says whether the store has had a full state.
	Synced bool
	// ResourceVersion and Objects are those of the newest snapshot.
	ResourceVersion string
	Objects         int
	// Staleness is the age of the last event, bookmark or full state: changes that are older than this are in the store. It grows while the
	// connection is down, and also on a quiet resource without bookmarks. With several scopes it is that of the stalest. Before the first
	// full state it is the time since the start.
	Staleness time.Duration
	// Scopes are the streams that feed the informer: one, unless it reads several namespaces.
	Scopes []ScopeStatus
	// Quarantined are objects whose newest state could not be processed: the first hundred, and QuarantinedCount is how many there are.
	Quarantined      []Quarantined
	QuarantinedCount int
	// Nameless counts the objects that could not even be identified, and LastNameless is what was wrong with the last one.
	Nameless     int
	LastNameless error
	// IndexErrors are objects that an index could not take. They are missing from that index only.
	IndexErrors []*store.IndexError
	// Handlers are the registered handlers.
	Handlers []HandlerStatus
	// Mutations counts the cached objects that the mutation detector, if it is on, has found changed.
	Mutations int
	// SharedValues counts the parts of objects that were found to be equal to parts of others while they were decoded, and SharedBytes is
	// their size on the wire: what was neither decoded nor stored again.
	SharedValues, SharedBytes int64
	// QueuedDeltas and QueuedBytes are waiting to be stored, in bytes on the wire.
	QueuedDeltas, QueuedBytes int

	stopped bool // Run has been called and is over, or about to be
}

// ScopeStatus is the status of one stream.
type ScopeStatus struct {
	Namespace string // "": all
	reflector.Status
}

// HandlerStatus says how far a handler is.
type HandlerStatus struct {
	Name   string
	Synced bool
	// Calls counts the calls so far, and Panics those that panicked. LastPanic names the object of the last one.
	Calls, Panics int64
	LastPanic     string
	// Pending is the number of notices that wait, or of objects, while coalescing. LagBytes is the memory that they keep alive, an estimate.
	Pending  int
	LagBytes int64
	// Lag is how long the oldest notice has been pending whose call has not returned. Busy is how long the calls took that have returned.
	Lag, Busy time.Duration
	// Coalescing says that only the newest change of each object is delivered. Unless the handler wants that, it was too far behind, the
	// FellBehind-th time, since Since.
	Coalescing bool
	FellBehind int
	Since      time.Time
	// Skeletons counts the old states that were too much to keep while coalescing: the handler was, or will be, told of these objects with no
	// more than their identity, labels and owners.
	Skeletons int64
	// Coalesced counts the notices that were not delivered alone, but as part of another one of the same object.
	Coalesced int64
}

// maxListed bounds the lists of a status.
const maxListed = 100

// Status returns the informer's status.
func (i *SharedIndexInformer) Status() Status {
	life := i.life.Load()
	snapshot := i.reader.Snapshot()
	s := Status{
		Resource: i.def.String(), Running: life != nil && !life.stopped, Synced: i.HasSynced(),
		ResourceVersion: snapshot.ResourceVersion(), Objects: snapshot.Len(), stopped: life != nil && life.stopped,
	}
	for _, r := range i.reflectors {
		scope := ScopeStatus{Namespace: r.scope, Status: r.reflector.Status()}
		s.Scopes = append(s.Scopes, scope)
		switch {
		case s.Synced:
			s.Staleness = max(s.Staleness, time.Since(scope.LastNews()))
		case life != nil:
			s.Staleness = time.Since(life.began)
		}
	}
	s.Quarantined, s.QuarantinedCount = i.wards.list(maxListed)
	s.Nameless, s.LastNameless = i.wards.namelessCount()
	s.IndexErrors = snapshot.IndexErrors()
	s.IndexErrors = s.IndexErrors[:min(maxListed, len(s.IndexErrors))]
	s.Handlers = i.handlers()
	s.Mutations = i.committer.detector.count()
	s.QueuedDeltas, s.QueuedBytes = i.queue.Len()
	s.SharedValues, s.SharedBytes = i.shared.Shared()
	return s
}

func (i *SharedIndexInformer) handlers() []HandlerStatus {
	i.journal.figures.Lock()
	listeners := append([]*listener(nil), i.journal.listeners...)
	i.journal.figures.Unlock()
	var handlers []HandlerStatus
	for _, l := range listeners {
		handlers = append(handlers, l.status())
	}
	return handlers
}

func (l *listener) status() HandlerStatus {
	l.journal.figures.Lock()
	weight, count := l.journal.weight, l.journal.count
	l.journal.figures.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	s := HandlerStatus{Name: l.opts.Name, Calls: l.calls.Load(), Panics: l.panics.Load(), LastPanic: l.panic, FellBehind: l.moves}
	select {
	case <-l.synced:
		s.Synced = true
	default:
	}
	s.Busy, s.Skeletons, s.Coalesced = time.Duration(l.busy.Load()), l.cut, l.merged
	if oldest := l.oldestPending(); !oldest.IsZero() {
		s.Lag = max(0, time.Since(oldest))
	}
	if l.backlog != nil {
		s.Skeletons += l.backlog.cut
		s.Coalesced += l.backlog.merged
		s.LagBytes = l.backlog.weight
		s.Coalescing, s.Pending, s.Since = true, l.backlog.order.Len(), l.moved
		return s
	}
	state := l.state.Load()
	if state&removed != 0 {
		return s
	}
	s.Pending = max(0, int(count-l.segment.count)-int(state/one))
	s.LagBytes = max(0, weight-l.segment.weight)
	return s
}

// oldestPending returns since when the oldest notice has been pending whose call has not returned; zero: there is none. The lock is held.
func (l *listener) oldestPending() time.Time {
	if at := l.oldest.Load(); at != 0 {
		return time.Unix(0, at)
	}
	if l.backlog != nil {
		if front := l.backlog.order.Front(); front != nil {
			return front.Value.(*entry).at
		}
		return time.Time{}
	}
	select {
	case <-l.segment.ready:
		return l.segment.at
	default:
		return time.Time{}
	}
}

// String says in one line what matters most: whether the informer is in sync and, if not, why.
func (s Status) String() string {
	var b strings.Builder
	b.WriteString(s.Resource)
	switch {
	case !s.Running && !s.stopped:
		b.WriteString(": not started")
	case !s.Running && s.Synced:
		b.WriteString(": stopped")
	case s.Synced:
		fmt.Fprintf(&b, ": synced, %d objects at resourceVersion %q", s.Objects, s.ResourceVersion)
	default:
		b.WriteString(": not synced")
	}
	if s.Running || s.stopped && !s.Synced {
		for i := range s.Scopes {
			fmt.Fprintf(&b, ", %s", &s.Scopes[i])
		}
	}
	if s.QuarantinedCount > 0 {
		fmt.Fprintf(&b, ", %d objects could not be processed (%v)", s.QuarantinedCount, s.Quarantined[0].Err)
	}
	if len(s.IndexErrors) > 0 {
		fmt.Fprintf(&b, ", objects are missing from an index (%v)", s.IndexErrors[0])
	}
	return b.String()
}

// String says what the stream is doing, and what went wrong last.
func (s *ScopeStatus) String() string {
	var b strings.Builder
	if s.Namespace != "" {
		fmt.Fprintf(&b, "namespace %s ", s.Namespace)
	}
	b.WriteString(s.Phase.String())
	switch s.Phase {
	case reflector.Listing:
		fmt.Fprintf(&b, " page %d (%d objects so far)", s.Page, s.Read)
	case reflector.Streaming:
		fmt.Fprintf(&b, " (%d objects so far)", s.Read)
	}
	fmt.Fprintf(&b, " for %v", time.Since(s.Since).Round(time.Millisecond))
	if s.Phase == reflector.BackingOff || s.Phase == reflector.Missing {
		fmt.Fprintf(&b, ", until %s", s.Until.Format(time.TimeOnly))
	}
	if s.LastFailure != nil && s.Phase != reflector.Watching {
		fmt.Fprintf(&b, ", last failure: %v", s.LastFailure)
	}
	return b.String()
}
