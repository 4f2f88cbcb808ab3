package cache

import (
	"container/list"

	"github.com/sheaf-dev/sheaf/resource"
)

// backlog holds the pending notices of a handler that is coalesced: at most one entry a key, in the order in which the keys became
// pending. Its owner's lock guards it.
type backlog struct {
	dropUnseen bool
	order      *list.List // of *entry
	entries    map[resource.Key]*list.Element
	initial    int  // entries that belong to the initial state
	syncs      bool // with the last of them, the initial state is complete
}

// entry is what is pending for one key: how to get the handler from what it knows to what is.
type entry struct {
	key     resource.Key
	known   resource.Object // the last state delivered; nil: the handler does not know the key
	gone    resource.Object // the last state of an object that was deleted since; nil: none was
	unknown bool            // that state may not be the final one
	now     resource.Object // the newest state; nil: there is none
	initial bool
}

func newBacklog(dropUnseen bool) *backlog {
	return &backlog{dropUnseen: dropUnseen, order: list.New(), entries: map[resource.Key]*list.Element{}}
}

// feed adds the notices of a segment, from an index on.
func (b *backlog) feed(s *segment, from int) {
	for i := range s.notices[from:] {
		b.merge(&s.notices[from+i], s.initial)
	}
	b.syncs = b.syncs || s.syncs
}

func (b *backlog) merge(n *notice, initial bool) {
	key := resource.KeyOf(n.object())
	element, pending := b.entries[key]
	if !pending {
		e := &entry{key: key, initial: initial}
		if n.new != nil {
			e.known, e.now = n.old, n.new
		} else {
			e.known, e.gone, e.unknown = n.old, n.old, n.unknown
		}
		b.entries[key] = b.order.PushBack(e)
		if initial {
			b.initial++
		}
		return
	}
	e := element.Value.(*entry)
	if n.new != nil {
		e.now = n.new
		return
	}
	// The end of the life that the handler knows counts; of lives that it never saw, the last.
	if e.gone == nil || e.known == nil {
		e.gone, e.unknown = n.old, n.unknown
	}
	e.now = nil
	if e.known == nil && b.dropUnseen {
		b.drop(element)
	}
}

func (b *backlog) drop(element *list.Element) *entry {
	e := b.order.Remove(element).(*entry)
	delete(b.entries, e.key)
	if e.initial {
		b.initial--
	}
	return e
}

// take removes the oldest entry; nil: there is none.
func (b *backlog) take() *entry {
	if front := b.order.Front(); front != nil {
		return b.drop(front)
	}
	return nil
}

// complete says whether nothing of the initial state is pending, when all of it has been fed.
func (b *backlog) complete() bool { return b.syncs && b.initial == 0 }

// notices returns what the handler is told, in order. There is at least one.
func (e *entry) notices(dropUnseen bool) []notice {
	switch {
	case e.known != nil && e.gone == nil:
		return []notice{{old: e.known, new: e.now}}
	case e.gone == nil:
		return []notice{{new: e.now}}
	}
	var out []notice
	if e.known == nil && !dropUnseen {
		out = append(out, notice{new: e.gone})
	}
	if e.known != nil || !dropUnseen {
		out = append(out, notice{old: e.gone, unknown: e.unknown})
	}
	if e.now != nil {
		out = append(out, notice{new: e.now})
	}
	return out
}
