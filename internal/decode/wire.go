package decode

import (
	"encoding/binary"
	"errors"
	"io"
	"math"
)

// Wire types of protobuf.
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireGroup   = 3
	wireEnd     = 4
	wireFixed32 = 5
)

var errWire = errors.New("malformed protobuf")

// maxGroupDepth bounds the nesting of unknown groups, which no Kubernetes type uses.
const maxGroupDepth = 100

// wireField is one field of a message: its number, its wire type, and its content: the bytes of a length-delimited field, the
// number of a varint.
type wireField struct {
	number int
	kind   uint8
	bytes  []byte
	varint uint64
}

// nextField splits the first field off a message.
func nextField(b []byte) (f wireField, rest []byte, err error) {
	tag, n := binary.Uvarint(b)
	if n <= 0 {
		return f, nil, varintError(n)
	}
	b = b[n:]
	if tag>>3 == 0 || tag>>3 > math.MaxInt32 {
		return f, nil, errWire
	}
	f.number, f.kind = int(tag>>3), uint8(tag&7)
	switch f.kind {
	case wireVarint:
		f.varint, n = binary.Uvarint(b)
		if n <= 0 {
			return f, nil, varintError(n)
		}
		return f, b[n:], nil
	case wireBytes:
		size, n := binary.Uvarint(b)
		if n <= 0 {
			return f, nil, varintError(n)
		}
		if b = b[n:]; size > uint64(len(b)) {
			f.bytes = b // what there is of it
			return f, nil, io.ErrUnexpectedEOF
		}
		f.bytes = b[:size:size]
		return f, b[size:], nil
	default:
		n, err := skipOther(f.kind, b)
		return f, b[n:], err
	}
}

// skipOther returns the size of a field of a wire type that Kubernetes types do not use.
func skipOther(kind uint8, b []byte) (int, error) {
	size := 0
	switch kind {
	case wireFixed64:
		size = 8
	case wireFixed32:
		size = 4
	case wireGroup:
		return skipGroup(b)
	default:
		return 0, errWire
	}
	if len(b) < size {
		return 0, io.ErrUnexpectedEOF
	}
	return size, nil
}

// skipGroup returns the size of a group with its end tag. It does not recurse.
func skipGroup(b []byte) (int, error) {
	at, depth := 0, 1
	for depth > 0 {
		tag, n := binary.Uvarint(b[at:])
		if n <= 0 {
			return 0, varintError(n)
		}
		at += n
		switch tag & 7 {
		case wireGroup:
			if depth++; depth > maxGroupDepth {
				return 0, errWire
			}
		case wireEnd:
			depth--
		case wireVarint:
			_, n := binary.Uvarint(b[at:])
			if n <= 0 {
				return 0, varintError(n)
			}
			at += n
		case wireBytes:
			size, n := binary.Uvarint(b[at:])
			if n <= 0 {
				return 0, varintError(n)
			}
			at += n
			if size > uint64(len(b)-at) {
				return 0, io.ErrUnexpectedEOF
			}
			at += int(size)
		default:
			n, err := skipOther(uint8(tag&7), b[at:])
			if err != nil {
				return 0, err
			}
			at += n
		}
	}
	return at, nil
}

// varintError translates a bad count of binary.Uvarint: 0 means that the bytes ended, below 0 that they overflow 64 bits.
func varintError(n int) error {
	if n == 0 {
		return io.ErrUnexpectedEOF
	}
	return errWire
}

// varint reads a varint from the stream.
func (in *input) varint() (uint64, error) {
	for size := 1; ; size++ {
		if err := in.need(size); err != nil {
			return 0, err
		}
		v, n := binary.Uvarint(in.window())
		if n > 0 {
			in.advance(n)
			return v, nil
		}
		if n < 0 {
			return 0, errWire
		}
		size = max(size, in.end-in.pos)
	}
}

// tag reads a field's number and wire type from the stream.
func (in *input) tag() (number int, kind uint8, err error) {
	v, err := in.varint()
	if err != nil {
		return 0, 0, err
	}
	if v>>3 == 0 || v>>3 > math.MaxInt32 {
		return 0, 0, errWire
	}
	return int(v >> 3), uint8(v & 7), nil
}

// length reads a length prefix from the stream.
func (in *input) length() (int64, error) {
	v, err := in.varint()
	if err == nil && v > math.MaxInt64 {
		err = errWire
	}
	return int64(v), err
}

// delimited returns the content of a length-delimited field as a window, which the caller consumes with advance.
func (in *input) delimited() ([]byte, error) {
	size, err := in.length()
	if err != nil {
		return nil, err
	}
	return in.take(size)
}

// take returns the next bytes as a window, which the caller consumes with advance.
func (in *input) take(size int64) ([]byte, error) {
	if size > int64(in.limit) {
		return nil, &TooLargeError{Limit: in.limit}
	}
	if err := in.need(int(size)); err != nil {
		return nil, err
	}
	return in.window()[:size:size], nil
}

// skip consumes a field that nobody wants.
func (in *input) skip(kind uint8) error {
	switch kind {
	case wireVarint:
		_, err := in.varint()
		return err
	case wireFixed64:
		return in.discard(8)
	case wireFixed32:
		return in.discard(4)
	case wireBytes:
		size, err := in.length()
		if err != nil {
			return err
		}
		return in.discard(size)
	default: // a group: of no use to Kubernetes, so not worth a streaming reader
		return errWire
	}
}
