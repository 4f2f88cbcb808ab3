package store

import (
	"slices"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/sheaf-dev/sheaf/resource"
)

// List returns the objects of a namespace ("": of all namespaces) that the selector matches; nil matches everything.
//
// With the label index, the requirements =, ==, in and exists cost in proportion to the smallest set of objects that one of them names.
// A selector that only excludes (!=, notin, !key) or compares numbers costs in proportion to the distinct sets of labels in the
// namespace or the store, and to what it finds. Without the label index every object of the namespace or the store is looked at.
func (s Snapshot) List(selector labels.Selector, namespace string) []resource.Object {
	return List[resource.Object](s, selector, namespace)
}

// List is Snapshot.List for objects that are all of type T: what a typed face answers with is collected into a slice of that type at once.
// It panics if it finds an object of another type.
func List[T resource.Object](s Snapshot, selector labels.Selector, namespace string) []T {
	switch {
	case selector == nil || selector.Empty():
		if namespace == "" {
			return everything[T](s.v)
		}
		return inNamespace[T](s.v, namespace)
	case !s.v.labelIndex:
		return scan[T](s, selector, namespace)
	}
	requirements, selectable := selector.Requirements()
	if !selectable {
		return nil
	}
	var buffer [8]*group
	return collectGroups[T](s.v, s.v.match(buffer[:0], requirements, namespace))
}

func everything[T resource.Object](v *version) []T {
	all := Snapshot{v}.All()
	found := make([]T, 0, v.length)
	if same, ok := any(found).([]resource.Object); ok { // the assertion to an interface is not free
		return any(slices.AppendSeq(same, all)).([]T)
	}
	for o := range all {
		found = append(found, o.(T))
	}
	return found
}

func inNamespace[T resource.Object](v *version, namespace string) []T {
	var buffer [8]*group
	groups := buffer[:0]
	v.groups.each(v.groups.namespaces.find("", namespace), func(g *group) bool {
		groups = append(groups, g)
		return true
	})
	return collectGroups[T](v, groups)
}

// scan asks every object.
func scan[T resource.Object](s Snapshot, selector labels.Selector, namespace string) (found []T) {
	all := s.All()
	if namespace != "" {
		all = s.Namespace(namespace)
	}
	for o := range all {
		if selector.Matches(labels.Set(o.GetLabels())) {
			found = append(found, o.(T))
		}
	}
	return found
}

// visit calls yield with the objects of a set of slots, until it returns false.
func (v *version) visit(slots *set, yield func(resource.Object) bool) bool {
	var buffer [1][]uint32
	var leaf *node[resource.Object] // neighbours, as a first list leaves them, are in one
	number := ^uint32(0)
	for _, piece := range slots.pieces(&buffer) {
		for _, slot := range piece {
			if slot/width != number {
				leaf, number = v.objects.leaf(slot), slot/width
			}
			o := leaf.of[slot%width]
			if v.compact {
				o = Open(o)
			}
			if !yield(o) {
				return false
			}
		}
	}
	return true
}

// collect appends the objects of a set of slots: visit without the calls.
func collect[T resource.Object](v *version, found []T, slots *set) []T {
	if same, ok := any(found).([]resource.Object); ok {
		return any(v.collect(same, slots)).([]T)
	}
	var buffer [1][]uint32
	var leaf *node[resource.Object]
	number := ^uint32(0)
	for _, piece := range slots.pieces(&buffer) {
		for _, slot := range piece {
			if slot/width != number {
				leaf, number = v.objects.leaf(slot), slot/width
			}
			o := leaf.of[slot%width]
			if v.compact {
				o = Open(o)
			}
			found = append(found, o.(T))
		}
	}
	return found
}

// collect is the function of that name without its assertion of a type, which is slow where T is an interface.
func (v *version) collect(found []resource.Object, slots *set) []resource.Object {
	var buffer [1][]uint32
	var leaf *node[resource.Object]
	number := ^uint32(0)
	for _, piece := range slots.pieces(&buffer) {
		for _, slot := range piece {
			if slot/width != number {
				leaf, number = v.objects.leaf(slot), slot/width
			}
			o := leaf.of[slot%width]
			if v.compact {
				o = Open(o)
			}
			found = append(found, o)
		}
	}
	return found
}

// collectGroups returns the objects of groups, in one allocation of the right size.
func collectGroups[T resource.Object](v *version, groups []*group) []T {
	size := 0
	for _, g := range groups {
		size += g.slots.len()
	}
	if size == 0 {
		return nil
	}
	found := make([]T, 0, size)
	for _, g := range groups {
		found = collect(v, found, &g.slots)
	}
	return found
}
