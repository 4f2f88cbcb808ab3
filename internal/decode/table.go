package decode

import (
	"bytes"
	"hash/maphash"
	"reflect"
	"sync"
	"unsafe"

	"github.com/sheaf-dev/sheaf/resource"
)

// Table lets the objects of one cache share equal parts: it remembers decoded values by their wire bytes. Its memory is bounded,
// and grows only as far as the data rewards it. It is safe for concurrent use, but decoders that share one take turns.
//
// What is shared must never be changed: only caches, whose objects are read-only, may use a Table.
//
// The values are in a set-associative table; the bytes that prove a match are in a ring (wirelog.go), whose oldest values
// make room for new ones unless they have been used since. So what never comes again ages away.
type Table struct {
	mu sync.Mutex // owns all below; held while an object is decoded

	limit   int // bytes of the log
	seed    maphash.Seed
	entries []entry // sets of tableWays
	log     wireLog
	ghosts  []uint16 // traces of values that aged away unused, by hash
	scratch []byte

	decoded  int64 // wire bytes of all objects
	pressure int   // look-ups that a larger table would have answered, since it grew
	stats    TableStats

	gates     map[*plan][]gate
	neighbour resource.Object // decoded last

	shapes     map[reflect.Type]*shape // for sharing by structure
	shapeGates []gate
	structure  []byte
}

// TableStats says what a Table did.
type TableStats struct {
	Hits, Misses int64
	Saved        int64 // bytes on the wire whose values were there already: neither decoded nor stored again
	Values       int   // remembered now
	Bytes        int   // memory of the table itself
}

// entry is one remembered value.
type entry struct {
	class *class // nil: empty
	value shared
	hash  uint64
	start uint32 // in the log
	size  uint32
	used  uint8 // hits since it was last looked at for making room
}

const (
	tableWays   = 4
	minEntries  = 256
	minLog      = 32 << 10  // a record of maxShared fits, wherever the ring's end is
	smallLog    = 128 << 10 // allowed before much has been decoded
	maxEntries  = 1 << 16
	entrySize   = int(unsafe.Sizeof(entry{}))
	maxUsed     = 3
	logPortion  = 32 // the log takes at most this part of what has been decoded
	ghostsRatio = 8  // ghosts an entry

	// maxShared is the size above which values are not looked up as a whole; their parts may be.
	maxShared = 8 << 10

	// DefaultTableLimit bounds the wire bytes that a Table keeps; the rest of it takes as much again at most.
	DefaultTableLimit = 4 << 20
)

// NewTable returns an empty table that keeps at most so many bytes of wire data; 0 means DefaultTableLimit.
func NewTable(limit int) *Table {
	if limit <= 0 {
		limit = DefaultTableLimit
	}
	t := &Table{limit: max(limit, minLog), seed: maphash.MakeSeed(), gates: map[*plan][]gate{}, shapes: map[reflect.Type]*shape{}}
	t.resize(minEntries, minLog)
	return t
}

// Stats returns what the table did so far.
func (t *Table) Stats() TableStats {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.stats
	for i := range t.entries {
		if t.entries[i].class != nil {
			s.Values++
		}
	}
	s.Bytes = len(t.entries)*entrySize + len(t.log.buf) + 2*len(t.ghosts)
	return s
}

// Shared returns what Stats does of hits and saved bytes, in a short time.
func (t *Table) Shared() (hits, saved int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.stats.Hits, t.stats.Saved
}

// gatesOf returns the gates of a plan, as many as it has by now. The caller holds the lock.
func (t *Table) gatesOf(p *plan) []gate {
	g := t.gates[p]
	if want := int(p.gates.Load()); len(g) < want {
		g = append(g, make([]gate, want-len(g))...)
		t.gates[p] = g
	}
	return g
}

// begin notes that an object of that size will be decoded.
func (t *Table) begin(size int) {
	t.decoded += int64(size)
	if t.pressure > len(t.entries)/4 && len(t.log.buf) < t.limit && len(t.entries) < maxEntries &&
		int64(2*len(t.log.buf)) <= max(smallLog, t.decoded/logPortion) {
		t.resize(2*len(t.entries), 2*len(t.log.buf))
	}
}

func (t *Table) hash(c *class, raw []byte) uint64 {
	return maphash.Bytes(t.seed, raw) ^ c.salt*0x9e3779b97f4a7c15
}

