package delta

import (
	"fmt"
	"testing"

	"github.com/sheaf-dev/sheaf/resource"
)

func TestEntriesStayWhereTheyAreUntilTheyAreCutOff(t *testing.T) {
	var e entries
	name := func(i int) string { return fmt.Sprint("entry-", i) }
	verify := func(n int) {
		t.Helper()
		if err := e.check(); err != nil {
			t.Fatal(err)
		}
		if e.len() != n {
			t.Fatalf("%d entries, want %d", e.len(), n)
		}
		for i := range n {
			if have := e.at(i).Key.Name; have != name(i) {
				t.Fatalf("entry %d is %q", i, have)
			}
		}
	}
	fill := func(n int) {
		for i := e.len(); i < n; i++ {
			e.add(entry{Item: Item{Key: resource.Key{Name: name(i)}}})
		}
		verify(n)
	}
	verify(0)
	fill(1)
	first := e.at(0)
	for _, n := range []int{pageSize, pageSize + 1, 3*pageSize - 1, 3 * pageSize} {
		fill(n)
		if e.at(0) != first {
			t.Fatalf("the first of %d entries has been moved", n)
		}
		for _, cut := range []int{n, n - 1, n/pageSize*pageSize - pageSize, 0} {
			e.cut(max(0, cut))
			verify(max(0, cut))
		}
		fill(1)
		first = e.at(0)
	}
}

func TestAnEntryThatWasCutOffIsHeldByNobody(t *testing.T) {
	var e entries
	for range 3 {
		e.add(entry{Item: Item{Key: resource.Key{Name: "a"}}})
	}
	page := e.pages[0]
	e.cut(1)
	for i, one := range page[:3] {
		if held := one.Key.Name != ""; held != (i < 1) {
			t.Errorf("entry %d is held: %t", i, held)
		}
	}
}
