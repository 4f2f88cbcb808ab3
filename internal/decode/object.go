package decode

import (
	"encoding/base64"
	"reflect"
	"strconv"
	"time"
	"unsafe"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/json"
)

// value reads the JSON value at the cursor into the variable at p. null leaves what has no nil as it is.
func (s *session) value(n *node, p unsafe.Pointer) error {
	if n.json == kindOpaque || n.json == kindIntOrString || n.json == kindRaw {
		return s.opaqueJSON(n, p)
	}
	switch c := s.next(); c {
	case 'n':
		return s.null(n, p)
	case '"':
		return s.quoted(n, p)
	case '{', '[':
		if s.i == s.inherited.unit.value && s.inherited.last != nil {
			return s.take(n, p)
		}
		return s.composite(n, p, c)
	case 't', 'f':
		return s.truth(n, p, c)
	case 0:
		return errUnusual
	default:
		return s.numeric(n, p)
	}
}

func (s *session) null(n *node, p unsafe.Pointer) error {
	switch n.json {
	case kindPointer, kindSlice, kindMap, kindBytes, kindAny:
		valueAt(n.typ, p).SetZero()
	case kindTime, kindMicroTime, kindQuantity:
		return s.opaqueJSON(n, p)
	}
	return s.word("null")
}

// behind reads a value into what a pointer points to. Members do not repeat, so that the pointer is nil before.
func (s *session) behind(n *node, p unsafe.Pointer) error {
	target := newOf(n.elem.typ)
	err := s.value(n.elem, target)
	*(*unsafe.Pointer)(p) = target
	return err
}

func (s *session) quoted(n *node, p unsafe.Pointer) error {
	if n.json == kindPointer {
		return s.behind(n, p)
	}
	text, err := s.text()
	if err != nil {
		return err
	}
	switch n.json {
	case kindString:
		*(*string)(p) = s.str(n, text)
	case kindAny:
		*(*any)(p) = s.boxed(n, text)
	case kindTime:
		return jsonTime(&(*metav1.Time)(p).Time, time.RFC3339, text)
	case kindMicroTime:
		return jsonTime(&(*metav1.MicroTime)(p).Time, metav1.RFC3339Micro, text)
	case kindQuantity:
		return s.jsonQuantity(p, text)
	case kindBytes:
		return s.base64(n, p, text)
	default:
		return errUnusual
	}
	return nil
}

func (s *session) base64(n *node, p unsafe.Pointer, text []byte) error {
	decoded := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	size, err := base64.StdEncoding.Decode(decoded, text)
	if err != nil {
		return errUnusual
	}
	*(*[]byte)(p) = s.clone(n, decoded[:size])
	return nil
}

func (s *session) truth(n *node, p unsafe.Pointer, c byte) error {
	truth, word := c == 't', "false"
	if truth {
		word = "true"
	}
	if err := s.word(word); err != nil {
		return err
	}
	switch {
	case n.json == kindBool:
		*(*bool)(p) = truth
	case n.json == kindAny:
		*(*any)(p) = truth
	case n.json == kindPointer && n.elem.json == kindBool:
		v := uint64(0)
		if truth {
			v = 1
		}
		return s.number(n, p, v)
	default:
		return errUnusual
	}
	return nil
}

func (s *session) numeric(n *node, p unsafe.Pointer) error {
	if n.json == kindPointer && n.elem.json != kindInt {
		return s.behind(n, p)
	}
	if n.json == kindQuantity {
		return s.opaqueJSON(n, p)
	}
	text, integer, err := s.numeral()
	if err != nil {
		return err
	}
	switch {
	case n.json == kindAny:
		return anyNumber((*any)(p), text, integer)
	case n.json == kindFloat:
		f, err := strconv.ParseFloat(borrowed(text), n.typ.Bits())
		if err != nil {
			return errUnusual
		}
		valueAt(n.typ, p).SetFloat(f)
	case n.json == kindUint:
		u, err := strconv.ParseUint(borrowed(text), 10, n.typ.Bits())
		if err != nil {
			return errUnusual
		}
		valueAt(n.typ, p).SetUint(u)
	case n.json == kindInt:
		return integerAt(n.typ, p, text)
	case n.json == kindPointer: // to an integer
		v, err := strconv.ParseInt(borrowed(text), 10, n.elem.typ.Bits())
		if err != nil {
			return errUnusual
		}
		if shared := s.smallNumber(n.elem, uint64(v)); shared != nil {
			*(*unsafe.Pointer)(p) = shared
			return nil
		}
		target := newOf(n.elem.typ)
		*(*unsafe.Pointer)(p) = target
		return integerAt(n.elem.typ, target, text)
	default:
		return errUnusual
	}
	return nil
}

