package decode

import (
	"reflect"
	"strings"
)

// dropTree holds the paths of dropped fields, by JSON name. A nil tree drops nothing, one without members drops the whole field.
type dropTree struct {
	members map[string]*dropTree
}

// member returns what is dropped below a member, and whether the member itself is.
func (t *dropTree) member(name string) (*dropTree, bool) {
	if t == nil {
		return nil, false
	}
	sub := t.members[name]
	if sub != nil && sub.members == nil {
		return nil, true
	}
	return sub, false
}

// field does the same for a struct's field. The members of an embedded struct are members of the struct around it.
func (t *dropTree) field(f reflect.StructField) (*dropTree, bool) {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "" && f.Anonymous {
		return t, false
	}
	return t.member(name)
}
