package reflector

import (
	"context"
	"sync"
	"time"
)

// watchdog ends a request during which nothing came for too long. It counts only the time spent waiting for the server: not the
// time during which the store could not take more.
type watchdog struct {
	cancel context.CancelCauseFunc

	mu      sync.Mutex // owns the rest
	timer   *time.Timer
	limit   time.Duration // 0: no limit
	cause   error         // what a silence longer than the limit means
	since   time.Time     // when the wait for the server began
	waiting bool
	stopped bool
	end     *time.Timer // nil: the request may go on for ever
}

// newWatchdog returns a watchdog that is waiting, and a context that it ends with the cause.
func newWatchdog(ctx context.Context, limit time.Duration, cause error) (context.Context, *watchdog) {
	ctx, cancel := context.WithCancelCause(ctx)
	d := &watchdog{cancel: cancel, limit: limit, cause: cause, since: time.Now(), waiting: true}
	d.timer = time.AfterFunc(limit, d.look)
	return ctx, d
}

// look compares the silence with the limit, and comes back when it could have passed.
func (d *watchdog) look() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stopped || d.limit == 0 {
		return
	}
	left := d.limit
	if d.waiting {
		left -= time.Since(d.since)
	}
	if left <= 0 {
		d.cancel(d.cause)
		return
	}
	d.timer.Reset(left)
}

// fed says that something came. Until hungry is called, no time is counted.
func (d *watchdog) fed() {
	d.mu.Lock()
	d.waiting = false
	d.mu.Unlock()
}

// hungry says that the wait for the server goes on.
func (d *watchdog) hungry(now time.Time, progress bool) {
	d.mu.Lock()
	d.waiting = true
	if progress {
		d.since = now
	}
	d.mu.Unlock()
}

// expect changes the limit. 0 is none.
func (d *watchdog) expect(limit time.Duration, cause error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.limit, d.cause = limit, cause
	if limit > 0 && !d.stopped {
		d.timer.Reset(limit)
	}
}

// endAt ends the request at a time, whatever comes until then. Only the first such time counts.
func (d *watchdog) endAt(t time.Time, cause error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.end == nil && !d.stopped {
		d.end = time.AfterFunc(time.Until(t), func() { d.cancel(cause) })
	}
}

// stop ends the watchdog and its context.
func (d *watchdog) stop() {
	d.mu.Lock()
	d.stopped = true
	d.timer.Stop()
	if d.end != nil {
		d.end.Stop()
	}
	d.mu.Unlock()
	d.cancel(nil)
}

// pulse is what is known about the bookmarks of a collection. It outlives the single watch: a connection that dies before its
// first bookmark is found too, once another one has shown that there are bookmarks.
type pulse struct {
	interval time.Duration // the longest seen lately; 0: no bookmarks, as far as known
}

// The bounds of the silence that a watch with bookmarks is allowed.
const (
	missedBookmarks = 3
	minSilence      = 3 * time.Minute
)

// patience is how long a watch may be silent; 0: for ever.
func (p pulse) patience() time.Duration {
	if p.interval == 0 {
		return 0
	}
	return max(minSilence, missedBookmarks*p.interval)
}

// beat records a bookmark that came so long after the one before it, or after the start of its watch.
func (p pulse) beat(after time.Duration) pulse {
	// Bookmarks also come on their own when a server is asked for its progress: let a short one lower the interval slowly only.
	return pulse{interval: max(after, p.interval-p.interval/8, time.Second)}
}
