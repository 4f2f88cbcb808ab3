package store

import (
	"encoding/binary"
	"hash/maphash"
)

// dictionary gives each pair of strings a number, the writer's side of names. Numbers are small: they are positions in vectors.
type dictionary struct {
	names         // what the next snapshot gets
	live   []bool // by number
	free   []uint32
	used   int // entries of the table: living and dead
	dead   int // entries whose number is not live
	litter int // removed names whose bytes are still in texts, though no entry has them
	spare  int // free bytes at the end of the last of texts
}

const (
	minTable = 8
	minText  = 256
	maxText  = 1 << 16
)

func newDictionary() dictionary {
	return dictionary{names: names{table: newTable(minTable)}}
}

func newTable(size int) *table {
	return &table{seed: maphash.MakeSeed(), entries: make([]entry, max(size, minTable))}
}

// count returns how many names are live.
func (d *dictionary) count() int { return d.used - d.dead }

// lookup returns the number of a live name.
func (d *dictionary) lookup(a, b string) (number uint32, found bool) {
	number, found = d.find(a, b)
	return number, found && d.live[number]
}

// add returns the number of a name, which becomes live if it was not.
func (d *dictionary) add(a, b string) (number uint32, isNew bool) {
	number, found := d.find(a, b)
	if found {
		if d.live[number] {
			return number, false
		}
		// Removed since the last rebuild. Nobody else has got its number, so it comes back to its old place.
		d.live[number] = true
		d.dead--
		return number, true
	}
	if d.used+1 > len(d.table.entries)*4/5 || len(d.free) == 0 && d.dead > minTable+d.count()/4 {
		d.rebuild(d.count() + 1)
	}
	number = d.newNumber()
	d.table.insert(d.table.hash(a, b), number, d.store(a, b))
	d.used++
	return number, true
}

// remove takes the life of a number. Its name stays in the table, for older snapshots, until the next rebuild.
func (d *dictionary) remove(number uint32) {
	d.live[number] = false
	d.dead++
}

// reserve prepares for a total of n live names.
func (d *dictionary) reserve(n int) {
	if n > len(d.table.entries)*4/5 {
		d.rebuild(n)
	}
}

func (d *dictionary) newNumber() uint32 {
	if last := len(d.free) - 1; last >= 0 {
		number := d.free[last]
		d.free = d.free[:last]
		d.live[number] = true
		return number
	}
	d.live = append(d.live, true)
	return uint32(len(d.live) - 1)
}

func (t *table) insert(hash, number uint32, at uint64) {
	i := t.start(hash)
	for t.entries[i].tag.Load() != 0 {
		if i++; i == len(t.entries) {
			i = 0
		}
	}
	t.entries[i].at.Store(at)
	t.entries[i].tag.Store(uint64(hash)<<32 | uint64(number+1))
}

// rebuild moves the living names to a new table with room for n, and frees the numbers of the dead. The former table stays as it is.
func (d *dictionary) rebuild(n int) {
	former := d.table
	d.table = &table{seed: former.seed, entries: make([]entry, max(minTable, n*7/4))}
	d.litter += d.dead
	texts := d.texts
	compact := d.litter > minTable+d.count()/2
	if compact {
		d.texts, d.spare, d.litter = nil, 0, 0
	}
	for i := range former.entries {
		tag, at := former.entries[i].tag.Load(), former.entries[i].at.Load()
		if tag == 0 {
			continue
		}
		number := uint32(tag) - 1
		if !d.live[number] {
			d.free = append(d.free, number)
			continue
		}
		if compact {
			a, b := decodeText(texts[at>>32][uint32(at):])
			at = d.store(string(a), string(b))
		}
		d.table.insert(uint32(tag>>32), number, at)
	}
	d.used -= d.dead
	d.dead = 0
}

// store appends a name to the texts and returns its place.
func (d *dictionary) store(a, b string) (at uint64) {
	size := len(a) + len(b) + 2*binary.MaxVarintLen32
	if size > d.spare {
		total := 0
		if n := len(d.texts); n > 0 {
			total = n * len(d.texts[n-1])
		}
		d.texts = append(d.texts, make([]byte, max(size, min(max(total/2, minText), maxText))))
		d.spare = len(d.texts[len(d.texts)-1])
	}
	last := len(d.texts) - 1
	offset := len(d.texts[last]) - d.spare
	text := encodeText(d.texts[last][offset:offset], a, b)
	d.spare -= len(text)
	return uint64(last)<<32 | uint64(offset)
}
