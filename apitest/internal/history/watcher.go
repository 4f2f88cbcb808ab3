package history

import (
	"context"
	"slices"
	"sync/atomic"
)

// Watcher is a cursor in a table's changes. One goroutine uses it; Delivered may be called from any.
type Watcher struct {
	table     *Table
	cursor    uint64 // changes up to here have been taken
	delivered atomic.Uint64
	ending    atomic.Pointer[ending]
	bookmark  atomic.Bool // one is asked for
	more      chan struct{}
}

// ending is how a watcher ends.
type ending struct{ err error }

// Watch returns a watcher of the changes after a revision, which may lie in the future; changes up to it are skipped. It fails
// with ErrCompacted. The caller must Close it.
func (t *Table) Watch(after uint64) (*Watcher, error) {
	h := t.history
	h.mu.Lock()
	defer h.mu.Unlock()
	if after < h.compacted {
		return nil, ErrCompacted
	}
	return t.watch(after), nil
}

// ListAndWatch returns the newest state of a part of the table, and a watcher of what changes after it.
func (t *Table) ListAndWatch(q Query) (Page, *Watcher) {
	h := t.history
	h.mu.Lock()
	defer h.mu.Unlock()
	page := Page{Revision: h.revision}
	t.scan(q, h.revision, &page)
	return page, t.watch(h.revision)
}

func (t *Table) watch(after uint64) *Watcher {
	w := &Watcher{table: t, cursor: after, more: make(chan struct{}, 1)}
	w.delivered.Store(after)
	w.notify()
	t.setWatchers(append(slices.Clone(t.open()), w))
	t.history.wake()
	return w
}

// open returns the watchers that are open now. The slice must not be changed.
func (t *Table) open() []*Watcher {
	if all := t.watchers.Load(); all != nil {
		return *all
	}
	return nil
}

// setWatchers is called under the lock.
func (t *Table) setWatchers(all []*Watcher) { t.watchers.Store(&all) }

// notify signals the open watchers that there may be something to take. One that opens at the same time looks by itself.
func (t *Table) notify() {
	for _, w := range t.open() {
		w.notify()
	}
}

func (w *Watcher) notify() {
	select {
	case w.more <- struct{}{}:
	default:
	}
}

// More is signalled when there may be changes to take.
func (w *Watcher) More() <-chan struct{} { return w.more }

// Take appends up to limit further changes to buffer. When it returns none, the watcher has seen everything up to the returned
// revision. It fails with ErrCompacted if the window has moved past the cursor.
func (w *Watcher) Take(buffer []*Change, limit int) ([]*Change, uint64, error) {
	h := w.table.history
	h.mu.RLock()
	defer h.mu.RUnlock()
	if w.cursor < h.compacted && w.table.missed(w.cursor) {
		return buffer, 0, ErrCompacted
	}
	changes, last := &w.table.changes, w.table.upTo(h.revision)
	for i := w.table.after(w.cursor); i < changes.len() && limit > 0 && changes.at(i).New.Revision <= last; i++ {
		buffer = append(buffer, changes.at(i))
		w.cursor = changes.at(i).New.Revision
		limit--
	}
	if limit > 0 {
		w.cursor = max(w.cursor, last)
	}
	return buffer, w.cursor, nil
}

// missed says whether a change after the cursor has left the window. A watcher whose table did not change loses nothing by
// compaction: only what is dropped counts.
func (t *Table) missed(cursor uint64) bool { return t.dropped > cursor }

// Ended says that nothing follows what can still be taken, but for an error if it is not nil.
func (w *Watcher) Ended() (bool, error) {
	if e := w.ending.Load(); e != nil {
		return true, e.err
	}
	return false, nil
}

// EndWatches ends the watchers that are open by an error, or in good order (nil), once they have taken everything that is not held. New ones
// may be opened.
func (t *Table) EndWatches(err error) {
	t.history.mu.Lock()
	defer t.history.mu.Unlock()
	for _, w := range t.open() {
		w.ending.Store(&ending{err})
	}
	t.notify()
}

