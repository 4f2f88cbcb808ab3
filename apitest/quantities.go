package apitest

import (
	"reflect"
	"sync"

	quantity "k8s.io/apimachinery/pkg/api/resource"

	"github.com/sheaf-dev/sheaf/resource"
)

// private returns an object that may be encoded, and given other metadata, without a trace in obj: a copy of the Go struct, which shares
// what it points to, or a deep copy where encoding would write to that.
func private[T resource.Object](obj T) T {
	from := reflect.ValueOf(obj).Elem()
	if written, ok := writtenTo(from.Type()); ok && written(from) {
		return resource.Copy(obj)
	}
	to := reflect.New(from.Type())
	to.Elem().Set(from)
	return to.Interface().(T)
}

// written says whether encoding a value writes to it: a Quantity notes its text when it is asked for it the first time.
type written func(reflect.Value) bool

var writtenTypes sync.Map // reflect.Type → written, nil for never

// writtenTo returns the test for a type, false if encoding never writes to its values.
func writtenTo(t reflect.Type) (written, bool) {
	known, ok := writtenTypes.Load(t)
	if !ok {
		known, _ = writtenTypes.LoadOrStore(t, compileWritten(t, map[reflect.Type]bool{}))
	}
	test := known.(written)
	return test, test != nil
}

var quantityType = reflect.TypeFor[quantity.Quantity]()

// compileWritten makes the test for a type. Where it is not worth knowing, as in types that contain themselves, it says yes.
func compileWritten(t reflect.Type, outer map[reflect.Type]bool) written {
	if outer[t] {
		return func(reflect.Value) bool { return true }
	}
	outer[t] = true
	defer delete(outer, t)
	switch t.Kind() {
	case reflect.Struct:
		return compileStruct(t, outer)
	case reflect.Pointer:
		if elem := compileWritten(t.Elem(), outer); elem != nil {
			return func(v reflect.Value) bool { return !v.IsNil() && elem(v.Elem()) }
		}
	case reflect.Slice, reflect.Array:
		if elem := compileWritten(t.Elem(), outer); elem != nil {
			return func(v reflect.Value) bool {
				for i := range v.Len() {
					if elem(v.Index(i)) {
						return true
					}
				}
				return false
			}
		}
	case reflect.Map: // its values are copied before they are encoded, but not what they point to
		if t.Elem() != quantityType && compileWritten(t.Elem(), outer) != nil {
			return func(v reflect.Value) bool { return v.Len() > 0 }
		}
	case reflect.Interface:
		return func(v reflect.Value) bool { return !v.IsNil() }
	}
	return nil
}

func compileStruct(t reflect.Type, outer map[reflect.Type]bool) written {
	if t == quantityType {
		text, ok := t.FieldByName("s")
		return func(v reflect.Value) bool { return !ok || v.FieldByIndex(text.Index).Len() == 0 }
	}
	type field struct {
		index int
		test  written
	}
	var fields []field
	for i := range t.NumField() {
		if test := compileWritten(t.Field(i).Type, outer); test != nil {
			fields = append(fields, field{i, test})
		}
	}
	if fields == nil {
		return nil
	}
	return func(v reflect.Value) bool {
		for _, f := range fields {
			if f.test(v.Field(f.index)) {
				return true
			}
		}
		return false
	}
}
