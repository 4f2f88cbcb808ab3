package decode

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
)

var errJSON = errors.New("malformed JSON")

// maxJSONDepth is the nesting that the official decoder allows.
const maxJSONDepth = 10000

// bracket is one object or array of a scanned value: where it starts and ends, how many commas separate its members, and which bracket
// is the first after it. With the brackets of a value at hand, skipping an object and sizing a slice cost nothing.
type bracket struct {
	start, end uint32 // end is after the closing bracket
	next       uint32
	commas     uint32
}

// scanner finds the end of one JSON value in bytes that come in pieces, and its brackets. It balances them and knows strings;
// whether the value is well formed is for its decoder to say.
type scanner struct {
	brackets []bracket
	open     []uint32 // indexes of those not closed yet

	size     uint32 // bytes fed
	inString bool
	escaped  bool
	scalar   bool // in a number, true, false or null, which only the next token ends
	tooDeep  bool
	flat     bool // only the end is wanted: no brackets are noted
	ended    bool
}

func (v *scanner) reset() {
	*v = scanner{brackets: v.brackets[:0], open: v.open[:0]}
}

// err says why the scan must not go on.
func (v *scanner) err() error {
	if v.tooDeep {
		return fmt.Errorf("more than %d levels: %w", maxJSONDepth, errJSON)
	}
	return nil
}

// What a byte means outside of strings.
const (
	charOther = iota
	charSpace
	charQuote
	charOpen
	charClose
	charComma
	charColon
)

var charClass = [256]uint8{
	' ': charSpace, '\n': charSpace, '\t': charSpace, '\r': charSpace,
	'"': charQuote, '{': charOpen, '[': charOpen, '}': charClose, ']': charClose, ',': charComma, ':': charColon,
}

func isSpace(c byte) bool { return charClass[c] == charSpace }

// feed looks at the next bytes. It returns how many of them belong to the value, and whether the value ends there.
func (v *scanner) feed(b []byte) (int, bool) {
	n, done := 0, false
	if v.inString {
		n = v.feedString(b)
		done = !v.inString && len(v.open) == 0
	}
	for n < len(b) && !done {
		class := charClass[b[n]]
		if class == charOther {
			v.scalar = v.scalar || len(v.open) == 0
			n++
			continue
		}
		if v.scalar {
			done = true
			break
		}
		if class == charQuote {
			v.inString = true
			n++
			n += v.feedString(b[n:])
			done = !v.inString && len(v.open) == 0
			continue
		}
		if len(v.open) == 0 && class != charOpen {
			done = true // no value here
			break
		}
		v.structure(class, v.size+uint32(n))
		n++
		done = len(v.open) == 0
	}
	v.size += uint32(n)
	v.ended = done
	return n, done
}

// structure notes a bracket or comma at the offset.
func (v *scanner) structure(class uint8, offset uint32) {
	v.tooDeep = v.tooDeep || class == charOpen && len(v.open) == maxJSONDepth
	switch {
	case v.flat && class == charOpen:
		v.open = append(v.open, 0)
		return
	case v.flat && class == charClose:
		v.open = v.open[:len(v.open)-1]
		return
	case v.flat:
		return
	}
	switch class {
	case charComma:
		v.brackets[v.open[len(v.open)-1]].commas++
	case charOpen:
		v.open = append(v.open, uint32(len(v.brackets)))
		v.brackets = append(v.brackets, bracket{start: offset})
	case charClose:
		closed := &v.brackets[v.open[len(v.open)-1]]
		v.open = v.open[:len(v.open)-1]
		closed.end, closed.next = offset+1, uint32(len(v.brackets))
	}
}

// feedString returns how many bytes belong to the string, with its closing quote if it is there.
func (v *scanner) feedString(b []byte) int {
	i := 0
	if v.escaped && len(b) > 0 {
		v.escaped = false
		i = 1
	}
	for i < len(b) {
		i += plainPrefix(b[i:])
		if i >= len(b) {
			break
		}
		switch b[i] {
		case '"':
			v.inString = false
			return i + 1
		case '\\':
			i++
			if i == len(b) {
				v.escaped = true
			}
		}
		i++
	}
	return min(i, len(b))
}

const (
	lowBits  = 0x0101010101010101
	highBits = 0x8080808080808080
)

// plainPrefix returns how many bytes at the start are ASCII that a string may hold as they are, looking at eight at a time.
func plainPrefix(b []byte) int {
	i := 0
	for ; i+8 <= len(b); i += 8 {
		x := binary.LittleEndian.Uint64(b[i:])
		quotes, slashes := x^lowBits*'"', x^lowBits*'\\'
		// The first byte found is right; a borrow may only mark bytes behind it.
		found := (x | (quotes-lowBits)&^quotes | (slashes-lowBits)&^slashes | (x - lowBits*' ')) & highBits
		if found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for ; i < len(b); i++ {
		if c := b[i]; c == '"' || c == '\\' || c < ' ' || c >= 0x80 {
			break
		}
	}
	return i
}