func (t *Table) set(hash uint64) (first uint32, set []entry) {
	first = uint32(hash) & uint32(len(t.entries)-1) &^ (tableWays - 1)
	return first, t.entries[first : first+tableWays]
}

// lookup is the result of find.
type lookup uint8

const (
	absent    lookup = iota
	forgotten        // it was there and aged away
	found
)

// again returns the value of an entry if it is that of those bytes: without their hash.
func (t *Table) again(c *class, at uint32, raw []byte) (shared, bool) {
	e := &t.entries[at&uint32(len(t.entries)-1)]
	if e.class != c || !bytes.Equal(t.bytesOf(e), raw) {
		return shared{}, false
	}
	e.used = min(e.used+1, maxUsed)
	t.stats.Hits++
	t.stats.Saved += int64(e.size)
	return e.value, true
}

// find returns the value of those bytes, and which entry has it.
func (t *Table) find(c *class, hash uint64, raw []byte) (v shared, at uint32, result lookup) {
	first, set := t.set(hash)
	for i := range set {
		e := &set[i]
		if e.hash == hash && e.class == c && bytes.Equal(t.bytesOf(e), raw) {
			e.used = min(e.used+1, maxUsed)
			t.stats.Hits++
			t.stats.Saved += int64(e.size)
			return e.value, first + uint32(i), found
		}
	}
	t.stats.Misses++
	if ghost := &t.ghosts[t.ghost(hash)]; *ghost == uint16(hash>>48)|1 {
		*ghost = 0
		t.pressure++
		return shared{}, 0, forgotten
	}
	return shared{}, 0, absent
}

func (t *Table) ghost(hash uint64) uint64 { return hash >> 16 & uint64(len(t.ghosts)-1) }

// bytesOf returns the wire bytes of an entry.
func (t *Table) bytesOf(e *entry) []byte {
	if e.class.inline {
		return bytesAt(e.value.p, e.value.n)
	}
	return t.log.buf[e.start : e.start+e.size]
}

// keep remembers a value. The least used entry of its set gives way.
func (t *Table) keep(c *class, hash uint64, raw []byte, v shared) {
	first, set := t.set(hash)
	victim := 0
	for i := range set {
		if set[i].class == nil {
			victim = i
			break
		}
		if set[i].used < set[victim].used {
			victim = i
		}
	}
	e := &set[victim]
	if e.class != nil {
		if e.used > 0 {
			t.pressure++
			for i := range set {
				set[i].used--
			}
			if e.used > 0 {
				return
			}
		}
		t.forget(e)
	}
	if c.inline {
		raw = nil
	}
	for !t.log.fits(len(raw)) {
		t.makeRoom()
	}
	*e = entry{class: c, value: v, hash: hash, size: uint32(len(raw))}
	e.start = t.log.append(first+uint32(victim), raw)
}

// forget empties an entry and leaves a trace of it.
func (t *Table) forget(e *entry) {
	t.ghosts[t.ghost(e.hash)] = uint16(e.hash>>48) | 1
	*e = entry{}
}

// makeRoom takes the oldest record out of the log. A value that has been used since it was written goes to the log's head again, but not if
// that would leave no room.
func (t *Table) makeRoom() {
	slot, start, raw := t.log.dropOldest()
	if slot == noSlot {
		return
	}
	e := &t.entries[slot]
	if e.class == nil || e.start != start {
		return // another value has taken the entry
	}
	if e.used == 0 {
		t.forget(e)
		return
	}
	e.used--
	t.scratch = append(t.scratch[:0], raw...)
	if !t.log.fits(len(raw)) {
		t.forget(e)
		return
	}
	e.start = t.log.append(slot, t.scratch)
}

// resize moves everything to a larger table.
func (t *Table) resize(entries, log int) {
	oldEntries, oldLog := t.entries, t.log
	t.entries = make([]entry, entries)
	t.log = wireLog{buf: make([]byte, log)}
	t.ghosts = make([]uint16, ghostsRatio*entries)
	t.pressure = 0
	for !oldLog.empty() {
		slot, start, raw := oldLog.dropOldest()
		if slot == noSlot {
			continue
		}
		if e := oldEntries[slot]; e.class != nil && e.start == start {
			t.keep(e.class, e.hash, raw, e.value)
		}
	}
}
