package decode

import (
	"encoding/binary"
	"math"
	"reflect"
	"slices"
	"time"
	"unsafe"

	apiresource "k8s.io/apimachinery/pkg/api/resource"

	"github.com/sheaf-dev/sheaf/resource"
)

// Share replaces parts of an object by equal parts of objects that were shared before. It is for objects whose wire bytes do not say
// any more what they are, because they have been transformed: what a Shared decoder does while decoding, at about the price of encoding
// the object. The caller owns the object; afterwards it is read-only. Objects of a type with hidden state are left alone as far as it
// reaches.
//
// Parts are compared by an encoding of their structure, which serves as their wire bytes in the table.
func (t *Table) Share(o resource.Object) {
	v := reflect.ValueOf(o)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	s := sharer{session: session{table: t, gates: t.shapeGates}, buf: t.structure[:0]}
	s.visit(v.UnsafePointer(), s.shapeOf(v.Type().Elem()), 0)
	t.structure = s.buf[:0]
	t.begin(len(s.buf))
}

// shape is what sharing by structure knows of a type.
type shape struct {
	typ    reflect.Type
	kind   reflect.Kind
	known  kind // of the types with an encoding of their own
	class  *class
	fields []shapeField // of a struct
	elem   *shape       // of a pointer, slice or map
	gate   int          // of what is in it
	hidden bool         // a struct with fields that cannot be seen
}

type shapeField struct {
	offset uintptr
	gate   int
	shape  *shape
}

// sharer is the state of one Share.
type sharer struct {
	session
	buf  []byte   // the encoding so far
	keys []string // of the maps that are being visited
}

func (s *sharer) newGate() int {
	s.table.shapeGates = append(s.table.shapeGates, gate{})
	s.gates = s.table.shapeGates
	return len(s.gates) - 1
}

func (s *sharer) shapeOf(t reflect.Type) *shape {
	if sh := s.table.shapes[t]; sh != nil {
		return sh
	}
	sh := &shape{typ: t, kind: t.Kind(), known: wellKnown[t], class: newClass(), gate: s.newGate()}
	s.table.shapes[t] = sh
	switch {
	case sh.known == kindTime || sh.known == kindMicroTime || sh.known == kindQuantity:
	case sh.kind == reflect.Pointer || sh.kind == reflect.Slice || sh.kind == reflect.Map:
		sh.elem = s.shapeOf(t.Elem())
	case sh.kind == reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			if !f.IsExported() && (!f.Anonymous || f.Type.Kind() != reflect.Struct) {
				sh.hidden = true
				continue
			}
			sh.fields = append(sh.fields, shapeField{offset: f.Offset, gate: s.newGate(), shape: s.shapeOf(f.Type)})
		}
	}
	return sh
}

func (s *sharer) byte(b byte)     { s.buf = append(s.buf, b) }
func (s *sharer) number(v uint64) { s.buf = binary.AppendUvarint(s.buf, v) }

// text appends a string with its length.
func (s *sharer) text(text string) {
	s.number(uint64(len(text)))
	s.buf = append(s.buf, text...)
}

// visit appends the encoding of the value at p, and shares what it consists of and then the value itself. The gate is that of the place
// where the value is.
func (s *sharer) visit(p unsafe.Pointer, sh *shape, gate int) {
	if s.depth++; s.depth > maxMessageDepth {
		s.hidden++ // it may even contain itself
		s.depth--
		return
	}
	switch sh.kind {
	case reflect.String:
		s.string(p, gate)
	case reflect.Struct:
		s.structure(p, sh)
	case reflect.Pointer, reflect.Slice, reflect.Map:
		s.composite(p, sh, gate)
	case reflect.Interface:
		if sh.typ.NumMethod() == 0 {
			s.boxed((*any)(p), sh, gate)
		} else if *(*unsafe.Pointer)(p) != nil {
			s.hidden++
		}
	default:
		s.flat(p, sh)
	}
	s.depth--
}

// flat appends a value without parts: its memory.
func (s *sharer) flat(p unsafe.Pointer, sh *shape) {
	if sh.kind > reflect.Complex128 {
		s.hidden++
		return
	}
	s.buf = append(s.buf, bytesAt(p, int(sh.typ.Size()))...)
}

func (s *sharer) string(p unsafe.Pointer, gate int) {
	text := *(*string)(p)
	s.text(text)
	b := bytesAt(unsafe.Pointer(unsafe.StringData(text)), len(text))
	if w, ok := s.known(stringClass, gate, kindString, p, b); !ok {
		s.learned(w, kindString, p, b)
	}
}

func (s *sharer) structure(p unsafe.Pointer, sh *shape) {
	switch sh.known {
	case kindTime, kindMicroTime:
		s.time(*(*time.Time)(p))
		return
	case kindQuantity:
		q := (*apiresource.Quantity)(p)
		s.text(q.String()) // this also fills the cache that String would write to later
		s.text(string(q.Format))
		if *(*unsafe.Pointer)(at(p, decimalOffset)) != nil {
			s.hidden++
		}
		return
	}
	if sh.hidden {
		s.hidden++
	}
	for i := range sh.fields {
		f := &sh.fields[i]
		s.visit(at(p, f.offset), f.shape, f.gate)
	}
}