// upTo returns the last revision that watchers may take now. The history's lock is held.
func (t *Table) upTo(newest uint64) uint64 {
	if t.held != nil {
		return min(newest, *t.held)
	}
	return newest
}

// Hold keeps watchers from taking what is newer than a revision; nil: from nothing.
func (t *Table) Hold(after *uint64) {
	t.history.mu.Lock()
	defer t.history.mu.Unlock()
	t.held = after
	t.notify()
}

// AskBookmarks asks the watchers that are open for a bookmark.
func (t *Table) AskBookmarks() {
	t.history.mu.Lock()
	defer t.history.mu.Unlock()
	for _, w := range t.open() {
		w.bookmark.Store(true)
	}
	t.notify()
}

// Held says that the table's watchers are held.
func (w *Watcher) Held() bool {
	w.table.history.mu.RLock()
	defer w.table.history.mu.RUnlock()
	return w.table.held != nil
}

// TakeBookmark says, once, that a bookmark has been asked for; not while watchers are held.
func (w *Watcher) TakeBookmark() bool {
	return w.bookmark.Load() && !w.Held() && w.bookmark.Swap(false)
}

// MarkDelivered says that everything taken so far has been sent.
func (w *Watcher) MarkDelivered() {
	w.delivered.Store(w.cursor)
	w.table.history.wakeDelivered()
}

// Close ends the watcher.
func (w *Watcher) Close() {
	h := w.table.history
	h.mu.Lock()
	defer h.mu.Unlock()
	w.table.setWatchers(slices.DeleteFunc(slices.Clone(w.table.open()), func(open *Watcher) bool { return open == w }))
	h.wake()
}

// Watchers returns how many watchers are open on the table.
func (t *Table) Watchers() int { return len(t.open()) }

// waiter waits for a condition that is checked whenever something has happened.
type waiter struct{ wake chan struct{} }

func (h *History) wake() {
	for w := range h.waiters {
		select {
		case w.wake <- struct{}{}:
		default:
		}
	}
}

func (h *History) wakeDelivered() {
	if h.waiting.Load() == 0 {
		return
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	h.wake()
}

// wait returns when the condition, which is called under the lock, holds.
func (h *History) wait(ctx context.Context, holds func() bool) error {
	w := &waiter{wake: make(chan struct{}, 1)}
	h.mu.Lock()
	h.waiters[w] = struct{}{}
	h.mu.Unlock()
	h.waiting.Add(1) // before the first check: a delivery is either seen by the check or wakes it
	defer func() {
		h.waiting.Add(-1)
		h.mu.Lock()
		delete(h.waiters, w)
		h.mu.Unlock()
	}()
	for {
		h.mu.RLock()
		done := holds()
		h.mu.RUnlock()
		if done {
			return nil
		}
		select {
		case <-w.wake:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// WaitRevision returns when the revision has been reached, or ctx is done.
func (h *History) WaitRevision(ctx context.Context, revision uint64) error {
	return h.wait(ctx, func() bool { return h.revision >= revision })
}

// WaitDelivered returns when every open watcher of the tables (none given: all) has been sent every change up to the revision.
func (h *History) WaitDelivered(ctx context.Context, revision uint64, tables ...*Table) error {
	return h.wait(ctx, func() bool {
		all := tables
		if len(all) == 0 {
			all = h.tables
		}
		for _, t := range all {
			if !t.deliveredTo(revision) {
				return false
			}
		}
		return true
	})
}

func (t *Table) deliveredTo(revision uint64) bool {
	last := t.after(revision) - 1
	if last < 0 {
		return true
	}
	revision = t.changes.at(last).New.Revision
	for _, w := range t.open() {
		if w.delivered.Load() < revision {
			return false
		}
	}
	return true
}

// WaitWatchers returns when exactly, or with atLeast at least, n watchers are open on the table.
func (t *Table) WaitWatchers(ctx context.Context, n int, atLeast bool) error {
	return t.history.wait(ctx, func() bool { return t.Watchers() == n || atLeast && t.Watchers() > n })
}
