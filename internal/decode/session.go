package decode

import (
	"errors"
	"unsafe"
)

// errUnusual says that the bytes or the type are outside of what plans cover: broken, or allowed but never seen. The official
// decoder then has the word.
var errUnusual = errors.New("unusual encoding")

// errDepth says that messages are nested deeper than any API type is. The official decoders would recurse without a bound.
var errDepth = errors.New("messages nested too deeply")

const maxMessageDepth = 200

// session is the state of decoding one object.
type session struct {
	table *Table // nil: the object is private
	gates []gate
	plan  *plan // whose gates they are
	depth int

	// hidden counts values that must not be shared, because reading them may write to them.
	hidden int

	// member is the gate of the untyped value that is read, and drops what is dropped below it.
	member int
	drops  *dropTree

	inherited inheritance // from the last version of the object
	recent    recent      // texts of the object that no other has

	jsonCursor
}

// want is the answer to the question whether a value is known already.
type want struct {
	class  *class
	hash   uint64
	hidden int // session.hidden before the value was read
}

// known looks a value up by its bytes and, if it is there, stores it at p.
func (s *session) known(c *class, gate int, k kind, p unsafe.Pointer, raw []byte) (want, bool) {
	if s.table == nil || len(raw) == 0 || len(raw) > maxShared {
		return want{}, false
	}
	if gate >= len(s.gates) { // the plan has grown
		s.gates = s.table.gatesOf(s.plan)
	}
	g := &s.gates[gate]
	if !g.open() {
		return want{}, false
	}
	if v, ok := s.table.again(c, g.last, raw); ok {
		g.record(true)
		v.install(k, p)
		return want{}, true
	}
	hash := s.table.hash(c, raw)
	v, at, result := s.table.find(c, hash, raw)
	g.record(result != absent)
	if result != found {
		return want{class: c, hash: hash, hidden: s.hidden}, false
	}
	g.last = at
	v.install(k, p)
	return want{}, true
}

// learned offers the value at p, decoded after known had said no, to the table.
func (s *session) learned(w want, k kind, p unsafe.Pointer, raw []byte) {
	if w.class != nil && s.hidden == w.hidden {
		s.table.keep(w.class, w.hash, raw, valueOf(k, p))
	}
}

// str returns the bytes as a string.
func (s *session) str(n *node, b []byte) string {
	if s.table == nil {
		return string(b)
	}
	var out string
	w, ok := s.known(stringClass, n.gate, kindString, unsafe.Pointer(&out), b)
	if !ok {
		out = string(b)
		s.learned(w, kindString, unsafe.Pointer(&out), b)
	}
	return out
}

// clone returns a copy of the bytes, not nil, without spare capacity.
func (s *session) clone(n *node, b []byte) []byte {
	var out []byte
	w, ok := s.known(bytesClass, n.gate, kindBytes, unsafe.Pointer(&out), b)
	if !ok {
		out = make([]byte, len(b))
		copy(out, b)
		s.learned(w, kindBytes, unsafe.Pointer(&out), b)
	}
	return out[:len(out):len(out)]
}