// time appends a time, which is hidden if it is more than an instant in one of the usual zones.
func (s *sharer) time(t time.Time) {
	s.number(uint64(t.Unix()))
	s.number(uint64(t.Nanosecond()))
	switch t.Location() {
	case time.UTC:
		s.byte(0)
	case time.Local:
		s.byte(1)
	default:
		s.hidden++
	}
	if t != t.Round(0) { // a reading of the monotonic clock
		s.hidden++
	}
}

// composite visits what a pointer, slice or map holds, and then shares it as a whole.
func (s *sharer) composite(p unsafe.Pointer, sh *shape, gate int) {
	target := *(*unsafe.Pointer)(p)
	if target == nil {
		s.byte(0)
		return
	}
	start, hidden := len(s.buf), s.hidden
	s.byte(1)
	var k kind
	switch sh.kind {
	case reflect.Pointer:
		k = kindPointer
		s.visit(target, sh.elem, sh.gate)
	case reflect.Slice:
		k = kindSlice
		s.elements((*sliceHeader)(p), sh)
	default:
		k = kindMap
		s.entries(p, sh)
	}
	s.replace(p, sh, gate, k, start, hidden)
}

// replace shares the value at p, whose encoding begins at start, unless something hidden is in it.
func (s *sharer) replace(p unsafe.Pointer, sh *shape, gate int, k kind, start, hidden int) {
	if s.hidden != hidden {
		return
	}
	raw := s.buf[start:]
	if w, ok := s.known(sh.class, gate, k, p, raw); !ok {
		s.learned(w, k, p, raw)
	}
}

func (s *sharer) elements(h *sliceHeader, sh *shape) {
	h.cap = h.len
	s.number(uint64(h.len))
	size := sh.elem.typ.Size()
	if size == 1 {
		s.buf = append(s.buf, bytesAt(h.data, h.len)...)
		return
	}
	for i := range h.len {
		s.visit(at(h.data, uintptr(i)*size), sh.elem, sh.gate)
	}
}

// entries visits a map in the order of its keys. Its values are replaced in place; its keys stay.
func (s *sharer) entries(p unsafe.Pointer, sh *shape) {
	switch {
	case sh.typ.Key().Kind() != reflect.String:
		s.hidden++
	case sh.elem.kind == reflect.String:
		visitMap(s, *(*map[string]string)(p), sh)
	case sh.elem.typ == reflect.TypeFor[any]():
		visitMap(s, *(*map[string]any)(p), sh)
	case sh.elem.known == kindQuantity:
		visitMap(s, *(*map[string]apiresource.Quantity)(p), sh)
	default:
		v := valueAt(sh.typ, p)
		value := reflect.New(sh.elem.typ)
		first := len(s.keys)
		for keys := v.MapRange(); keys.Next(); {
			s.keys = append(s.keys, keys.Key().String())
		}
		keys := s.keys[first:]
		slices.Sort(keys)
		s.number(uint64(len(keys)))
		for _, text := range keys {
			s.text(text)
			key := reflect.ValueOf(text).Convert(sh.typ.Key())
			value.Elem().Set(v.MapIndex(key))
			s.visit(value.UnsafePointer(), sh.elem, sh.gate)
			v.SetMapIndex(key, value.Elem())
		}
		s.keys = s.keys[:first]
	}
}

// visitMap does so for the most frequent types of maps.
func visitMap[V any](s *sharer, m map[string]V, sh *shape) {
	first := len(s.keys)
	for key := range m {
		s.keys = append(s.keys, key)
	}
	keys := s.keys[first:]
	slices.Sort(keys)
	s.number(uint64(len(keys)))
	value := new(V)
	for _, key := range keys {
		s.text(key)
		*value = m[key]
		s.visit(unsafe.Pointer(value), sh.elem, sh.gate)
		m[key] = *value
	}
	s.keys = s.keys[:first]
}

// boxed visits the value of an interface, if it is one of those that JSON has.
func (s *sharer) boxed(p *any, sh *shape, gate int) {
	start, hidden := len(s.buf), s.hidden
	switch value := (*p).(type) {
	case nil:
		s.byte('n')
	case bool:
		s.byte('b')
		s.flat(unsafe.Pointer(&value), s.shapeOf(reflect.TypeFor[bool]()))
	case int64:
		s.byte('i')
		s.number(uint64(value))
	case float64:
		s.byte('f')
		s.number(math.Float64bits(value))
	case string:
		s.byte('s')
		s.text(value)
		s.replace(unsafe.Pointer(p), sh, gate, kindAny, start, hidden)
	case map[string]any:
		s.byte('m')
		s.composite(unsafe.Pointer(&value), s.shapeOf(reflect.TypeFor[map[string]any]()), gate)
		*p = value
	case []any:
		s.byte('a')
		s.composite(unsafe.Pointer(&value), s.shapeOf(reflect.TypeFor[[]any]()), gate)
		*p = value
	default:
		s.hidden++
	}
}
