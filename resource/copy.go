package resource

import (
	"reflect"
	"sync"

	"k8s.io/apimachinery/pkg/runtime"
)

// Copy returns a deep copy of an object, which the caller may change freely. A generated DeepCopyObject method is used where the
// type has one; for other types a copier is compiled once from the type's structure. Unexported fields are copied
// shallowly. Copy of a nil object is nil. It may be called concurrently.
func Copy[T Object](o T) T {
	v := reflect.ValueOf(o)
	if !v.IsValid() || v.IsNil() {
		return o
	}
	if generated, ok := any(o).(runtime.Object); ok {
		// A struct that embeds a whole API type promotes its method, which then returns the embedded part alone.
		if c, ok := generated.DeepCopyObject().(T); ok {
			return c
		}
	}
	out := reflect.New(v.Type().Elem())
	copierOf(v.Type().Elem())(out.Elem(), v.Elem())
	return out.Interface().(T)
}

// A copier makes dst, which is addressable, a deep copy of src.
type copier func(dst, src reflect.Value)

var copiers sync.Map // reflect.Type → copier

func copierOf(t reflect.Type) copier {
	if c, ok := copiers.Load(t); ok {
		return c.(copier)
	}
	c, _ := copiers.LoadOrStore(t, compileCopier(t))
	return c.(copier)
}

// lazily breaks the recursion of types that contain themselves.
func lazily(t reflect.Type) copier {
	return func(dst, src reflect.Value) { copierOf(t)(dst, src) }
}

func assign(dst, src reflect.Value) { dst.Set(src) }

func compileCopier(t reflect.Type) copier {
	if c, ok := generatedCopier(t); ok {
		return c
	}
	switch t.Kind() {
	case reflect.Pointer:
		return pointerCopier(t)
	case reflect.Slice:
		return sliceCopier(t)
	case reflect.Map:
		return mapCopier(t)
	case reflect.Array:
		return arrayCopier(t)
	case reflect.Struct:
		return structCopier(t)
	case reflect.Interface:
		return interfaceCopier
	default:
		return assign
	}
}

// generatedCopier uses a method DeepCopyInto(*T), which types with hidden state (Quantity, Time) need.
func generatedCopier(t reflect.Type) (copier, bool) {
	method, ok := reflect.PointerTo(t).MethodByName("DeepCopyInto")
	if !ok || method.Type.NumIn() != 2 || method.Type.In(1) != reflect.PointerTo(t) || method.Type.NumOut() != 0 {
		return nil, false
	}
	// A struct that embeds a type with DeepCopyInto has the method promoted, but with another argument type: not matched above.
	return func(dst, src reflect.Value) {
		if !src.CanAddr() { // a map's value
			addressable := reflect.New(t).Elem()
			addressable.Set(src)
			src = addressable
		}
		method.Func.Call([]reflect.Value{src.Addr(), dst.Addr()})
	}, true
}

func pointerCopier(t reflect.Type) copier {
	elem := lazily(t.Elem())
	return func(dst, src reflect.Value) {
		if src.IsNil() {
			dst.SetZero()
			return
		}
		p := reflect.New(t.Elem())
		elem(p.Elem(), src.Elem())
		dst.Set(p)
	}
}

func sliceCopier(t reflect.Type) copier {
	elem := lazily(t.Elem())
	flat := isFlat(t.Elem())
	return func(dst, src reflect.Value) {
		if src.IsNil() {
			dst.SetZero()
			return
		}
		s := reflect.MakeSlice(t, src.Len(), src.Len())
		if flat {
			reflect.Copy(s, src)
		} else {
			for i := range src.Len() {
				elem(s.Index(i), src.Index(i))
			}
		}
		dst.Set(s)
	}
}

func mapCopier(t reflect.Type) copier {
	elem := lazily(t.Elem())
	return func(dst, src reflect.Value) {
		if src.IsNil() {
			dst.SetZero()
			return
		}
		m := reflect.MakeMapWithSize(t, src.Len())
		for it := src.MapRange(); it.Next(); {
			v := reflect.New(t.Elem()).Elem()
			elem(v, it.Value())
			m.SetMapIndex(it.Key(), v)
		}
		dst.Set(m)
	}
}

func arrayCopier(t reflect.Type) copier {
	elem := lazily(t.Elem())
	return func(dst, src reflect.Value) {
		for i := range t.Len() {
			elem(dst.Index(i), src.Index(i))
		}
	}
}

func structCopier(t reflect.Type) copier {
	type field struct {
		index int
		copy  copier
	}
	var deep []field
	for i := range t.NumField() {
		if f := t.Field(i); f.IsExported() && !isFlat(f.Type) {
			deep = append(deep, field{i, lazily(f.Type)})
		}
	}
	return func(dst, src reflect.Value) {
		dst.Set(src)
		for _, f := range deep {
			f.copy(dst.Field(f.index), src.Field(f.index))
		}
	}
}

func interfaceCopier(dst, src reflect.Value) {
	if src.IsNil() {
		dst.SetZero()
		return
	}
	v := reflect.New(src.Elem().Type()).Elem()
	copierOf(v.Type())(v, src.Elem())
	dst.Set(v)
}

// isFlat says whether an assignment already is a deep copy.
func isFlat(t reflect.Type) bool {
	return t.Kind() <= reflect.Complex128 || t.Kind() == reflect.String || t.Kind() == reflect.Func || t.Kind() == reflect.Chan
}
