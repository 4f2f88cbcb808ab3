package history

import "fmt"

// check verifies what must always hold.
func (h *History) check() error {
	h.mu.RLock()
	defer h.mu.RUnlock()
	var held int64
	previous := uint64(0)
	perTable := map[*Table]int{}
	for i := range h.log.len() {
		l := h.log.at(i)
		revision := l.change.New.Revision
		if revision <= previous || revision <= h.compacted || revision > h.revision {
			return fmt.Errorf("log[%d] has revision %d after %d (window %d…%d)", i, revision, previous, h.compacted, h.revision)
		}
		previous = revision
		held += l.change.bytes()
		if l.table.changes.at(perTable[l.table]) != l.change {
			return fmt.Errorf("%s: change %d is not the log's", l.table.name, perTable[l.table])
		}
		perTable[l.table]++
	}
	if held != h.held {
		return fmt.Errorf("%d bytes held, counted %d", held, h.held)
	}
	for _, t := range h.tables {
		if perTable[t] != t.changes.len() {
			return fmt.Errorf("%s: %d changes, %d of them in the log", t.name, t.changes.len(), perTable[t])
		}
		if err := t.check(h.compacted); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	return nil
}

func (t *Table) check(compacted uint64) error {
	live, entries, last := 0, 0, ""
	for _, chunk := range t.index.chunks {
		if len(chunk) == 0 || len(chunk) > chunkSize {
			return fmt.Errorf("chunk of %d", len(chunk))
		}
		for _, e := range chunk {
			if entries > 0 && e.key <= last {
				return fmt.Errorf("key %q after %q", e.key, last)
			}
			if t.index.byKey[e.key] != e {
				return fmt.Errorf("key %q is not in the map", e.key)
			}
			last, entries = e.key, entries+1
			if !e.newest().Deleted {
				live++
			}
			if err := e.check(compacted); err != nil {
				return fmt.Errorf("key %q: %w", e.key, err)
			}
		}
	}
	if live != t.live || entries != len(t.index.byKey) {
		return fmt.Errorf("%d live of %d entries, counted %d of %d", live, entries, t.live, len(t.index.byKey))
	}
	return nil
}

func (e *entry) check(compacted uint64) error {
	for i, v := range e.versions {
		if v.Key != e.key || i > 0 && v.Revision <= e.versions[i-1].Revision {
			return fmt.Errorf("version %d is %q at %d", i, v.Key, v.Revision)
		}
		if i > 0 && v.Revision <= compacted {
			return fmt.Errorf("a state before the window is kept")
		}
	}
	if first := e.versions[0]; first.Deleted && first.Revision <= compacted {
		return fmt.Errorf("a deletion before the window is kept")
	}
	return nil
}
