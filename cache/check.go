package cache

import "fmt"

// Check verifies the informer's invariants: of its store, its journal and its handlers. It is for tests, looks at everything, and must not be
// called while the informer changes.
func (i *SharedIndexInformer) Check() error {
	if err := i.committer.writer.Check(); err != nil {
		return fmt.Errorf("informer of %s: store: %w", i.def, err)
	}
	if err := i.journal.check(); err != nil {
		return fmt.Errorf("informer of %s: journal: %w", i.def, err)
	}
	if err := i.wards.check(i.committer); err != nil {
		return fmt.Errorf("informer of %s: quarantine: %w", i.def, err)
	}
	return nil
}

// check verifies that every listener is at a place in the journal, or has a sound backlog.
func (j *journal) check() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, l := range j.listeners {
		if err := l.check(j); err != nil {
			return fmt.Errorf("handler %s: %w", l.opts.Name, err)
		}
	}
	return nil
}

func (l *listener) check(j *journal) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	state := l.state.Load()
	switch {
	case (l.segment == nil) == (l.backlog == nil):
		return fmt.Errorf("it must have a place or a backlog")
	case (l.backlog != nil) != (state&behind != 0):
		return fmt.Errorf("state %b, backlog %t", state, l.backlog != nil)
	case l.backlog != nil:
		return l.backlog.check()
	}
	if n := int(state / one); n > len(l.segment.notices) {
		return fmt.Errorf("notice %d of %d", n, len(l.segment.notices))
	}
	count, weight := l.segment.count, l.segment.weight
	for s := l.segment; s != j.tail; s = s.next {
		if s == nil {
			return fmt.Errorf("its place is not in the journal")
		}
		count += int64(len(s.notices))
		if s.next != j.tail && s.next.count != count {
			return fmt.Errorf("a segment counts %d notices before it, of %d", s.next.count, count)
		}
	}
	if count != j.count || weight > j.weight {
		return fmt.Errorf("%d notices to the end, of %d; weight %d of %d", count, j.count, weight, j.weight)
	}
	return nil
}

// check verifies that entries and order agree, and that each entry leads somewhere.
func (b *backlog) check() error {
	if len(b.entries) != b.order.Len() {
		return fmt.Errorf("%d entries, %d in order", len(b.entries), b.order.Len())
	}
	initial, weight := 0, int64(0)
	for element := b.order.Front(); element != nil; element = element.Next() {
		e := element.Value.(*entry)
		if b.entries[e.key] != element {
			return fmt.Errorf("the entry of %s is not the one in order", e.key)
		}
		if e.now == nil && !e.gone || (e.old != nil) != (e.knows || e.gone) {
			return fmt.Errorf("the entry of %s leads nowhere", e.key)
		}
		weight += e.weight + entryWeight
		if e.initial {
			initial++
		}
	}
	if weight != b.weight {
		return fmt.Errorf("%d bytes, counted as %d", weight, b.weight)
	}
	if initial != b.initial {
		return fmt.Errorf("%d initial entries, counted as %d", initial, b.initial)
	}
	return nil
}

// check verifies that those are quarantined whose keys are stale.
func (w *wards) check(c *committer) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	stale := 0
	for key := range c.reader.Snapshot().StaleKeys() {
		stale++
		if w.patients[key] == nil {
			return fmt.Errorf("%s is stale and not quarantined", key)
		}
	}
	if stale != len(w.patients) || int64(stale) != w.count.Load() {
		return fmt.Errorf("%d keys are stale, %d quarantined, counted as %d", stale, len(w.patients), w.count.Load())
	}
	return nil
}
