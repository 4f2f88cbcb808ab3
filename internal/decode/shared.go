package decode

import "unsafe"

// shared is a decoded value that many objects may hold: a pointer, a map, the array of a slice or string with its length, or a boxed
// interface.
type shared struct {
	p unsafe.Pointer
	n int
}

// valueOf takes the value of that kind at p for sharing.
func valueOf(k kind, p unsafe.Pointer) shared {
	switch k {
	case kindString:
		text := *(*string)(p)
		return shared{unsafe.Pointer(unsafe.StringData(text)), len(text)}
	case kindSlice, kindBytes:
		h := *(*sliceHeader)(p)
		return shared{h.data, h.len}
	case kindAny:
		boxed := *(*any)(p)
		return shared{unsafe.Pointer(&boxed), 0}
	default: // pointers and maps
		return shared{*(*unsafe.Pointer)(p), 0}
	}
}

// install stores the value at p.
func (v shared) install(k kind, p unsafe.Pointer) {
	switch k {
	case kindString:
		*(*string)(p) = unsafe.String((*byte)(v.p), v.n)
	case kindSlice, kindBytes:
		*(*sliceHeader)(p) = sliceHeader{data: v.p, len: v.n, cap: v.n}
	case kindAny:
		*(*any)(p) = *(*any)(v.p)
	default:
		*(*unsafe.Pointer)(p) = v.p
	}
}
