package cache

import (
	"time"

	"github.com/sheaf-dev/sheaf/resource"
)

// beginResync notes which objects are to be delivered again. It keeps their keys only: each is delivered in its newest state, as soon
// as nothing else is pending. A resync that is still running goes on instead.
func (l *listener) beginResync() {
	if len(l.resync) > 0 {
		return
	}
	snapshot := l.reader.Snapshot()
	l.resync = make([]resource.Key, 0, snapshot.Len())
	for o := range snapshot.AllHeld() {
		l.resync = append(l.resync, resource.KeyOf(o))
	}
}

// resyncNext delivers one object of the running resync again. It returns false when there is none, or when something else comes first.
func (l *listener) resyncNext() bool {
	for len(l.resync) > 0 {
		last := len(l.resync) - 1
		key := l.resync[last]
		o, there, caughtUp := l.current(key)
		if !caughtUp {
			return true
		}
		l.resync = l.resync[:last]
		if !there {
			continue
		}
		if l.begin(0, removed) {
			over := l.working(time.Now())
			l.deliver(&notice{old: o, new: o}, false, true)
			over()
			l.end()
		}
		return true
	}
	l.resync = nil
	return false
}

// current returns the newest state of a key, and whether that is what the handler knows, because nothing is pending.
func (l *listener) current(key resource.Key) (o resource.Object, there, caughtUp bool) {
	l.journal.mu.Lock()
	defer l.journal.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.backlog != nil && l.backlog.order.Len() > 0 || l.backlog == nil && l.segment != l.journal.tail {
		return nil, false, false
	}
	o, there = l.reader.Get(key)
	return o, there, true
}
