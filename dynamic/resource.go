package dynamic

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/discovery"
	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/rest"
)

// Resource is one resource of a server, as it was found. It is a value and safe for concurrent use; the zero value is not usable.
type Resource struct {
	server   *rest.Client
	found    discovery.APIResource
	objects  resource.Resource[*unstructured.Unstructured]
	metadata resource.Resource[*metav1.PartialObjectMetadata]
}

func newResource(server *rest.Client, found discovery.APIResource) (Resource, error) {
	objects, err := discovery.Define[*unstructured.Unstructured](found)
	if err != nil {
		return Resource{}, err
	}
	return Resource{server, found, objects, metadataOf(objects.Definition())}, nil
}

// metadataOf returns the definition for the metadata alone. What would replace a whole object by its metadata is not offered.
func metadataOf(def *resource.Definition) resource.Resource[*metav1.PartialObjectMetadata] {
	const whole = resource.VerbCreate | resource.VerbUpdate
	var subresources []resource.Subresource
	for _, s := range def.Subresources() {
		if s.Kind.Empty() {
			s.Verbs &^= whole
			subresources = append(subresources, s)
		}
	}
	gvr := def.GroupVersionResource()
	return resource.Define[*metav1.PartialObjectMetadata](gvr.Group, gvr.Version, gvr.Resource, def.GroupVersionKind().Kind, def.Scope(),
		resource.WithVerbs(def.Verbs()&^whole), resource.WithSubresources(subresources...))
}

// Found returns what the server says about the resource.
func (r Resource) Found() discovery.APIResource { return r.found }

// String returns the resource's name, such as "widgets.example.com/v1".
func (r Resource) String() string { return r.objects.String() }

// Definition returns the resource with untyped objects: for informers and listers.
func (r Resource) Definition() resource.Resource[*unstructured.Unstructured] { return r.objects }

// MetadataDefinition returns the resource with the metadata of its objects alone: for informers and listers that need no more, which saves
// most of the traffic and memory.
func (r Resource) MetadataDefinition() resource.Resource[*metav1.PartialObjectMetadata] {
	return r.metadata
}

// Objects returns the client of the resource with untyped objects.
func (r Resource) Objects() typed.Client[*unstructured.Unstructured] {
	return typed.For(r.server, r.objects)
}

// Metadata returns the client that reads, patches and deletes objects, and of what it reads gets the metadata alone. It does not create or update: that
// would take the rest of an object away.
func (r Resource) Metadata() typed.Client[*metav1.PartialObjectMetadata] {
	return typed.For(r.server, r.metadata)
}

// Subresource returns the client of a path below the objects of a namespace ("" for a resource of cluster scope), with untyped objects of whatever
// kind the path has. A path without objects, such as "log", is an error; rest.Client.Get can stream it. For "scale", package clientset/subresource has Go types.
func (r Resource) Subresource(namespace, name string) (typed.Subresource[*unstructured.Unstructured], error) {
	sub, ok := r.found.Subresource(name)
	if !ok || sub.Kind.Empty() {
		return typed.Subresource[*unstructured.Unstructured]{}, fmt.Errorf("%s has no subresource %q with objects; it has %s", r, name, r.withObjects())
	}
	return typed.SubresourceOf(r.Objects().Namespace(namespace), name, ofKind[*unstructured.Unstructured](sub.Kind)), nil
}

// ofKind defines what a subresource carries: of it only kind and Go type matter.
func ofKind[T resource.Object](kind schema.GroupVersionKind) resource.Resource[T] {
	return resource.Define[T](kind.Group, kind.Version, strings.ToLower(kind.Kind), kind.Kind, resource.Namespaced)
}

// withObjects lists the subresources that have objects.
func (r Resource) withObjects() string {
	var names []string
	for _, s := range r.found.Subresources {
		if !s.Kind.Empty() {
			names = append(names, s.Name)
		}
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
