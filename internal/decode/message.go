package decode

import (
	"encoding/binary"
	"math"
	"reflect"
	"unsafe"
)

// varintAt reads a varint at i. It returns the index after it, or -1.
func varintAt(b []byte, i int) (uint64, int) {
	if i < len(b) && b[i] < 0x80 {
		return uint64(b[i]), i + 1
	}
	return longVarintAt(b, i)
}

func longVarintAt(b []byte, i int) (uint64, int) {
	if i < len(b) {
		if v, n := binary.Uvarint(b[i:]); n > 0 {
			return v, i + n
		}
	}
	return 0, -1
}

// contentAt reads the length at i and returns the content's bounds, or -1.
func contentAt(b []byte, i int) (from, to int) {
	size, from := varintAt(b, i)
	if from < 0 || size > uint64(len(b)-from) {
		return -1, -1
	}
	return from, from + int(size)
}

// message reads the fields of a message into the struct at p. Here and below, like is where a value of the same type is that may be much
// the same, or nil: in the last version of the object, or in its neighbour. Strings are looked for there first.
func (s *session) message(m *message, p, like unsafe.Pointer, b []byte) error {
	if s.depth++; s.depth > maxMessageDepth {
		return errDepth
	}
	for i := 0; i < len(b); {
		start := i
		tag, next := varintAt(b, i)
		if next < 0 || tag>>3 == 0 || tag>>3 > math.MaxInt32 {
			return errUnusual
		}
		f := m.field(tag >> 3)
		if f == nil {
			if i = skipAt(b, next, uint8(tag&7)); i < 0 {
				return errUnusual
			}
			continue
		}
		var err error
		switch {
		case f.run:
			i, err = s.run(f.node, at(p, f.offset), field(like, f.offset), b, start, next)
		case tag&7 == wireBytes:
			from, to := contentAt(b, next)
			if from < 0 {
				return errUnusual
			}
			i, err = to, s.content(f.node, at(p, f.offset), field(like, f.offset), b[from:to])
		case tag&7 == wireVarint:
			var v uint64
			if v, i = varintAt(b, next); i < 0 {
				return errUnusual
			}
			err = s.number(f.node, at(p, f.offset), v)
		default:
			return errUnusual
		}
		if err != nil {
			return err
		}
	}
	s.depth--
	return nil
}

// skipAt returns the index after a field that nobody wants, or -1.
func skipAt(b []byte, i int, kind uint8) int {
	switch kind {
	case wireVarint:
		_, i = varintAt(b, i)
	case wireBytes:
		_, i = contentAt(b, i)
	case wireFixed64:
		i += 8
	case wireFixed32:
		i += 4
	default:
		return -1
	}
	if i > len(b) {
		return -1
	}
	return i
}

// number stores a varint.
func (s *session) number(n *node, p unsafe.Pointer, v uint64) error {
	switch n.proto {
	case kindBool:
		*(*bool)(p) = v != 0
	case kindInt, kindUint:
		switch n.typ.Size() {
		case 8:
			*(*uint64)(p) = v
		case 4:
			*(*uint32)(p) = uint32(v)
		default:
			return errUnusual
		}
	case kindPointer:
		if shared := s.smallNumber(n.elem, v); shared != nil {
			*(*unsafe.Pointer)(p) = shared
			return nil
		}
		target := newOf(n.elem.typ)
		*(*unsafe.Pointer)(p) = target
		return s.number(n.elem, target, v)
	default:
		return errUnusual
	}
	return nil
}

// field is at, for what may be nil.
func field(like unsafe.Pointer, offset uintptr) unsafe.Pointer {
	if like == nil {
		return nil
	}
	return at(like, offset)
}

// content stores what a length-delimited field holds.
func (s *session) content(n *node, p, like unsafe.Pointer, b []byte) error {
	switch n.proto {
	case kindString:
		if like != nil && string(b) == *(*string)(like) {
			*(*string)(p) = *(*string)(like)
			return nil
		}
		*(*string)(p) = s.str(n, b)
	case kindStruct:
		if m := n.fieldsOf(); !m.opaque {
			return s.message(m, p, like, b)
		}
		return s.opaque(n, p, b)
	case kindPointer:
		return s.pointer(n, p, like, b)
	case kindBytes:
		*(*[]byte)(p) = s.clone(n, b)
	case kindTime:
		return protoTime(p, b)
	case kindMicroTime:
		return protoMicroTime(p, b)
	case kindQuantity:
		return s.protoQuantity(p, b)
	case kindOpaque:
		return s.opaque(n, p, b)
	default:
		return errUnusual
	}
	return nil
}

