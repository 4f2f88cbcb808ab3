package apply

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	sigsjson "sigs.k8s.io/json"
)

// set is a tree of owned fields in the server's FieldsV1 form. The keys are:
//
//	.            the node itself
//	f:name       a field of a struct or an entry of a map
//	k:{"a":1}    the element of a list whose fields a, … have these values
//	v:"x"        the element of a list that is equal to this
//	i:0          the element of a list at this index
//
// A node without children is owned with all that is in it.
type set map[string]set

func parseSet(fields *metav1.FieldsV1) (set, error) {
	if fields == nil {
		return nil, nil
	}
	var s set
	if err := json.Unmarshal(fields.GetRawBytes(), &s); err != nil {
		return nil, fmt.Errorf("its managed fields cannot be read: %w", err)
	}
	return s, nil
}

// child returns the node at a key in each of the sets that has it.
func child(sets []set, key string) []set {
	var out []set
	for _, s := range sets {
		if c, ok := s[key]; ok {
			out = append(out, c)
		}
	}
	return out
}

// leaf says whether nothing inside the node is owned by itself.
func (s set) leaf() bool {
	_, self := s["."]
	return len(s) == 0 || len(s) == 1 && self
}

// keep returns the owned part of what is at the node. all are the nodes of all managers, this one included.
func (s set) keep(content any, all []set) any {
	switch content := content.(type) {
	case map[string]any:
		if s.leaf() && !divided(all) {
			return content
		}
		out := map[string]any{}
		for name, inside := range content {
			if owned, ok := s["f:"+name]; ok {
				out[name] = owned.keep(inside, child(all, "f:"+name))
			}
		}
		return out
	case []any:
		if s.leaf() && !divided(all) {
			return content
		}
		out := []any{}
		for i, inside := range content {
			if key, ok := s.element(inside, i); ok {
				out = append(out, s[key].keep(inside, child(all, key)))
			}
		}
		return out
	default:
		return content
	}
}

// divided says whether what is inside the node is owned piece by piece: the node is then no unit, even where it is a leaf.
func divided(all []set) bool {
	return slices.ContainsFunc(all, func(s set) bool { return !s.leaf() })
}

// element returns the key under which an element of a list is owned.
func (s set) element(content any, index int) (string, bool) {
	for key := range s {
		kind, rest, ok := strings.Cut(key, ":")
		if !ok {
			continue
		}
		switch kind {
		case "i":
			ok = rest == strconv.Itoa(index)
		case "v":
			var want any
			ok = sigsjson.UnmarshalCaseSensitivePreserveInts([]byte(rest), &want) == nil && reflect.DeepEqual(want, content)
		case "k":
			ok = matches(rest, content)
		default:
			ok = false
		}
		if ok {
			return key, true
		}
	}
	return "", false
}

// matches says whether an element of a list has the fields of a key.
func matches(key string, content any) bool {
	var want map[string]any
	if sigsjson.UnmarshalCaseSensitivePreserveInts([]byte(key), &want) != nil {
		return false
	}
	fields, ok := content.(map[string]any)
	if !ok {
		return false
	}
	for name, value := range want {
		if !reflect.DeepEqual(fields[name], value) {
			return false
		}
	}
	return true
}
