package decode

import (
	"hash/maphash"
	"reflect"
	"unsafe"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/sheaf-dev/sheaf/resource"
)

// The unit of an object is the largest of its fields besides metadata and status: mostly the spec. It is what an update leaves as it was, so
// that the next version may take it from the last one.

// Trace is what a cache keeps of an object so that its next version can take the unit from it. The zero Trace is of nothing.
type Trace struct {
	object resource.Object
	print  fingerprint // of the unit's bytes, with its field's tag or name
}

// Object returns the object that the trace is of, or nil.
func (t Trace) Object() resource.Object { return t.object }

const (
	// minUnit is the size from which it is worth while to remember a unit: a Trace takes a fraction of it.
	minUnit = 256

	// maxTopFields bounds the fields that an object with a unit may have. Those of the API have a handful.
	maxTopFields = 16
)

// unit says where an object's unit is: in raw for protobuf, in the cursor's bytes for JSON. The zero unit is none.
type unit struct {
	from, to int
	value    int           // JSON: where the member's value starts
	name     []byte        // JSON
	field    *messageField // protobuf
}

func (u *unit) size() int { return u.to - u.from }

// none says whether there is no unit that is worth a trace.
func (u *unit) none() bool { return u.size() < minUnit || u.size() > maxPrint }

// unitOf finds the unit of an object, if its top is in the usual form.
func (d *Decoder) unitOf(e *encoded) unit {
	var u unit
	if e.format == formatProtobuf {
		if root := d.plan.root; root.proto == kindStruct && !root.fieldsOf().opaque {
			u = protoUnit(root.fieldsOf(), d.plan.status, e.raw)
		}
	} else {
		u = jsonUnit(e.cursor)
	}
	if u.none() {
		return unit{}
	}
	return u
}

// protoUnit looks through the fields of the root's message, of which none may come twice.
func protoUnit(m *message, status uint64, b []byte) (best unit) {
	var seen uint64
	for i := 0; i < len(b); {
		start := i
		tag, next := varintAt(b, i)
		number := tag >> 3
		if next < 0 || number == 0 || number > 63 || seen&(1<<number) != 0 {
			return unit{}
		}
		seen |= 1 << number
		f := m.field(number)
		if tag&7 == wireBytes && f != nil && f.run {
			i = runEnd(b, b[start:next], start)
		} else {
			i = skipAt(b, next, uint8(tag&7))
		}
		if i < 0 {
			return unit{}
		}
		if tag&7 == wireBytes && f != nil && number != objectMeta && number != status && i-start > best.size() {
			best = unit{from: start, to: i, field: f}
		}
	}
	return best
}

// runEnd returns the index after the elements of a repeated field that follow each other from start, or -1.
func runEnd(b, tag []byte, start int) int {
	end := start
	for end < len(b) && hasPrefix(b[end:], tag) {
		if _, end = contentAt(b, end+len(tag)); end < 0 {
			return -1
		}
	}
	return end
}

// jsonUnit looks through the members of an object, of which none may come twice.
func jsonUnit(c jsonCursor) (best unit) {
	var names [maxTopFields][]byte
	n := 0
	ok := c.glance(func(name []byte, from int, value jsonCursor, to int) bool {
		if n == maxTopFields {
			return false
		}
		for _, earlier := range names[:n] {
			if string(earlier) == string(name) {
				return false
			}
		}
		names[n] = name
		n++
		first := value.b[value.i]
		if (first == '{' || first == '[') && to-from > best.size() && string(name) != "metadata" && string(name) != "status" {
			best = unit{from: from, to: to, value: value.i, name: name}
		}
		return true
	})
	if !ok {
		return unit{}
	}
	return best
}

// digest is what is known of an object's bytes before it is decoded.
type digest struct {
	hash  uint64
	unit  unit
	print fingerprint // of the unit
}

// digest hashes an object's bytes; see Item.Hash. The unit's part of that is its fingerprint.
func (d *Decoder) digest(e *encoded) digest {
	if !d.tracing() {
		return digest{hash: e.hash(0, 0)}
	}
	u := d.unitOf(e)
	if u.none() {
		return digest{hash: e.hash(0, 0)}
	}
	base := 0
	if e.format == formatJSON {
		base = len(e.cursor.b) - len(e.raw) // the cursor's bytes end where the object ends
	}
	from, to := u.from-base, u.to-base
	print := printOf(e.raw[from:to])
	hash := maphash.Comparable(hashSeed, print) ^ e.hash(from, to)
	return digest{hash: max(1, hash), unit: u, print: print}
}

// tracing says whether objects leave traces: not what is private, or metadata alone, and not views, which skip most of a spec anyway.
func (d *Decoder) tracing() bool {
	return d.previous != nil && d.table != nil && d.form != metadataOnly && d.def.Full() == nil
}

// inheritance is what a session may take from other objects.
type inheritance struct {
	like resource.Object // of the same type, and much the same: the last version, or else the neighbour; nil: none
	last resource.Object // the last version, if it has the same unit
	unit unit
	root unsafe.Pointer // of the object that is being decoded
}

// inherit asks for the last version of an object. The table's lock is held.
func (d *Decoder) inherit(e *encoded, g *digest) (in inheritance) {
	if o := d.table.neighbour; o != nil && reflect.TypeOf(o).Elem() == d.def.GoType() {
		in.like = o
	}
	if g == nil || g.unit.none() {
		return in
	}
	id, ok := e.glance()
	if !ok {
		return in
	}
	t := d.previous(id.Key)
	if t.object == nil || reflect.TypeOf(t.object).Elem() != d.def.GoType() {
		return in // whose it is does not matter: equal bytes mean the same wherever they are
	}
	in.like = t.object
	if t.print == g.print {
		in.last, in.unit = t.object, g.unit
		d.table.stats.Hits++
		d.table.stats.Saved += int64(g.unit.to - g.unit.from)
	}
	return in
}

// take stores the last version's unit at p, where a value of the node belongs, and moves behind it. It is for JSON.
func (s *session) take(n *node, p unsafe.Pointer) error {
	from := s.inherited.last
	if u, ok := from.(*unstructured.Unstructured); ok {
		*(*any)(p) = u.Object[string(s.inherited.unit.name)]
	} else {
		s.copyField(n.typ, uintptr(p)-uintptr(s.inherited.root))
	}
	_, br, err := s.raw()
	s.leap(br)
	return err
}

// copyField takes a field of the last version.
func (s *session) copyField(t reflect.Type, offset uintptr) {
	valueAt(t, at(s.inherited.root, offset)).Set(valueAt(t, at(pointerOf(s.inherited.last), offset)))
}

// top reads an object's message, without the unit if that is taken from the last version.
func (s *session) top(m *message, p unsafe.Pointer, raw []byte) error {
	var like unsafe.Pointer
	if s.inherited.like != nil {
		like = pointerOf(s.inherited.like)
	}
	if s.inherited.last == nil {
		return s.message(m, p, like, raw)
	}
	u := &s.inherited.unit
	if err := s.message(m, p, like, raw[:u.from]); err != nil {
		return err
	}
	s.copyField(u.field.node.typ, u.field.offset)
	return s.message(m, p, like, raw[u.to:])
}
