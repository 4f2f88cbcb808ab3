package store

import (
	"encoding/binary"
	"hash/maphash"
	"iter"
	"math/bits"
	"sync/atomic"
)

// names finds the number of a pair of strings, such as an object's namespace and name or a label's key and value. It is the readers' side
// of a dictionary, as of one snapshot; many snapshots share the same table.
//
// A name that was added after the snapshot may be found, and one that was removed before it. So a number is only a hint
// where to look: what the snapshot has stored under it decides.
type names struct {
	table *table
	texts [][]byte // the bytes of all names; what is added later goes behind the length that this copy sees
}

// table is an open-addressed hash table. An entry is written once and never changed or removed, so that readers of older snapshots are not
// disturbed. Names leave by a rebuild into a new table, which happens before their numbers are given to others: therefore one
// number means one name for as long as a table is in use.
type table struct {
	seed    maphash.Seed
	entries []entry
}

// entry is 16 bytes without a pointer: a lookup touches one cache line here, and one where the name's bytes are.
type entry struct {
	tag atomic.Uint64 // upper half: hash; lower half: number+1; 0: free. Stored after the place.
	at  atomic.Uint64 // upper half: which of the texts; lower half: offset in it
}

func (t *table) hash(a, b string) uint32 {
	h := maphash.String(t.seed, b)
	if a != "" {
		h ^= bits.RotateLeft64(maphash.String(t.seed, a), 31)
	}
	return uint32(h * 0x9E3779B97F4A7C15 >> 32)
}

// start is where the search for a hash begins. It needs no power of two, so tables grow in steps that waste less.
func (t *table) start(hash uint32) int { return int(uint64(hash) * uint64(len(t.entries)) >> 32) }

// find returns the number of a name.
func (n *names) find(a, b string) (number uint32, found bool) {
	entries, hash := n.table.entries, n.table.hash(a, b)
	for i := n.table.start(hash); ; {
		tag := entries[i].tag.Load()
		if tag == 0 {
			return 0, false
		}
		if uint32(tag>>32) == hash && n.is(entries[i].at.Load(), a, b) {
			return uint32(tag) - 1, true
		}
		if i++; i == len(entries) {
			i = 0
		}
	}
}

// is compares a name with the one at a place.
func (n *names) is(at uint64, a, b string) bool {
	if int(at>>32) >= len(n.texts) {
		return false // added after this snapshot
	}
	text := n.texts[at>>32][uint32(at):]
	if text[0]|text[1] < 0x80 { // both lengths are one byte: nearly always
		end := 2 + int(text[0])
		return int(text[0]) == len(a) && int(text[1]) == len(b) && string(text[2:end]) == a && string(text[end:end+len(b)]) == b
	}
	first, second := decodeText(text)
	return string(first) == a && string(second) == b
}

// all iterates over the names and their numbers, in no order, at a cost that follows the size of the table.
func (n *names) all() iter.Seq2[uint32, [2]string] {
	return func(yield func(uint32, [2]string) bool) {
		for i := range n.table.entries {
			e := &n.table.entries[i]
			tag := e.tag.Load()
			if tag == 0 {
				continue
			}
			at := e.at.Load()
			if int(at>>32) >= len(n.texts) {
				continue
			}
			first, second := decodeText(n.texts[at>>32][uint32(at):])
			if !yield(uint32(tag)-1, [2]string{string(first), string(second)}) {
				return
			}
		}
	}
}

// A text is both lengths as varints, then the bytes of both strings.
func encodeText(text []byte, a, b string) []byte {
	text = binary.AppendUvarint(text, uint64(len(a)))
	text = binary.AppendUvarint(text, uint64(len(b)))
	text = append(text, a...)
	return append(text, b...)
}

func decodeText(text []byte) (a, b []byte) {
	sizeA, n := binary.Uvarint(text)
	text = text[n:]
	sizeB, n := binary.Uvarint(text)
	text = text[n:]
	return text[:sizeA], text[sizeA : sizeA+sizeB]
}
