package resource

import "reflect"

// CopyByStructure copies as if no type had a generated method.
func CopyByStructure(o Object) Object {
	return plain.copy(reflect.ValueOf(o)).Interface().(Object)
}

var plain = &compiler{}
