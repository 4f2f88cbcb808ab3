package history

import (
	"sort"
	"strings"
	"sync/atomic"
)

// Table holds the objects of one resource. All of it is owned by the history's lock.
type Table struct {
	history *History
	name    string
	index   index
	live    int
	changes queue[*Change] // this table's part of the log
	dropped uint64         // the newest change that has left the window
	held    *uint64        // watchers take nothing newer; nil: they take all

	watchers atomic.Pointer[[]*Watcher] // a slice that never changes: it is read without the lock too
}

func (t *Table) current(key string) *Version {
	e := t.index.byKey[key]
	if e == nil || e.newest().Deleted {
		return nil
	}
	return e.newest()
}

func (t *Table) append(c *Change) {
	e := t.index.byKey[c.New.Key]
	if e == nil {
		e = &entry{key: c.New.Key, versions: []*Version{c.New}}
		t.index.insert(e)
	} else {
		e.versions = append(e.versions, c.New)
	}
	t.history.held += c.bytes()
	if c.Old != nil {
		t.live--
	}
	if !c.New.Deleted {
		t.live++
	}
	t.changes.push(c)
	t.history.log.push(logged{t, c})
}

// bytes is what the window holds only because of this change.
func (c *Change) bytes() int64 {
	n := 0
	if c.Old != nil {
		n += c.Old.size()
	}
	if c.New.Deleted {
		n += c.New.size()
	}
	return int64(n)
}

// dropOldest is called when the oldest change of the log is this table's.
func (t *Table) dropOldest(floor uint64) {
	c := t.changes.pop()
	t.dropped = c.New.Revision
	t.history.held -= c.bytes()
	if c.Old != nil {
		c.Old.forget()
	}
	if e := t.index.byKey[c.New.Key]; e != nil && !e.trim(floor) {
		t.index.remove(c.New.Key)
	}
}

// dropNewest undoes the newest change of the log, which is this table's.
func (t *Table) dropNewest() {
	c := t.changes.popLast()
	t.history.held -= c.bytes()
	if c.Old != nil {
		t.live++
	}
	if !c.New.Deleted {
		t.live--
	}
	e := t.index.byKey[c.New.Key]
	e.versions = e.versions[:len(e.versions)-1]
	if len(e.versions) == 0 {
		t.index.remove(e.key)
	}
}

// Get returns the newest state of a key, nil if there is none.
func (t *Table) Get(key string) *Version {
	t.history.mu.RLock()
	defer t.history.mu.RUnlock()
	return t.current(key)
}

// Len returns how many objects exist.
func (t *Table) Len() int {
	t.history.mu.RLock()
	defer t.history.mu.RUnlock()
	return t.live
}

// Query says what Page returns.
type Query struct {
	Namespace string              // "" all
	From      string              // the first key to look at; "" the first of all
	Revision  uint64              // the state to read; 0 the newest
	Limit     int                 // 0 none
	Match     func(*Version) bool // nil all
	Count     bool                // count what remains after the page, which costs a scan
}

// Page is a part of a table at one revision.
type Page struct {
	Versions  []*Version
	Revision  uint64
	Next      string // where the next page starts; "" nothing remains
	Remaining int    // matching objects after the page, if counted
}

// Page reads a part of a table. It fails with ErrCompacted or ErrFuture.
func (t *Table) Page(q Query) (Page, error) {
	h := t.history
	h.mu.RLock()
	defer h.mu.RUnlock()
	revision := q.Revision
	switch {
	case revision == 0:
		revision = h.revision
	case revision < h.compacted:
		return Page{}, ErrCompacted
	case revision > h.revision:
		return Page{}, ErrFuture
	}
	page := Page{Revision: revision}
	if q.Namespace == "" && q.Limit == 0 {
		page.Versions = make([]*Version, 0, t.live)
	}
	t.scan(q, revision, &page)
	return page, nil
}

// scan collects the page, and looks one object further to know whether anything remains.
func (t *Table) scan(q Query, revision uint64, page *Page) {
	prefix, from := "", q.From
	if q.Namespace != "" {
		prefix = q.Namespace + "/"
		from = max(from, prefix)
	}
	t.index.ascend(from, func(e *entry) bool {
		if !strings.HasPrefix(e.key, prefix) {
			return false
		}
		v := e.at(revision)
		if v == nil || q.Match != nil && !q.Match(v) {
			return true
		}
		if q.Limit == 0 || len(page.Versions) < q.Limit {
			page.Versions = append(page.Versions, v)
			return true
		}
		if page.Next == "" {
			page.Next = page.Versions[len(page.Versions)-1].Key + "\x00"
		}
		page.Remaining++
		return q.Count
	})
}

// after returns the position of the first change after a revision.
func (t *Table) after(revision uint64) int {
	return sort.Search(t.changes.len(), func(i int) bool { return t.changes.at(i).New.Revision > revision })
}
