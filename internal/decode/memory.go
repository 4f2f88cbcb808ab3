package decode

import (
	"reflect"
	"unsafe"
)

// Plans write fields by their offset. Everything that does so is here or takes its pointers from here; each write goes through a
// typed pointer, so that the garbage collector sees it.

// sliceHeader is the layout of every slice.
type sliceHeader struct {
	data     unsafe.Pointer
	len, cap int
}

// at returns the address of a field.
func at(p unsafe.Pointer, offset uintptr) unsafe.Pointer { return unsafe.Add(p, offset) }

// bytesAt returns the memory as bytes, which the caller must not change.
func bytesAt(p unsafe.Pointer, n int) []byte { return unsafe.Slice((*byte)(p), n) }

// borrowed returns the bytes as a string that is valid only while they are unchanged: for lookups, never to be kept.
func borrowed(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// newOf allocates a zero value.
func newOf(t reflect.Type) unsafe.Pointer { return reflect.New(t).UnsafePointer() }

// newSlice allocates a slice of exactly n zero elements and stores it at p, where an empty slice is. A shared slice must have no spare
// capacity: an append of one owner would show up in another's.
func newSlice(t reflect.Type, p unsafe.Pointer, n int) unsafe.Pointer {
	if n == 0 {
		*(*sliceHeader)(p) = sliceHeader{data: unsafe.Pointer(&nothing)}
		return unsafe.Pointer(&nothing)
	}
	*(*sliceHeader)(p) = sliceHeader{}
	valueAt(t, p).Grow(n) // unlike reflect.MakeSlice it allocates no header
	h := (*sliceHeader)(p)
	h.len, h.cap = n, n
	return h.data
}

// nothing is where slices point to that are empty, but not nil.
var nothing [1]uint64

// pointerOf returns the address of the struct that an object's pointer points to.
func pointerOf(o any) unsafe.Pointer { return reflect.ValueOf(o).UnsafePointer() }

// valueAt returns the variable of that type at p.
func valueAt(t reflect.Type, p unsafe.Pointer) reflect.Value { return reflect.NewAt(t, p).Elem() }
