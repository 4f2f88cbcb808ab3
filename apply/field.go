package apply

import (
	"iter"
	"reflect"
	"strings"
)

// field is a field of a struct as JSON has it.
type field struct {
	index    int
	name     string // "" if embedded
	embedded bool   // its fields stand in its place
	optional bool   // a zero is left out
}

// fieldsOf returns the fields of a struct type that JSON has.
func fieldsOf(t reflect.Type) iter.Seq[field] {
	return func(yield func(field) bool) {
		for i := range t.NumField() {
			f := t.Field(i)
			tag := f.Tag.Get("json")
			name, flags, _ := strings.Cut(tag, ",")
			out := field{index: i, name: name}
			switch {
			case tag == "-" || !f.IsExported() && !f.Anonymous:
				continue
			case name == "" && f.Anonymous || hasFlag(flags, "inline"):
				out.embedded = true
			case name == "":
				out.name = f.Name
			}
			out.optional = hasFlag(flags, "omitempty") || hasFlag(flags, "omitzero")
			if !yield(out) {
				return
			}
		}
	}
}

func hasFlag(flags, flag string) bool {
	for f := range strings.SplitSeq(flags, ",") {
		if f == flag {
			return true
		}
	}
	return false
}
