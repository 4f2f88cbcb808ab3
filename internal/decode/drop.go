package decode

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/sheaf-dev/sheaf/resource"
)

// dropTree holds the paths of dropped fields, by JSON name. A nil tree drops nothing, one without members drops the whole field.
type dropTree struct {
	members map[string]*dropTree
}

// Drop leaves fields out of every decoded object: they cost neither time nor memory. A path is written with the names that the fields
// have in JSON, such as "metadata.managedFields" or "spec.containers.env"; below a list it means each element. A path that the type does not
// have is an error that names the nearest one, and so is one of what identifies an object. It is not checked for objects without a type;
// for a view it is checked against the full type.
func Drop(def *resource.Definition, paths ...string) (Option, error) {
	tree, err := newDropTree(def, paths)
	return func(d *Decoder) { d.drops = tree }, err
}

// Pruner takes the fields that Drop leaves out from objects that were made without a Decoder, which it changes in place.
func Pruner(def *resource.Definition, paths ...string) (func(resource.Object), error) {
	tree, err := newDropTree(def, paths)
	return func(o resource.Object) { tree.prune(reflect.ValueOf(o)) }, err
}

// newDropTree returns nil for no paths.
func newDropTree(def *resource.Definition, paths []string) (*dropTree, error) {
	if len(paths) == 0 {
		return nil, nil
	}
	tree := &dropTree{members: map[string]*dropTree{}}
	for _, path := range paths {
		names := strings.Split(strings.TrimPrefix(path, "."), ".")
		if err := checkDrop(def, names); err != nil {
			return nil, fmt.Errorf("drop %q of %s: %w", path, def, err)
		}
		tree.add(names)
	}
	return tree, nil
}

// add adds a path. What is below a dropped field is dropped already.
func (t *dropTree) add(names []string) {
	for i, name := range names {
		sub, ok := t.members[name]
		switch {
		case i == len(names)-1:
			t.members[name] = &dropTree{}
		case ok && sub.members == nil:
			return
		case !ok:
			sub = &dropTree{members: map[string]*dropTree{}}
			t.members[name] = sub
		}
		t = sub
	}
}

// needed are the fields without which an object cannot be kept.
var needed = []string{"apiVersion", "kind", "metadata", "metadata.name", "metadata.namespace", "metadata.uid", "metadata.resourceVersion"}

func checkDrop(def *resource.Definition, names []string) error {
	if slices.Contains(names, "") {
		return fmt.Errorf("want names separated by dots")
	}
	if slices.Contains(needed, strings.Join(names, ".")) {
		return fmt.Errorf("it is needed to tell objects apart")
	}
	t := def.GoType()
	if full := def.Full(); full != nil {
		t = full
	}
	if t == reflect.TypeFor[unstructured.Unstructured]() {
		return nil
	}
	for _, name := range names {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		var members []resource.Member
		if t.Kind() == reflect.Struct && !hasMethod(t, jsonUnmarshaler) {
			members, _ = resource.Members(t)
		}
		i := slices.IndexFunc(members, func(m resource.Member) bool { return m.Name == name })
		if i < 0 {
			return unknownField(t, name, members)
		}
		t = members[i].Type
	}
	return nil
}

// unknownField names the field that was probably meant.
func unknownField(t reflect.Type, name string, members []resource.Member) error {
	best, distance := "", len(name)
	for _, m := range members {
		if d := editDistance(strings.ToLower(name), strings.ToLower(m.Name)); d < distance {
			best, distance = m.Name, d
		}
	}
	if best == "" {
		return fmt.Errorf("%s has no field %q", t, name)
	}
	return fmt.Errorf("%s has no field %q; the nearest is %q", t, name, best)
}

// editDistance counts the letters to be added, removed or replaced to turn one name into another.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		previous := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := previous
			if a[i] != b[j] {
				cost++
			}
			previous = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
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

// prune takes the dropped fields out of an object that the official decoder has read.
func (t *dropTree) prune(v reflect.Value) {
	if t == nil {
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			t.prune(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			t.prune(v.Index(i))
		}
	case reflect.Map: // of an object without a type
		for it := v.MapRange(); it.Next(); {
			if sub, dropped := t.member(it.Key().String()); dropped {
				v.SetMapIndex(it.Key(), reflect.Value{})
			} else {
				sub.prune(it.Value())
			}
		}
	case reflect.Struct:
		t.pruneStruct(v)
	}
}

func (t *dropTree) pruneStruct(v reflect.Value) {
	if u, ok := v.Addr().Interface().(*unstructured.Unstructured); ok {
		t.prune(reflect.ValueOf(u.Object))
		return
	}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		sub, dropped := t.field(f)
		switch {
		case !f.IsExported() && !f.Anonymous:
		case dropped:
			v.Field(i).SetZero()
		default:
			sub.prune(v.Field(i))
		}
	}
}
