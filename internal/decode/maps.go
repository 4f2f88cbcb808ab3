package decode

import (
	"reflect"
	"unsafe"

	"k8s.io/apimachinery/pkg/api/resource"
)

// entryAt splits a map's entry, a message of key 1 and value 2, which encoders write in this order. They leave out a value that is nil; it
// is read as an empty one.
func entryAt(b []byte) (key, value []byte, ok bool) {
	const keyTag, valueTag = 1<<3 | wireBytes, 2<<3 | wireBytes
	if len(b) == 0 || b[0] != keyTag {
		return nil, nil, false
	}
	from, to := contentAt(b, 1)
	if from < 0 || to == len(b) {
		return b[max(from, 0):max(to, 0)], nil, from >= 0
	}
	start, end := contentAt(b, to+1)
	if b[to] != valueTag || end != len(b) {
		return nil, nil, false
	}
	return b[from:to], b[start:end], true
}

// entries reads a map of count entries from protobuf.
func (s *session) entries(n *node, p unsafe.Pointer, raw []byte, tagSize, count int) error {
	m := newMap(n, p, count)
	for i := 0; i < len(raw); {
		from, to := contentAt(raw, i+tagSize)
		i = to
		key, content, ok := entryAt(raw[from:to])
		if !ok {
			return errUnusual
		}
		if m.strings != nil && n.elem.proto == kindString {
			m.strings[s.str(n.key, key)] = s.str(n.elem, content)
			continue
		}
		if m.strings != nil {
			return errUnusual
		}
		value := m.other.value()
		if n.elem.typ.Kind() == reflect.Slice {
			newSlice(n.elem.typ, value, 0) // there, though nothing may be in it
		}
		if err := s.content(n.elem, value, nil, content); err != nil {
			return err
		}
		m.other.put(s.str(n.key, key))
	}
	return nil
}

// mapping reads a map from a JSON object.
func (s *session) mapping(n *node, p unsafe.Pointer) error {
	br, err := s.enter()
	if err != nil {
		return err
	}
	m := newMap(n, p, s.count(br, '}'))
	if s.empty('}') {
		return nil
	}
	for {
		name, err := s.name()
		if err != nil {
			return err
		}
		key := s.str(n.key, name)
		if m.strings != nil && s.next() == '"' {
			text, err := s.text()
			if err != nil {
				return err
			}
			m.strings[key] = s.str(n.elem, text)
		} else if err := s.mapValue(n, m, key); err != nil {
			return err
		}
		if done, err := s.separator('}'); done || err != nil {
			return err
		}
	}
}

// mapValue reads the value of a key from JSON.
func (s *session) mapValue(n *node, m newMapping, key string) error {
	if m.strings != nil {
		m.strings[key] = ""
		return s.word("null")
	}
	if err := s.value(n.elem, m.other.value()); err != nil {
		return err
	}
	m.other.put(key)
	return nil
}

// newMapping is a map to be filled. That a map's keys or values are of named types makes no difference in memory, so that the types of nearly
// all API maps need no reflection.
type newMapping struct {
	strings map[string]string // nil: another type
	other   *otherMap
}

// otherMap is a map whose values are not strings, with a variable to read them into.
type otherMap struct {
	typ        reflect.Type
	quantities map[string]resource.Quantity // nil: another type
	quantity   resource.Quantity
	any        reflect.Value
	elem       reflect.Value
}

// newMap makes a map at p.
func newMap(n *node, p unsafe.Pointer, count int) newMapping {
	switch n.elem.json {
	case kindString:
		m := make(map[string]string, count)
		*(*map[string]string)(p) = m
		return newMapping{strings: m}
	case kindQuantity:
		m := make(map[string]resource.Quantity, count)
		*(*map[string]resource.Quantity)(p) = m
		return newMapping{other: &otherMap{quantities: m}}
	default:
		m := &otherMap{typ: n.typ, any: reflect.MakeMapWithSize(n.typ, count), elem: reflect.New(n.elem.typ).Elem()}
		valueAt(n.typ, p).Set(m.any)
		return newMapping{other: m}
	}
}

// value returns where the next value is to be read to, zeroed.
func (m *otherMap) value() unsafe.Pointer {
	if m.quantities != nil {
		m.quantity = resource.Quantity{}
		return unsafe.Pointer(&m.quantity)
	}
	m.elem.SetZero()
	return m.elem.Addr().UnsafePointer()
}

// put stores the value that was read.
func (m *otherMap) put(key string) {
	if m.quantities != nil {
		m.quantities[key] = m.quantity
		return
	}
	m.any.SetMapIndex(reflect.ValueOf(key).Convert(m.typ.Key()), m.elem)
}
