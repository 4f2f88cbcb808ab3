package delta

import "fmt"

// entries are the objects of a full state, in the order in which they came. Nobody knows how many there will be: they are on pages of one size, so
// that none is copied, and no room is thrown away, while they become more. The zero value has none.
type entries struct {
	pages [][]entry // all but the last are full; each has room for pageSize
}

// pageSize is how many entries a page has.
const pageSize = 256

func (e *entries) len() int {
	full := len(e.pages) - 1
	if full < 0 {
		return 0
	}
	return full*pageSize + len(e.pages[full])
}

// at returns entry i, which there is. It is the same memory until the entry is cut off.
func (e *entries) at(i int) *entry { return &e.pages[i/pageSize][i%pageSize] }

func (e *entries) add(one entry) {
	last := len(e.pages) - 1
	if last < 0 || len(e.pages[last]) == pageSize {
		e.pages = append(e.pages, make([]entry, 0, pageSize))
		last++
	}
	e.pages[last] = append(e.pages[last], one)
}

// cut forgets the entries from n on.
func (e *entries) cut(n int) {
	pages := (n + pageSize - 1) / pageSize
	if pages < len(e.pages) {
		clear(e.pages[pages:])
		e.pages = e.pages[:pages]
	}
	if rest := n - (pages-1)*pageSize; pages > 0 && rest < len(e.pages[pages-1]) {
		last := e.pages[pages-1]
		clear(last[rest:])
		e.pages[pages-1] = last[:rest]
	}
}

// check verifies the invariants.
func (e *entries) check() error {
	for i, page := range e.pages {
		if len(page) == 0 || cap(page) != pageSize || i < len(e.pages)-1 && len(page) != pageSize {
			return fmt.Errorf("page %d of %d has %d entries and room for %d", i, len(e.pages), len(page), cap(page))
		}
	}
	return nil
}
