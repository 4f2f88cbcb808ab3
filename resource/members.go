package resource

import (
	"reflect"
	"strings"
)

// Member is one field of a struct under the name that it has in JSON. The members of embedded structs are members of the struct
// around them.
type Member struct {
	Name   string
	Type   reflect.Type
	Offset uintptr // from the start of the outermost struct
}

// Members returns the members of a struct type as encoding/json sees them. It returns false for a struct with anything that needs more than
// a name and a place: an embedded pointer, two members of one name, a number in quotes, an unusual name. It may be called concurrently.
func Members(t reflect.Type) ([]Member, bool) {
	return appendMembers(nil, t, 0, map[string]bool{})
}

func appendMembers(members []Member, t reflect.Type, offset uintptr, names map[string]bool) ([]Member, bool) {
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		if tag == "-" || !f.IsExported() && !f.Anonymous {
			continue
		}
		if f.Anonymous && name == "" {
			if f.Type.Kind() != reflect.Struct {
				return nil, false
			}
			var ok bool
			if members, ok = appendMembers(members, f.Type, offset+f.Offset, names); !ok {
				return nil, false
			}
			continue
		}
		if name == "" {
			name = f.Name
		}
		if !f.IsExported() || !isPlainName(name) || names[name] || strings.Contains(","+options+",", ",string,") {
			return nil, false
		}
		names[name] = true
		members = append(members, Member{Name: name, Type: f.Type, Offset: offset + f.Offset})
	}
	return members, true
}

// isPlainName says whether a tag's name is one that all JSON packages accept, and write as it is.
func isPlainName(name string) bool {
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("_-.$/", rune(c)) {
			return false
		}
	}
	return true
}
