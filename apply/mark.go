package apply

import (
	"fmt"
	"reflect"
)

// Mark says what zeros in an object mean. The zero value says nothing.
type Mark struct {
	pointers []pointer
	// lenient marks may point to fields that the object no longer has.
	lenient bool
}

// pointer is where a mark points to, and what it says about it.
type pointer struct {
	to      any
	meaning meaning
}

// meaning is what a zero means.
type meaning uint8

const (
	unclear meaning = iota
	value           // it is a value, and is sent
	nothing         // nothing was given
)

func (m meaning) String() string {
	if m == value {
		return "apply.Zero"
	}
	return "apply.Unset"
}

// Zero says that where a field is zero, that is its value, and is sent: an empty list, map or struct is sent as such, and a nil pointer as the zero
// of what it would point to. Each argument is a pointer to a field of the object that is applied.
//
// A pointer to a struct, list or map, or to the whole object, speaks also for the numbers and booleans below it whose zero would be ambiguous.
// A mark further down has precedence.
func Zero(fields ...any) Mark { return mark(fields, value) }

// Unset says that where a field is zero, nothing was given, and nothing is sent. The arguments are those of Zero.
func Unset(fields ...any) Mark { return mark(fields, nothing) }

func mark(fields []any, m meaning) Mark {
	var out Mark
	for _, field := range fields {
		out.pointers = append(out.pointers, pointer{field, m})
	}
	return out
}

// place identifies a field: a struct and its first field have the same address, but not the same type.
type place struct {
	address uintptr
	typ     reflect.Type
}

func placeOf(v reflect.Value) place { return place{v.Addr().Pointer(), v.Type()} }

// marks are the marks of one call, by place.
type marks struct {
	at    map[place]meaning
	wants map[place]error // what to say if nothing of the object is found there
	order []place         // of wants
}

func collect(list []Mark) (*marks, error) {
	m := &marks{at: map[place]meaning{}, wants: map[place]error{}}
	for _, mark := range list {
		for i, p := range mark.pointers {
			v := reflect.ValueOf(p.to)
			if v.Kind() != reflect.Pointer || v.IsNil() {
				return nil, fmt.Errorf("argument %d of %s is %T, want a pointer to a field of the object", i+1, p.meaning, p.to)
			}
			at := place{v.Pointer(), v.Type().Elem()}
			if was, ok := m.at[at]; ok && was != p.meaning {
				return nil, fmt.Errorf("argument %d of %s is also one of %s", i+1, p.meaning, was)
			}
			m.at[at] = p.meaning
			if !mark.lenient {
				m.order = append(m.order, at)
				m.wants[at] = fmt.Errorf("argument %d of %s, a %T, points to no field of the object that is applied", i+1, p.meaning, p.to)
			}
		}
	}
	return m, nil
}

// of returns what is said about a value, and by that found.
func (m *marks) of(v reflect.Value) meaning {
	if len(m.at) == 0 || !v.CanAddr() {
		return unclear
	}
	at := placeOf(v)
	delete(m.wants, at)
	return m.at[at]
}

// unfound returns an error if a mark points to nothing that was looked at.
func (m *marks) unfound() error {
	for _, at := range m.order {
		if err, ok := m.wants[at]; ok {
			return err
		}
	}
	return nil
}
