package resource

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
)

// View returns a read-only view of a resource: its objects as smaller Go structs, whose members are some of those of the full type, under
// the same names in JSON. A cache of a view neither decodes nor holds the rest:
//
//	type PodPlace struct {
//		metav1.TypeMeta   `json:",inline"`
//		metav1.ObjectMeta `json:"metadata"`
//		Spec struct {
//			NodeName string `json:"nodeName"`
//		} `json:"spec"`
//	}
//
//	var PodPlaces = resource.View[*PodPlace](corev1.Pods)
//
// A view offers get, list and watch alone, so that the rest of an object cannot be lost by writing a part of it back. Like Define it
// panics on a member that the full type does not have, or has with another type.
func View[V, T Object](r Resource[T]) Resource[V] {
	v := reflect.TypeFor[V]()
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		panic(fmt.Sprintf("resource.View[%s](%s): the type must be a pointer to a struct", v, r))
	}
	if err := checkView(v.Elem(), r.def.goType, map[[2]reflect.Type]bool{}); err != nil {
		panic(fmt.Sprintf("resource.View[%s](%s): %v", v, r, err))
	}
	def := *r.def
	def.goType, def.full = v.Elem(), r.def.goType
	def.verbs &= VerbGet | VerbList | VerbWatch
	def.subresources = nil
	return Resource[V]{&def}
}

// Full returns the struct type of the resource's whole objects if the definition is a view of them, else nil.
func (d *Definition) Full() reflect.Type { return d.full }

var (
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	protoUnmarshal  = reflect.TypeFor[interface{ Unmarshal([]byte) error }]()
)

// checkView says why a view cannot be read from what the full type is written as.
func checkView(view, full reflect.Type, seen map[[2]reflect.Type]bool) error {
	if view == full || seen[[2]reflect.Type{view, full}] {
		return nil
	}
	seen[[2]reflect.Type{view, full}] = true
	if view.Kind() == reflect.Pointer || full.Kind() == reflect.Pointer {
		return checkView(pointee(view), pointee(full), seen)
	}
	if view.Kind() != full.Kind() || hasOwnEncoding(view) || hasOwnEncoding(full) {
		return fmt.Errorf("a %s cannot be read as a %s", full, view)
	}
	switch view.Kind() {
	case reflect.Struct:
		return checkMembers(view, full, seen)
	case reflect.Map:
		if view.Key().Kind() != reflect.String || full.Key().Kind() != reflect.String {
			return fmt.Errorf("a %s cannot be read as a %s", full, view)
		}
		return checkView(view.Elem(), full.Elem(), seen)
	case reflect.Slice:
		return checkView(view.Elem(), full.Elem(), seen)
	case reflect.Array, reflect.Interface:
		return fmt.Errorf("a %s cannot be read as a %s", full, view)
	}
	return nil
}

func checkMembers(view, full reflect.Type, seen map[[2]reflect.Type]bool) error {
	ours, ok := Members(view)
	theirs, ok2 := Members(full)
	if !ok || !ok2 {
		return fmt.Errorf("%s has embedded pointers or members that hide each other", view)
	}
	types := map[string]reflect.Type{}
	for _, m := range theirs {
		types[m.Name] = m.Type
	}
	for _, m := range ours {
		if types[m.Name] == nil {
			return fmt.Errorf("%s has no member %q", full, m.Name)
		}
		if err := checkView(m.Type, types[m.Name], seen); err != nil {
			return fmt.Errorf("%s: %w", m.Name, err)
		}
	}
	return nil
}

func pointee(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// hasOwnEncoding says whether a type is not written as its Go type says. Structs with generated protobuf methods are.
func hasOwnEncoding(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(jsonUnmarshaler) || p.Implements(textUnmarshaler) || t.Kind() != reflect.Struct && p.Implements(protoUnmarshal)
}