// pointer stores a new value, or a known one. Bytes for a pointer that is set already would have to be merged into its value.
func (s *session) pointer(n *node, p, like unsafe.Pointer, b []byte) error {
	if *(*unsafe.Pointer)(p) != nil {
		return errUnusual
	}
	if like != nil {
		like = *(*unsafe.Pointer)(like)
	}
	if like != nil && n.elem.json == kindRaw && sameRaw(like, b) {
		*(*unsafe.Pointer)(p) = like
		return nil
	}
	w, ok := s.known(n.class, n.gate, kindPointer, p, b)
	if ok {
		return nil
	}
	target := newOf(n.elem.typ)
	if err := s.content(n.elem, target, like, b); err != nil {
		return err
	}
	*(*unsafe.Pointer)(p) = target
	s.learned(w, kindPointer, p, b)
	return nil
}

// sameRaw says whether a message is nothing but the bytes that the value at like, of a type such as FieldsV1, begins with.
func sameRaw(like unsafe.Pointer, b []byte) bool {
	const rawTag = 1<<3 | wireBytes
	if len(b) < 2 || b[0] != rawTag {
		return false
	}
	from, to := contentAt(b, 1)
	return to == len(b) && from < to && string(b[from:]) == string(*(*[]byte)(like))
}

// opaque calls the type's own method.
func (s *session) opaque(n *node, p unsafe.Pointer, b []byte) error {
	u, ok := reflect.NewAt(n.typ, p).Interface().(interface{ Unmarshal([]byte) error })
	if !ok || u.Unmarshal(b) != nil {
		return errUnusual
	}
	if !n.trusted {
		s.hidden++
	}
	return nil
}

// run reads all elements of a repeated field that follow each other. The first starts at start, with its length or number at next. The
// elements are counted first, so that their slice or map has the right size.
func (s *session) run(n *node, p, like unsafe.Pointer, b []byte, start, next int) (int, error) {
	tag := b[start:next]
	if tag[0]&7 != wireBytes {
		return s.numbers(n, p, b, tag, next)
	}
	if n.proto == kindMap && *(*unsafe.Pointer)(p) != nil || n.proto == kindSlice && (*sliceHeader)(p).len > 0 {
		return 0, errUnusual // a second run would have to be appended to the first
	}
	count, end := 0, start
	for end < len(b) && hasPrefix(b[end:], tag) {
		_, to := contentAt(b, end+len(tag))
		if to < 0 {
			return 0, errUnusual
		}
		count, end = count+1, to
	}
	raw := b[start:end]
	w, ok := s.known(n.class, n.gate, n.proto, p, raw)
	if ok {
		return end, nil
	}
	var err error
	if n.proto == kindMap {
		err = s.entries(n, p, raw, len(tag), count)
	} else {
		err = s.elements(n, p, like, raw, len(tag), count)
	}
	if err == nil {
		s.learned(w, n.proto, p, raw)
	}
	return end, err
}

// hasPrefix is bytes.HasPrefix for a prefix of one or two bytes.
func hasPrefix(b, tag []byte) bool {
	return b[0] == tag[0] && len(b) >= len(tag) && string(b[:len(tag)]) == string(tag)
}

// elements reads a slice of count elements.
func (s *session) elements(n *node, p, like unsafe.Pointer, raw []byte, tagSize, count int) error {
	data := newSlice(n.typ, p, count)
	size := n.elem.typ.Size()
	var others sliceHeader
	if like != nil {
		others = *(*sliceHeader)(like)
	}
	for i, k := 0, 0; i < len(raw); k++ {
		from, to := contentAt(raw, i+tagSize)
		var other unsafe.Pointer
		if k < others.len {
			other = at(others.data, uintptr(k)*size)
		}
		if err := s.content(n.elem, at(data, uintptr(k)*size), other, raw[from:to]); err != nil {
			return err
		}
		i = to
	}
	return nil
}

// numbers reads a slice of varints that are not packed, as API types write them.
func (s *session) numbers(n *node, p unsafe.Pointer, b, tag []byte, next int) (int, error) {
	if n.proto != kindSlice || tag[0]&7 != wireVarint || *(*unsafe.Pointer)(p) != nil {
		return 0, errUnusual
	}
	first := next - len(tag)
	count, end := 0, first
	for end < len(b) && hasPrefix(b[end:], tag) {
		if _, end = varintAt(b, end+len(tag)); end < 0 {
			return 0, errUnusual
		}
		count++
	}
	data := newSlice(n.typ, p, count)
	size := n.elem.typ.Size()
	for i, k := first, 0; i < end; k++ {
		var v uint64
		v, i = varintAt(b, i+len(tag))
		if err := s.number(n.elem, at(data, uintptr(k)*size), v); err != nil {
			return 0, err
		}
	}
	return end, nil
}
