package decode

import (
	"bytes"
	"reflect"
	"time"
	"unsafe"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Types of the API with encodings of their own that are frequent enough to be read without their methods' detours. What is
// not in the form that servers write goes to the methods.

// timestamp reads a protobuf timestamp.
func timestamp(b []byte) (seconds int64, nanos int32, ok bool) {
	const secondsTag, nanosTag = 1<<3 | wireVarint, 2<<3 | wireVarint
	for i := 0; i < len(b); {
		tag := b[i]
		var v uint64
		if v, i = varintAt(b, i+1); i < 0 {
			return 0, 0, false
		}
		switch tag {
		case secondsTag:
			seconds = int64(v)
		case nanosTag:
			nanos = int32(v)
		default:
			return 0, 0, false
		}
	}
	return seconds, nanos, true
}

// protoTime reads a metav1.Time, which has no fractions of a second.
func protoTime(p unsafe.Pointer, b []byte) error {
	seconds, _, ok := timestamp(b)
	if !ok {
		return errUnusual
	}
	t := metav1.Time{}
	if len(b) > 0 {
		t.Time = time.Unix(seconds, 0)
	}
	*(*metav1.Time)(p) = t
	return nil
}

// protoMicroTime reads a metav1.MicroTime.
func protoMicroTime(p unsafe.Pointer, b []byte) error {
	seconds, nanos, ok := timestamp(b)
	if !ok {
		return errUnusual
	}
	t := metav1.MicroTime{}
	if len(b) > 0 {
		t.Time = time.Unix(seconds, int64(time.Duration(nanos).Truncate(time.Microsecond)))
	}
	*(*metav1.MicroTime)(p) = t
	return nil
}

// jsonTime reads a quoted time in one of the two layouts of metav1.
func jsonTime(p *time.Time, layout string, text []byte) error {
	t, err := time.Parse(layout, borrowed(text))
	if err != nil {
		return errUnusual
	}
	*p = t.Local()
	return nil
}

// protoQuantity reads a message of one string. In any other form it is refused: the official decoder recurses here without a bound.
func (s *session) protoQuantity(p unsafe.Pointer, b []byte) error {
	const textTag = 1<<3 | wireBytes
	if len(b) == 0 {
		return nil
	}
	from, to := contentAt(b, 1)
	if b[0] != textTag || from < 0 || to != len(b) {
		return errWire
	}
	return s.quantity(p, b[from:])
}

// decimalOffset is where a Quantity keeps its pointer to a decimal. What it points to is changed by arithmetic on a copy.
var decimalOffset = func() uintptr {
	f, ok := reflect.TypeFor[resource.Quantity]().FieldByName("d")
	if !ok || f.Type.Size() != unsafe.Sizeof(uintptr(0)) {
		panic("decode: resource.Quantity has another layout than this version knows")
	}
	return f.Offset
}()

// quantity parses the text, and makes the value safe to be read by many.
func (s *session) quantity(p unsafe.Pointer, text []byte) error {
	q, err := resource.ParseQuantity(string(text)) // it keeps the string
	if err != nil {
		return errUnusual
	}
	if s.table != nil {
		_ = q.String() // fills the cache that String would write to later
		if *(*unsafe.Pointer)(at(unsafe.Pointer(&q), decimalOffset)) != nil {
			s.hidden++
		}
	}
	*(*resource.Quantity)(p) = q
	return nil
}

// jsonQuantity reads a quoted quantity.
func (s *session) jsonQuantity(p unsafe.Pointer, text []byte) error {
	return s.quantity(p, bytes.TrimSpace(text))
}

// jsonIntOrString reads what its method reads.
func jsonIntOrString(p unsafe.Pointer, raw []byte) error {
	if (*intstr.IntOrString)(p).UnmarshalJSON(raw) != nil {
		return errUnusual
	}
	return nil
}

// What pointers to small numbers share. Being read-only they never change.
var (
	smallInt32s [1024]int32
	smallInt64s [1024]int64
	bools       = [2]bool{false, true}
)

func init() {
	for i := range smallInt64s {
		smallInt32s[i], smallInt64s[i] = int32(i), int64(i)
	}
}

// smallNumber returns where a shared number of that type is, or nil.
func (s *session) smallNumber(n *node, v uint64) unsafe.Pointer {
	if s.table == nil {
		return nil
	}
	switch k := n.typ.Kind(); {
	case k == reflect.Bool && v == 0:
		return unsafe.Pointer(&bools[0])
	case k == reflect.Bool:
		return unsafe.Pointer(&bools[1])
	case k == reflect.Int32 && v < uint64(len(smallInt32s)):
		return unsafe.Pointer(&smallInt32s[v])
	case k == reflect.Int64 && v < uint64(len(smallInt64s)):
		return unsafe.Pointer(&smallInt64s[v])
	}
	return nil
}
