package resource

import (
	"reflect"

	"k8s.io/apimachinery/pkg/runtime"
)

// Copy returns a deep copy of an object, which the caller may change freely. A generated DeepCopyObject method is used where the
// type has one; for other types a copier is compiled once from the type's structure, using generated DeepCopyInto methods of its
// parts. Unexported fields, functions and channels are copied shallowly; an object that contains itself is not supported. Copy of
// a nil object is nil. It may be called concurrently.
func Copy[T Object](o T) T {
	v := reflect.ValueOf(o)
	if !v.IsValid() || v.IsNil() {
		return o
	}
	if generated, ok := any(o).(runtime.Object); ok {
		// A struct that embeds a whole API type promotes its method, which then returns the embedded part alone.
		if c := generated.DeepCopyObject(); reflect.TypeOf(c) == v.Type() {
			return c.(T)
		}
	}
	return copiers.copy(v).Interface().(T)
}
