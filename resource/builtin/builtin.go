// Package builtin lists all resources that come with Kubernetes.
//
// It links the Go types of every API group, some ten megabytes: a program that knows which resources it uses imports their small
// packages instead, such as resource/core/v1.
package builtin

import (
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/resource"
)

// Definitions returns all built-in resources, sorted by group, version and resource. The slice is the caller's; the definitions
// are the ones that the typed resources wrap.
func Definitions() []*resource.Definition { return slices.Clone(definitions) }

// ForResource returns the built-in resource of that full name.
func ForResource(gvr schema.GroupVersionResource) (*resource.Definition, bool) {
	def, ok := byResource()[gvr]
	return def, ok
}

// ForKind returns the built-in resource whose objects have that kind.
func ForKind(gvk schema.GroupVersionKind) (*resource.Definition, bool) {
	def, ok := byKind()[gvk]
	return def, ok
}

var byResource = sync.OnceValue(func() map[schema.GroupVersionResource]*resource.Definition {
	found := make(map[schema.GroupVersionResource]*resource.Definition, len(definitions))
	for _, def := range definitions {
		found[def.GroupVersionResource()] = def
	}
	return found
})

var byKind = sync.OnceValue(func() map[schema.GroupVersionKind]*resource.Definition {
	found := make(map[schema.GroupVersionKind]*resource.Definition, len(definitions))
	for _, def := range definitions {
		found[def.GroupVersionKind()] = def
	}
	return found
})
