package resource

import (
	"maps"
	"reflect"
	"sync"

	quantity "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// copiers serves Copy.
var copiers = &compiler{generated: true}

// A copier makes dst a deep copy of src. Both are addressable.
type copier func(dst, src reflect.Value)

// compiler makes a copier for a Go type from its structure, once. It is safe for concurrent use.
type compiler struct {
	generated bool // use methods DeepCopyInto; tests compare the results without them
	compiled  sync.Map
}

// copy returns a deep copy of what the pointer v points to.
func (c *compiler) copy(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type().Elem())
	c.of(v.Type().Elem())(out.Elem(), v.Elem())
	return out
}

func (c *compiler) of(t reflect.Type) copier {
	if f, ok := c.compiled.Load(t); ok {
		return f.(copier)
	}
	f, _ := c.compiled.LoadOrStore(t, c.compile(t))
	return f.(copier)
}

// lazily breaks the recursion of types that contain themselves: the copier is looked up when the first value is copied.
func (c *compiler) lazily(t reflect.Type) copier {
	resolve := sync.OnceValue(func() copier { return c.of(t) })
	return func(dst, src reflect.Value) { resolve()(dst, src) }
}

func (c *compiler) compile(t reflect.Type) copier {
	if isFlat(t) {
		return assign
	}
	if f, ok := knownCopiers[t]; ok {
		return f
	}
	if f, ok := generatedCopier(t); ok && c.generated {
		return f
	}
	switch t.Kind() {
	case reflect.Pointer:
		return c.pointer(t)
	case reflect.Slice:
		return c.slice(t)
	case reflect.Map:
		return c.mapping(t)
	case reflect.Array:
		return c.array(t)
	case reflect.Struct:
		return c.structure(t)
	default: // an interface: all other kinds are flat
		return c.held
	}
}

func assign(dst, src reflect.Value) { dst.Set(src) }

// knownCopiers are short ways for the types that custom resources are full of: calling a method through reflection costs more than
// most copies do. Quantity has hidden state besides.
var knownCopiers = map[reflect.Type]copier{
	reflect.TypeFor[metav1.ObjectMeta](): func(dst, src reflect.Value) {
		src.Addr().Interface().(*metav1.ObjectMeta).DeepCopyInto(dst.Addr().Interface().(*metav1.ObjectMeta))
	},
	reflect.TypeFor[quantity.Quantity](): func(dst, src reflect.Value) {
		*dst.Addr().Interface().(*quantity.Quantity) = src.Addr().Interface().(*quantity.Quantity).DeepCopy()
	},
	reflect.TypeFor[map[string]string](): func(dst, src reflect.Value) {
		dst.Set(reflect.ValueOf(maps.Clone(src.Interface().(map[string]string))))
	},
}

// generatedCopier uses a method DeepCopyInto(*T): it is faster than reflection on large types, and a type with hidden state needs it.
func generatedCopier(t reflect.Type) (copier, bool) {
	pointer := reflect.PointerTo(t)
	method, ok := pointer.MethodByName("DeepCopyInto")
	// A struct that embeds a type with DeepCopyInto has the method promoted, but with that type's pointer as its argument.
	if !ok || method.Type.NumIn() != 2 || method.Type.In(1) != pointer || method.Type.NumOut() != 0 {
		return nil, false
	}
	return func(dst, src reflect.Value) { method.Func.Call([]reflect.Value{src.Addr(), dst.Addr()}) }, true
}

func (c *compiler) pointer(t reflect.Type) copier {
	elem := c.lazily(t.Elem())
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

func (c *compiler) slice(t reflect.Type) copier {
	elem := c.lazily(t.Elem())
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

func (c *compiler) mapping(t reflect.Type) copier {
	elem := c.lazily(t.Elem())
	return func(dst, src reflect.Value) {
		if src.IsNil() {
			dst.SetZero()
			return
		}
		m := reflect.MakeMapWithSize(t, src.Len())
		from, to := reflect.New(t.Elem()).Elem(), reflect.New(t.Elem()).Elem() // a map's values are not addressable
		for it := src.MapRange(); it.Next(); {
			from.SetIterValue(it)
			elem(to, from)
			m.SetMapIndex(it.Key(), to)
		}
		dst.Set(m)
	}
}

func (c *compiler) array(t reflect.Type) copier {
	elem := c.lazily(t.Elem())
	return func(dst, src reflect.Value) {
		for i := range t.Len() {
			elem(dst.Index(i), src.Index(i))
		}
	}
}

func (c *compiler) structure(t reflect.Type) copier {
	fields := c.fields(t)
	return func(dst, src reflect.Value) {
		dst.Set(src)
		fields(dst, src)
	}
}

// fields copies the exported fields that an assignment of the struct leaves shared.
func (c *compiler) fields(t reflect.Type) copier {
	type field struct {
		index int
		copy  copier
	}
	var deep []field
	for i := range t.NumField() {
		f := t.Field(i)
		switch {
		case isFlat(f.Type):
		case f.IsExported():
			deep = append(deep, field{i, c.lazily(f.Type)})
		case f.Anonymous && f.Type.Kind() == reflect.Struct:
			// Its exported fields are fields of t. Reflection may set these, but not the struct as a whole.
			deep = append(deep, field{i, c.fields(f.Type)})
		}
	}
	return func(dst, src reflect.Value) {
		for _, f := range deep {
			f.copy(dst.Field(f.index), src.Field(f.index))
		}
	}
}

// held copies an interface value.
func (c *compiler) held(dst, src reflect.Value) {
	if src.IsNil() {
		dst.SetZero()
		return
	}
	value := src.Elem()
	if isBasic(value.Kind()) {
		dst.Set(value)
		return
	}
	from, to := reflect.New(value.Type()).Elem(), reflect.New(value.Type()).Elem()
	from.Set(value)
	c.of(value.Type())(to, from)
	dst.Set(to)
}

func isBasic(k reflect.Kind) bool { return k <= reflect.Complex128 || k == reflect.String }

// isFlat says whether an assignment already is as deep a copy as there can be.
func isFlat(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		return false
	case reflect.Array:
		return isFlat(t.Elem())
	case reflect.Struct:
		_, generated := generatedCopier(t)
		for i := range t.NumField() {
			f := t.Field(i)
			// A generated method knows how to copy the hidden state; reflection does not reach it.
			reachable := f.IsExported() || f.Anonymous && f.Type.Kind() == reflect.Struct || generated
			if reachable && !isFlat(f.Type) {
				return false
			}
		}
	}
	return true
}
