package delta

import (
	"fmt"
	"reflect"

	"github.com/sheaf-dev/sheaf/resource"
)

// Transform changes an object before it is stored, or replaces it by another one of the same type and key. It is called once for each version
// of each object, one object after the other; informers of several namespaces call it from several goroutines. An error, or a panic,
// quarantines the object.
type Transform func(resource.Object) (resource.Object, error)

// Apply returns what the transform makes of an object; nil is no transform. A panic is an error, and so is what cannot stand for the object.
func (t Transform) Apply(o resource.Object) (out resource.Object, err error) {
	if t == nil {
		return o, nil
	}
	key, kind := resource.KeyOf(o), reflect.TypeOf(o)
	defer func() {
		if p := recover(); p != nil {
			out, err = nil, fmt.Errorf("transform of %s panicked: %v", key, p)
		}
	}()
	out, err = t(o)
	switch {
	case err != nil:
		return nil, fmt.Errorf("transform of %s: %w", key, err)
	case out == nil || reflect.ValueOf(out).IsNil():
		return nil, fmt.Errorf("transform of %s returned nothing", key)
	case reflect.TypeOf(out) != kind:
		return nil, fmt.Errorf("transform of %s returned a %T instead of a %v", key, out, kind)
	case resource.KeyOf(out) != key:
		return nil, fmt.Errorf("transform of %s returned an object named %s", key, resource.KeyOf(out))
	}
	return out, nil
}
