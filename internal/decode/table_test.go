package decode

import (
	"fmt"
	"math/rand"
	"testing"
	"unsafe"
)

// check verifies what must hold between any two calls.
func (t *Table) check() error {
	if len(t.entries)&(len(t.entries)-1) != 0 || len(t.log.buf)&(len(t.log.buf)-1) != 0 {
		return fmt.Errorf("%d entries, %d bytes: want powers of two", len(t.entries), len(t.log.buf))
	}
	if used := t.log.head - t.log.tail; used > uint64(len(t.log.buf)) {
		return fmt.Errorf("%d bytes in a log of %d", used, len(t.log.buf))
	}
	records := map[uint32]uint32{} // slot → start
	log := t.log
	for !log.empty() {
		slot, start, _ := log.dropOldest()
		if slot != noSlot && t.entries[slot].start == start {
			records[slot] = start
		}
	}
	if log.head != log.tail {
		return fmt.Errorf("the log's records end at %d, its head is %d", log.tail, log.head)
	}
	for i := range t.entries {
		e := &t.entries[i]
		if e.class == nil {
			continue
		}
		if _, ok := records[uint32(i)]; !ok {
			return fmt.Errorf("entry %d has no record", i)
		}
		if first, _ := t.set(e.hash); uint32(i)-first >= tableWays {
			return fmt.Errorf("entry %d is not in its set", i)
		}
	}
	return nil
}

func TestTableFindsExactlyWhatItWasGiven(t *testing.T) {
	r := rand.New(rand.NewSource(3))
	table := NewTable(128 << 10)
	classes := []*class{newClass(), newClass(), stringClass}
	given := map[string]shared{}
	hits := 0
	for i := range 30_000 {
		c := classes[r.Intn(len(classes))]
		n := r.Intn(100) * r.Intn(100)
		raw := fmt.Appendf(nil, "%d %0*d", n, n%200, 0)
		hash := table.hash(c, raw)
		key := fmt.Sprintf("%p %s", c, raw)
		v, _, result := table.find(c, hash, raw)
		if result != found {
			v = shared{unsafe.Pointer(unsafe.SliceData(raw)), len(raw)}
			table.keep(c, hash, raw, v)
			given[key] = v
		} else {
			hits++
			if v != given[key] {
				t.Fatalf("%s: another value", key)
			}
		}
		table.begin(len(raw))
		if i%500 == 0 {
			if err := table.check(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if hits < 3000 {
		t.Errorf("only %d of 30,000 found", hits)
	}
	if s := table.Stats(); s.Hits != int64(hits) || s.Values == 0 || len(table.log.buf) > 128<<10 {
		t.Errorf("%+v, log of %d", s, len(table.log.buf))
	}
}

func TestEqualHashesAreToldApartByTheirBytes(t *testing.T) {
	table := NewTable(0)
	c := newClass()
	a, b := []byte("first"), []byte("other")
	const hash = 42
	table.keep(c, hash, a, shared{n: 1})
	table.keep(c, hash, b, shared{n: 2})
	for raw, want := range map[string]int{"first": 1, "other": 2} {
		if v, _, result := table.find(c, hash, []byte(raw)); result != found || v.n != want {
			t.Errorf("%s: %d, %v", raw, v.n, result)
		}
	}
	if _, _, result := table.find(c, hash, []byte("third")); result == found {
		t.Error("found what was never there")
	}
	if _, _, result := table.find(newClass(), hash, a); result == found {
		t.Error("found under another type")
	}
}

func TestUsedValuesOutliveUnusedOnes(t *testing.T) {
	table := NewTable(minLog)
	c := newClass()
	popular := []byte("popular")
	table.keep(c, table.hash(c, popular), popular, shared{n: 7})
	for i := range 100_000 {
		if i%20 == 0 {
			if _, _, result := table.find(c, table.hash(c, popular), popular); result != found {
				t.Fatalf("gone after %d others", i)
			}
		}
		raw := fmt.Appendf(nil, "unique %d", i)
		hash := table.hash(c, raw)
		if _, _, result := table.find(c, hash, raw); result != found {
			table.keep(c, hash, raw, shared{})
		}
		table.begin(len(raw))
	}
	if err := table.check(); err != nil {
		t.Fatal(err)
	}
	if len(table.log.buf) > minLog {
		t.Errorf("the log grew to %d", len(table.log.buf))
	}
}

func TestTableGrowsWhenItForgetsWhatComesAgain(t *testing.T) {
	table := NewTable(0)
	c := newClass()
	round := func() (hits int) {
		for i := range 5000 {
			raw := fmt.Appendf(nil, "value %d of a large population", i)
			hash := table.hash(c, raw)
			if _, _, result := table.find(c, hash, raw); result == found {
				hits++
			} else {
				table.keep(c, hash, raw, shared{})
			}
			table.begin(10_000)
		}
		return hits
	}
	first, last := round(), 0
	for range 12 {
		last = round()
	}
	if first != 0 || last < 4000 {
		t.Errorf("%d hits in the first round, %d of 5000 in the last; %+v", first, last, table.Stats())
	}
	if err := table.check(); err != nil {
		t.Fatal(err)
	}
}

func TestLargestValueFitsWhereverTheLogEnds(t *testing.T) {
	table := NewTable(minLog)
	c := newClass()
	r := rand.New(rand.NewSource(1))
	for range 2000 {
		raw := make([]byte, maxShared-r.Intn(3)*r.Intn(maxShared/3))
		r.Read(raw[:8])
		hash := table.hash(c, raw)
		table.keep(c, hash, raw, shared{})
		if _, _, result := table.find(c, hash, raw); result != found {
			t.Fatal("not kept")
		}
	}
	if err := table.check(); err != nil {
		t.Fatal(err)
	}
}

func TestGateClosesWhereNothingRepeatsAndOpensAgain(t *testing.T) {
	var g gate
	try := func(n int, hit bool) (looked int) {
		for range n {
			if g.open() {
				looked++
				g.record(hit)
			}
		}
		return looked
	}
	if looked := try(10_000, false); looked > 1000 {
		t.Errorf("looked up %d of 10,000 that never hit", looked)
	}
	if looked := try(1_000_000, false); looked > 10_000 {
		t.Errorf("looked up %d of a million", looked)
	}
	try(200_000, true)
	if looked := try(1000, true); looked != 1000 {
		t.Errorf("looked up %d of 1000 that hit", looked)
	}
}
