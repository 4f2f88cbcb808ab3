package history

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// Errors of this package.
var (
	// ErrChanged: the object is not in the state that the caller had seen.
	ErrChanged = errors.New("the object has changed")
	// ErrCompacted: the revision is older than the window.
	ErrCompacted = errors.New("the revision has been compacted")
	// ErrFuture: the revision has not been reached yet.
	ErrFuture = errors.New("the revision is in the future")
)

// Options bound the window of past states.
type Options struct {
	Changes int   // kept changes
	Bytes   int64 // bytes of superseded and deleted states
}

// History is the storage of one server. It is safe for concurrent use.
type History struct {
	options Options
	waiting atomic.Int32 // how many waiters there are

	mu        sync.RWMutex // owns all below, and the content of all tables
	revision  uint64
	compacted uint64 // states at and after this revision can be read
	held      int64  // bytes of superseded and deleted states in the window
	log       queue[logged]
	tables    []*Table
	waiters   map[*waiter]struct{}
}

// logged is a change with its table: the order in which the window moves.
type logged struct {
	table  *Table
	change *Change
}

// Change is one step of an object: New is the new state or the deletion, Old the state before, nil if there was none.
type Change struct {
	Old, New *Version

	departed onceVersion // the old state with the new revision, for selectors that the object left
}

// Departed returns the old state carrying the change's revision: what a watch sends when an object leaves its selector. make
// is called once.
func (c *Change) Departed(make func() (*Version, error)) (*Version, error) {
	return c.departed.get(make)
}

type onceVersion struct {
	once    sync.Once
	version *Version
	err     error
}

func (o *onceVersion) get(make func() (*Version, error)) (*Version, error) {
	o.once.Do(func() { o.version, o.err = make() })
	return o.version, o.err
}

// New returns an empty history at revision 1.
func New(options Options) *History {
	return &History{options: options, revision: 1, compacted: 1, waiters: map[*waiter]struct{}{}}
}

// Revision returns the newest revision.
func (h *History) Revision() uint64 {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.revision
}

// Compacted returns the oldest revision that can still be read.
func (h *History) Compacted() uint64 {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.compacted
}

// NewTable adds a table. The name is for error messages.
func (h *History) NewTable(name string) *Table {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := &Table{history: h, name: name, index: index{byKey: map[string]*entry{}}}
	h.tables = append(h.tables, t)
	return t
}

// Commit makes the next version of a key. expected is the state that the caller has seen, nil for none: if it is not the
// newest, ErrChanged is returned. draft makes the version for the revision it will have; it runs under the lock of the history.
func (h *History) Commit(t *Table, key string, expected *Version, draft func(revision uint64) (*Version, error)) (*Version, error) {
	v, err := h.commit(t, key, expected, draft)
	if err == nil {
		t.notify() // without the lock, for which they would only wait
	}
	return v, err
}

func (h *History) commit(t *Table, key string, expected *Version, draft func(revision uint64) (*Version, error)) (*Version, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	current := t.current(key)
	if current != expected {
		return nil, ErrChanged
	}
	v, err := draft(h.revision + 1)
	if err != nil {
		return nil, err
	}
	if v.Key != key || v.Revision != h.revision+1 {
		return nil, fmt.Errorf("%s: draft of %q at %d has key %q and revision %d", t.name, key, h.revision+1, v.Key, v.Revision)
	}
	h.revision++
	t.append(&Change{Old: current, New: v})
	h.enforce()
	h.wake()
	return v, nil
}

// enforce moves the window until it is within its bounds.
func (h *History) enforce() {
	for h.log.len() > 0 && (h.log.len() > h.options.Changes || h.held > h.options.Bytes) {
		h.dropOldest()
	}
}

func (h *History) dropOldest() {
	l := h.log.pop()
	h.compacted = max(h.compacted, l.change.New.Revision)
	l.table.dropOldest(h.compacted)
}

// Compact drops all states before the revision, as if much time had passed. Zero means the newest revision.
func (h *History) Compact(revision uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if revision == 0 || revision > h.revision {
		revision = h.revision
	}
	for h.log.len() > 0 && h.log.first().change.New.Revision <= revision {
		h.dropOldest()
	}
	h.compacted = max(h.compacted, revision)
}

// Rollback forgets everything after a revision, as a restored backup does: the counter goes back too, so that later changes
// get revisions that were in use before. It fails for a revision outside the window.
func (h *History) Rollback(revision uint64) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case revision < h.compacted:
		return ErrCompacted
	case revision > h.revision:
		return ErrFuture
	}
	for h.log.len() > 0 && h.log.last().change.New.Revision > revision {
		l := h.log.popLast()
		l.table.dropNewest()
	}
	h.revision = revision
	return nil
}
