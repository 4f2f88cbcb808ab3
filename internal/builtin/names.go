// Package builtin knows what discovery documents say about the built-in resources beside their definitions: short names and
// categories. It links no Go type of any API group.
package builtin

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Names are the other names under which a resource is found.
type Names struct {
	Short      []string // such as "po"; usually none or one
	Categories []string // such as "all"
}

type row struct {
	group, resource string
	names           Names
}

// NamesOf returns the other names of a resource, the same in all versions of its group; most have none. The result is the caller's.
func NamesOf(resource schema.GroupResource) Names {
	i, found := slices.BinarySearchFunc(table, resource, func(r row, want schema.GroupResource) int {
		if c := strings.Compare(r.group, want.Group); c != 0 {
			return c
		}
		return strings.Compare(r.resource, want.Resource)
	})
	if !found {
		return Names{}
	}
	return Names{Short: slices.Clone(table[i].names.Short), Categories: slices.Clone(table[i].names.Categories)}
}
