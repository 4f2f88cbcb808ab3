package decode

import "encoding/binary"

// wireLog keeps the wire bytes of shared values in one ring, oldest first. It holds no pointers, so that the garbage collector does not
// look into it, and its size is exact. A record is a header (slot of its entry, size) and the bytes, padded to eight.
type wireLog struct {
	buf        []byte // its size is a power of two
	head, tail uint64 // where the next record goes, and the oldest is; they only grow
}

const (
	recordHeader = 8
	noSlot       = 1<<32 - 1 // of the padding before the ring's end
)

func recordSize(raw int) int { return (recordHeader + raw + 7) &^ 7 }

func (l *wireLog) empty() bool { return l.head == l.tail }

// offset turns a position into an index.
func (l *wireLog) offset(position uint64) int { return int(position & uint64(len(l.buf)-1)) }

// fits says whether a record for so many bytes can be appended without dropping one. A record never wraps around.
func (l *wireLog) fits(raw int) bool {
	need := recordSize(raw)
	if rest := len(l.buf) - l.offset(l.head); rest < need {
		need += rest
	}
	return int(l.head-l.tail)+need <= len(l.buf)
}

// append writes a record, which fits, and returns where its bytes are.
func (l *wireLog) append(slot uint32, raw []byte) uint32 {
	need := recordSize(len(raw))
	if rest := len(l.buf) - l.offset(l.head); rest < need {
		l.header(noSlot, rest-recordHeader)
		l.head += uint64(rest)
	}
	l.header(slot, len(raw))
	start := l.offset(l.head) + recordHeader
	copy(l.buf[start:], raw)
	l.head += uint64(need)
	return uint32(start)
}

func (l *wireLog) header(slot uint32, size int) {
	at := l.offset(l.head)
	binary.LittleEndian.PutUint32(l.buf[at:], slot)
	binary.LittleEndian.PutUint32(l.buf[at+4:], uint32(size))
}

// dropOldest removes the oldest record and returns it. The bytes are valid until the next append.
func (l *wireLog) dropOldest() (slot, start uint32, raw []byte) {
	at := l.offset(l.tail)
	slot = binary.LittleEndian.Uint32(l.buf[at:])
	size := int(binary.LittleEndian.Uint32(l.buf[at+4:]))
	l.tail += uint64(recordSize(size))
	start = uint32(at + recordHeader)
	return slot, start, l.buf[start : int(start)+size]
}