func integerAt(t reflect.Type, p unsafe.Pointer, text []byte) error {
	v, err := strconv.ParseInt(borrowed(text), 10, t.Bits())
	if err != nil {
		return errUnusual
	}
	valueAt(t, p).SetInt(v)
	return nil
}

// composite reads an object or array, or takes it from those known.
func (s *session) composite(n *node, p unsafe.Pointer, c byte) error {
	if n.json == kindStruct {
		if o := n.membersOf(); c == '{' && !o.opaque {
			return s.members(o, p)
		} else if o.opaque {
			return s.opaqueJSON(n, p)
		}
		return errUnusual
	}
	raw, br, err := s.raw()
	if err != nil {
		return err
	}
	w, ok := want{}, false
	if n.json != kindAny {
		w, ok = s.known(n.class, n.gate, n.json, p, raw)
	} else if s.drops == nil {
		w, ok = s.known(n.class, n.gate+s.member, n.json, p, raw)
	}
	if ok {
		s.leap(br)
		return nil
	}
	switch {
	case n.json == kindPointer:
		err = s.behind(n, p)
	case n.json == kindSlice && c == '[':
		err = s.array(n, p)
	case n.json == kindMap && c == '{':
		err = s.mapping(n, p)
	case n.json == kindAny && c == '{':
		var m map[string]any
		m, err = s.anyMap(n)
		*(*any)(p) = m
	case n.json == kindAny:
		err = s.anyArray(n, (*any)(p))
	default:
		return errUnusual
	}
	if err == nil && s.i != int(br.end) {
		err = errUnusual
	}
	if err == nil {
		s.learned(w, n.json, p, raw)
	}
	return err
}

// members reads an object into a struct.
func (s *session) members(o *object, p unsafe.Pointer) error {
	if _, err := s.enter(); err != nil {
		return err
	}
	if s.empty('}') {
		return nil
	}
	var seen uint64
	for {
		name, err := s.name()
		if err != nil {
			return err
		}
		if i := o.lookup(name); i < 0 {
			err = s.skip()
		} else {
			if seen&(1<<i) != 0 {
				return errUnusual // would have to be merged with the first
			}
			seen |= 1 << i
			f := &o.fields[i]
			err = s.value(f.node, at(p, f.offset))
		}
		if err != nil {
			return err
		}
		if done, err := s.separator('}'); done || err != nil {
			return err
		}
	}
}

// maxGrowth is how many bytes of elements a byte of JSON may be worth before the elements have been read.
const maxGrowth = 64

// count returns how many members a bracket has if it is well formed.
func (s *session) count(br bracket, closing byte) int {
	if s.next() == closing {
		return 0
	}
	return min(int(br.commas)+1, int(br.end-br.start)/2)
}

func (s *session) array(n *node, p unsafe.Pointer) error {
	br, err := s.enter()
	if err != nil {
		return err
	}
	count := s.count(br, ']')
	size := n.elem.typ.Size()
	if uintptr(count)*size > maxGrowth*uintptr(br.end-br.start) {
		return errUnusual // commas are cheap, and may be all there is
	}
	data := newSlice(n.typ, p, count)
	if s.empty(']') {
		return nil
	}
	for k := 0; ; k++ {
		if k == count {
			return errUnusual
		}
		if err := s.value(n.elem, at(data, uintptr(k)*size)); err != nil {
			return err
		}
		if done, err := s.separator(']'); done || err != nil {
			return err
		}
	}
}

// opaqueJSON leaves a value to the type's own method, as the official decoder calls it.
func (s *session) opaqueJSON(n *node, p unsafe.Pointer) error {
	c := s.next()
	start := s.i
	if err := s.skip(); err != nil {
		return err
	}
	raw := s.b[start:s.i:s.i]
	switch {
	case n.json == kindIntOrString && c != 'n':
		return jsonIntOrString(p, raw)
	case n.json == kindRaw && c != 'n':
		*(*[]byte)(p) = s.clone(n, raw) // the first field
		return nil
	}
	if json.UnmarshalCaseSensitivePreserveInts(raw, reflect.NewAt(n.typ, p).Interface()) != nil {
		return errUnusual
	}
	if !n.trusted {
		s.hidden++
	}
	return nil
}
