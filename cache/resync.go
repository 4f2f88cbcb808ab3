package cache

import (
	"context"

	"github.com/sheaf-dev/sheaf/cache/store"
)

// resyncPoint is a resync that is to happen when the listener has read the journal up to a segment: there, what the handler knows is
// what the snapshot has.
type resyncPoint struct {
	at       *segment // nil: none
	snapshot store.Snapshot
}

// scheduleResync takes a snapshot and the place in the journal that belongs to it. A listener that is behind gets its resync when
// it comes there; one with a backlog, when that is empty.
func (l *listener) scheduleResync(ctx context.Context) {
	l.journal.mu.Lock()
	l.mu.Lock()
	snapshot := l.reader.Snapshot()
	switch {
	case l.segment != nil:
		l.resync = resyncPoint{l.journal.tail, snapshot}
		l.mu.Unlock()
		l.journal.mu.Unlock()
	default: // this goroutine has just found the backlog empty, or will get to the rest of it at the next tick
		empty := l.backlog.order.Len() == 0
		l.mu.Unlock()
		l.journal.mu.Unlock()
		if empty {
			l.playResync(ctx, snapshot, removed)
		}
	}
}

// resyncIfDue delivers the resync that belongs to the place where the listener is.
func (l *listener) resyncIfDue(ctx context.Context, s *segment) {
	l.mu.Lock()
	due := l.resync
	if due.at == s {
		l.resync = resyncPoint{}
	}
	l.mu.Unlock()
	if due.at == s {
		l.playResync(ctx, due.snapshot, removed|behind)
	}
}

func (l *listener) playResync(ctx context.Context, snapshot store.Snapshot, unless uint64) {
	for o := range snapshot.All() {
		if ctx.Err() != nil || !l.begin(0, unless) {
			return
		}
		l.deliver(&notice{old: o, new: o}, false, true)
		l.end()
	}
}
