package store

import (
	"k8s.io/apimachinery/pkg/labels"

	"github.com/sheaf-dev/sheaf/resource"
)

// List returns the objects of a namespace ("": of all namespaces) that the selector matches; nil matches everything.
//
// With the label index, the requirements =, ==, in and exists cost in proportion to the smallest set of objects that one of them names.
// A selector that only excludes (!=, notin, !key) or compares numbers costs in proportion to the distinct sets of labels in the
// namespace or the store, and to what it finds. Without the label index every object of the namespace or the store is looked at.
func (s Snapshot) List(selector labels.Selector, namespace string) []resource.Object {
	switch {
	case selector == nil || selector.Empty():
		if namespace == "" {
			return s.v.everything()
		}
		return s.v.inNamespace(namespace)
	case !s.v.labelIndex:
		return s.v.scan(selector, namespace)
	}
	requirements, selectable := selector.Requirements()
	if !selectable {
		return nil
	}
	return s.v.match(requirements, namespace)
}

func (v *version) everything() []resource.Object {
	found := make([]resource.Object, 0, v.length)
	v.objects.each(func(_ uint32, objects *[width]resource.Object) bool {
		for _, o := range objects {
			if o != nil {
				found = append(found, o)
			}
		}
		return true
	})
	return v.opened(found)
}

// opened opens what was collected, in place.
func (v *version) opened(objects []resource.Object) []resource.Object {
	if v.compact {
		openAll(objects)
	}
	return objects
}

func (v *version) inNamespace(namespace string) []resource.Object {
	groups := make([]*group, 0, 8)
	v.groups.each(v.groups.namespaces.find("", namespace), func(g *group) bool {
		groups = append(groups, g)
		return true
	})
	return v.collectGroups(groups)
}

// scan asks every object.
func (v *version) scan(selector labels.Selector, namespace string) (found []resource.Object) {
	all := Snapshot{v}.All()
	if namespace != "" {
		all = Snapshot{v}.Namespace(namespace)
	}
	for o := range all {
		if selector.Matches(labels.Set(o.GetLabels())) {
			found = append(found, o)
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
func (v *version) collect(found []resource.Object, slots *set) []resource.Object {
	var buffer [1][]uint32
	var leaf *node[resource.Object]
	number := ^uint32(0)
	for _, piece := range slots.pieces(&buffer) {
		for _, slot := range piece {
			if slot/width != number {
				leaf, number = v.objects.leaf(slot), slot/width
			}
			found = append(found, leaf.of[slot%width])
		}
	}
	return found
}

// collectGroups returns the objects of groups, in one allocation of the right size.
func (v *version) collectGroups(groups []*group) []resource.Object {
	size := 0
	for _, g := range groups {
		size += g.slots.len()
	}
	if size == 0 {
		return nil
	}
	found := make([]resource.Object, 0, size)
	for _, g := range groups {
		found = v.collect(found, &g.slots)
	}
	return v.opened(found)
}
