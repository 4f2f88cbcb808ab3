package store

import "slices"

// chunkSize is how many members a set keeps in one piece. A change copies one piece, and once a batch the list of pieces.
const chunkSize = 512

// set is a persistent set of numbers in ascending order. Its form is stored, not derived from its size: small sets are one slice, larger
// ones have chunks.
//
// Copying the struct and then calling own freezes the original. A piece is never written to below its length, which older copies may see; only
// its free capacity is, by add.
type set struct {
	small  []uint32
	chunks *chunks // if not nil, small is unused
}

type chunks struct {
	list   [][]uint32 // none is empty; each ends below the start of the next
	length int
}

// len returns the number of members.
func (s *set) len() int {
	if s.chunks != nil {
		return s.chunks.length
	}
	return len(s.small)
}

// pieces returns the members as slices, in order. At least one slice is returned if there is a member; buffer saves an allocation.
func (s *set) pieces(buffer *[1][]uint32) [][]uint32 {
	if s.chunks != nil {
		return s.chunks.list
	}
	buffer[0] = s.small
	return buffer[:]
}

// own makes s independent of the struct that it was copied from.
func (s *set) own() {
	if s.chunks != nil {
		s.chunks = &chunks{list: slices.Clone(s.chunks.list), length: s.chunks.length}
	}
}

// add inserts a number that is not in the set.
func (s *set) add(n uint32) {
	if s.chunks == nil {
		s.small = inserted(s.small, n)
		if length := len(s.small); length > chunkSize {
			left, right := split(s.small, n)
			s.small, s.chunks = nil, &chunks{list: [][]uint32{left, right}, length: length}
		}
		return
	}
	s.chunks.add(n)
}

// remove takes a member out.
func (s *set) remove(n uint32) {
	if s.chunks == nil {
		s.small = without(s.small, n)
		return
	}
	s.chunks.remove(n)
	if len(s.chunks.list) == 1 {
		s.small, s.chunks = s.chunks.list[0], nil
	}
}

// find returns the position of the chunk that has, or should get, the number.
func (c *chunks) find(n uint32) int {
	i, _ := slices.BinarySearchFunc(c.list, n, func(chunk []uint32, n uint32) int {
		if chunk[len(chunk)-1] < n {
			return -1
		}
		return 1
	})
	return min(i, len(c.list)-1)
}

func (c *chunks) add(n uint32) {
	i := c.find(n)
	c.length++
	c.list[i] = inserted(c.list[i], n)
	if len(c.list[i]) <= chunkSize {
		return
	}
	left, right := split(c.list[i], n)
	c.list[i] = left
	c.list = slices.Insert(c.list, i+1, right)
}

func (c *chunks) remove(n uint32) {
	i := c.find(n)
	c.length--
	c.list[i] = without(c.list[i], n)
	if len(c.list[i]) == 0 {
		c.list = slices.Delete(c.list, i, i+1)
		return
	}
	if i+1 < len(c.list) && len(c.list[i])+len(c.list[i+1]) <= chunkSize/2 {
		c.list[i] = slices.Concat(c.list[i], c.list[i+1])
		c.list = slices.Delete(c.list, i+1, i+2)
	}
}

// split divides a piece that n has made too long. Numbers that come in ascending order, as in a first list, leave full pieces
// behind instead of half-full ones.
func split(piece []uint32, n uint32) (left, right []uint32) {
	middle := len(piece) / 2
	if piece[len(piece)-1] == n {
		middle = len(piece) - 1
	}
	return slices.Clone(piece[:middle]), slices.Clone(piece[middle:])
}

// inserted returns the piece with n in its place. At the end n goes into free capacity, which no older copy of the piece can see;
// anywhere else the piece is copied.
func inserted(piece []uint32, n uint32) []uint32 {
	end := len(piece)
	if end == 0 || piece[end-1] < n {
		if end < cap(piece) {
			return append(piece, n)
		}
		grown := make([]uint32, end, max(end+1, min(end+end/4, chunkSize)))
		copy(grown, piece)
		return append(grown, n)
	}
	at, _ := slices.BinarySearch(piece, n)
	grown := make([]uint32, end+1)
	copy(grown, piece[:at])
	grown[at] = n
	copy(grown[at+1:], piece[at:])
	return grown
}

// without returns a copy of the piece without n. It never shortens the piece in place: a later append would then overwrite
// what older copies still see.
func without(piece []uint32, n uint32) []uint32 {
	at, found := slices.BinarySearch(piece, n)
	if !found {
		return piece
	}
	shrunk := make([]uint32, len(piece)-1)
	copy(shrunk, piece[:at])
	copy(shrunk[at:], piece[at+1:])
	return shrunk
}
