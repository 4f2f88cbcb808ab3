package cache

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/sheaf-dev/sheaf/resource"
)

// difference describes where two values of one type differ, a line a place: its path, what was there, and what is there now. Large
// differences are cut short.
func difference(was, is any) string {
	var d differ
	d.walk("", reflect.ValueOf(was), reflect.ValueOf(is))
	if d.more > 0 {
		d.lines = append(d.lines, fmt.Sprintf("and %d places more", d.more))
	}
	return strings.Join(d.lines, "\n")
}

const (
	maxPlaces = 20
	maxValue  = 200 // characters
)

type differ struct {
	lines []string
	more  int
}

func (d *differ) walk(path string, was, is reflect.Value) {
	if was.IsValid() && is.IsValid() && was.CanInterface() && is.CanInterface() && resource.Equal(was.Interface(), is.Interface()) {
		return
	}
	if !was.IsValid() || !is.IsValid() || was.Type() != is.Type() {
		d.add(path, was, is)
		return
	}
	switch was.Kind() {
	case reflect.Pointer, reflect.Interface:
		if was.IsNil() || is.IsNil() {
			d.add(path, was, is)
			return
		}
		d.walk(path, was.Elem(), is.Elem())
	case reflect.Struct:
		d.fields(path, was, is)
	case reflect.Map:
		d.entries(path, was, is)
	case reflect.Slice, reflect.Array:
		if was.Len() != is.Len() {
			d.add(path, was, is)
			return
		}
		for i := range was.Len() {
			d.walk(fmt.Sprintf("%s[%d]", path, i), was.Index(i), is.Index(i))
		}
	default:
		d.add(path, was, is)
	}
}

// fields looks at a struct's fields; those that are not exported cannot be looked at one by one.
func (d *differ) fields(path string, was, is reflect.Value) {
	before := len(d.lines) + d.more
	for i := range was.NumField() {
		if field := was.Type().Field(i); field.IsExported() {
			name := path + "." + field.Name
			if field.Anonymous {
				name = path
			}
			d.walk(name, was.Field(i), is.Field(i))
		}
	}
	if len(d.lines)+d.more == before {
		d.add(path, was, is)
	}
}

func (d *differ) entries(path string, was, is reflect.Value) {
	keys := map[string]reflect.Value{}
	for _, m := range []reflect.Value{was, is} {
		for _, key := range m.MapKeys() {
			keys[fmt.Sprint(key)] = key
		}
	}
	names := make([]string, 0, len(keys))
	for name := range keys {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		d.walk(fmt.Sprintf("%s[%s]", path, name), was.MapIndex(keys[name]), is.MapIndex(keys[name]))
	}
}

func (d *differ) add(path string, was, is reflect.Value) {
	if len(d.lines) == maxPlaces {
		d.more++
		return
	}
	d.lines = append(d.lines, fmt.Sprintf("%s: - %s + %s", strings.TrimPrefix(path, "."), show(was), show(is)))
}

func show(v reflect.Value) string {
	if !v.IsValid() {
		return "(none)"
	}
	text := fmt.Sprintf("%+v", v)
	if v.Kind() == reflect.String {
		text = fmt.Sprintf("%q", v)
	}
	if len(text) > maxValue {
		text = text[:maxValue] + "…"
	}
	return text
}
