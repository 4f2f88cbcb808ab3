package discovery

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sheaf-dev/sheaf/resource"
)

// Define makes a resource for clients and informers of what was found on a server, with its scope, verbs and subresources. T is
// *unstructured.Unstructured, *metav1.PartialObjectMetadata, or the Go type of the objects.
//
// The server's answer is not trusted to make sense: what cannot be a resource is an error.
func Define[T resource.Object](r APIResource) (resource.Resource[T], error) {
	if err := definable(r); err != nil {
		return resource.Resource[T]{}, fmt.Errorf("define %s as the server describes it: %w", r.Resource.GroupResource(), err)
	}
	subresources := make([]resource.Subresource, 0, len(r.Subresources))
	for _, s := range r.Subresources {
		sub := resource.Subresource{Name: s.Name, Verbs: resource.ParseVerbs(s.Verbs...)}
		if s.Kind != r.Kind {
			sub.Kind = s.Kind
		}
		subresources = append(subresources, sub)
	}
	return resource.Define[T](r.Resource.Group, r.Resource.Version, r.Resource.Resource, r.Kind.Kind, r.Scope,
		resource.WithVerbs(resource.ParseVerbs(r.Verbs...)), resource.WithSubresources(subresources...)), nil
}

// definable says why a resource could not be asked for.
func definable(r APIResource) error {
	name := r.Resource.Resource
	switch {
	case name == "" || name != strings.ToLower(name) || strings.Contains(name, "/"):
		return fmt.Errorf("its name is %q", name)
	case strings.Contains(r.Resource.Group+r.Resource.Version, "/"):
		return fmt.Errorf("its group is %q, its version %q", r.Resource.Group, r.Resource.Version)
	case r.Kind.Kind == "":
		return fmt.Errorf("it has no objects, only subresources")
	case r.Resource.Version == "":
		return fmt.Errorf("it has no version")
	case r.Kind.GroupVersion() != r.Resource.GroupVersion():
		return fmt.Errorf("its objects are of another group and version, %s", r.Kind)
	case !slices.Contains([]resource.Scope{resource.Cluster, resource.Namespaced}, r.Scope):
		return fmt.Errorf("its scope is unknown")
	}
	return nil
}
