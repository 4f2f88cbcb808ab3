package apply

import (
	"encoding/json"
	"reflect"

	sigsjson "sigs.k8s.io/json"
)

// recall returns a mark for an extracted object: zeros that are owned are values, and others that would be ambiguous are nothing.
func recall(o any, owned set) Mark {
	v := reflect.ValueOf(o)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return Mark{}
	}
	r := &recaller{mark: Mark{lenient: true}}
	r.fields(v.Elem(), owned)
	return r.mark
}

type recaller struct{ mark Mark }

func (r *recaller) add(v reflect.Value, m meaning) {
	r.mark.pointers = append(r.mark.pointers, pointer{v.Addr().Interface(), m})
}

// fields looks at the fields of a struct, of which those in the set are owned.
func (r *recaller) fields(v reflect.Value, owned set) {
	for field := range fieldsOf(v.Type()) {
		inside := v.Field(field.index)
		if field.embedded {
			if inside.Kind() == reflect.Struct {
				r.fields(inside, owned)
			}
			continue
		}
		if set, ok := owned["f:"+field.name]; ok {
			r.owned(inside, set)
		} else if !field.optional && isScalar(inside.Kind()) && inside.IsZero() && inside.CanAddr() {
			r.add(inside, nothing)
		} else if inside.Kind() == reflect.Struct && !custom(inside.Type()) {
			r.fields(inside, nil)
		}
	}
}

// owned looks at a value that is owned.
func (r *recaller) owned(v reflect.Value, owned set) {
	switch {
	case v.Kind() == reflect.Pointer && !v.IsNil():
		r.owned(v.Elem(), owned)
	case v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface:
	case custom(v.Type()):
		if v.IsZero() && v.CanAddr() && !isNull(v) {
			r.add(v, value)
		}
	case v.Kind() == reflect.Struct:
		if owned.leaf() && v.CanAddr() { // with all that is in it
			r.add(v, value)
			return
		}
		r.fields(v, owned)
	case v.Kind() == reflect.Slice && v.Len() > 0:
		r.elements(v, owned)
	case v.Kind() == reflect.Map && v.Len() > 0: // values of maps have no address, and are always sent
	case v.CanAddr() && (v.IsZero() || v.Kind() == reflect.Slice || v.Kind() == reflect.Map):
		r.add(v, value)
	}
}

// elements looks at the structs in a list.
func (r *recaller) elements(v reflect.Value, owned set) {
	for i := range v.Len() {
		element := v.Index(i)
		if element.Kind() == reflect.Pointer {
			element = element.Elem()
		}
		if element.Kind() != reflect.Struct || custom(element.Type()) {
			continue
		}
		if owned.leaf() && element.CanAddr() {
			r.add(element, value)
			continue
		}
		if key, ok := owned.element(jsonOf(element), i); ok {
			r.fields(element, owned[key])
		}
	}
}

// jsonOf is a struct as the server has it, to be compared with the keys of a set.
func jsonOf(v reflect.Value) any {
	data, err := json.Marshal(v.Addr().Interface())
	if err != nil {
		return nil
	}
	var out any
	_ = sigsjson.UnmarshalCaseSensitivePreserveInts(data, &out)
	return out
}

func isNull(v reflect.Value) bool {
	data, err := json.Marshal(v.Addr().Interface())
	return err != nil || string(data) == "null"
}

// isScalar says whether a kind is that of numbers and booleans, whose zero is ambiguous.
func isScalar(k reflect.Kind) bool {
	return k == reflect.Bool || reflect.Int <= k && k <= reflect.Float64
}
