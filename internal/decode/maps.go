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
		if m.strings != nil {
			m.strings[s.str(n.key, key)] = s.str(n.elem, content)
			continue
		}
		value := m.value()
		if n.elem.typ.Kind() == reflect.Slice {
			newSlice(n.elem.typ, value, 0) // there, though nothing may be in it
		}
		if err := s.content(n.elem, value, content); err != nil {
			return err
		}
		m.put(s.str(n.key, key))
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
		if err := s.value(n.elem, m.value()); err != nil {
			return err
		}
		m.put(key)
		if done, err := s.separator('}'); done || err != nil {
			return err
		}
	}
}

// mapFiller fills a map. That its keys or values may be of named types makes no difference in memory, so that the types of nearly
// all API maps need no reflection.
type mapFiller struct {
	node       *node
	strings    map[string]string
	quantities map[string]resource.Quantity
	other      reflect.Value

	text     string
	quantity resource.Quantity
	elem     reflect.Value // of another map
}

// newMap makes a map at p.
func newMap(n *node, p unsafe.Pointer, count int) *mapFiller {
	m := &mapFiller{node: n}
	switch n.elem.json {
	case kindString:
		m.strings = make(map[string]string, count)
		*(*map[string]string)(p) = m.strings
	case kindQuantity:
		m.quantities = make(map[string]resource.Quantity, count)
		*(*map[string]resource.Quantity)(p) = m.quantities
	default:
		m.other = reflect.MakeMapWithSize(n.typ, count)
		m.elem = reflect.New(n.elem.typ).Elem()
		valueAt(n.typ, p).Set(m.other)
	}
	return m
}

// value returns where the next value is to be read to, zeroed.
func (m *mapFiller) value() unsafe.Pointer {
	switch {
	case m.strings != nil:
		m.text = ""
		return unsafe.Pointer(&m.text)
	case m.quantities != nil:
		m.quantity = resource.Quantity{}
		return unsafe.Pointer(&m.quantity)
	default:
		m.elem.SetZero()
		return m.elem.Addr().UnsafePointer()
	}
}

// put stores the value that was read.
func (m *mapFiller) put(key string) {
	switch {
	case m.strings != nil:
		m.strings[key] = m.text
	case m.quantities != nil:
		m.quantities[key] = m.quantity
	default:
		m.other.SetMapIndex(reflect.ValueOf(key).Convert(m.node.typ.Key()), m.elem)
	}
}
