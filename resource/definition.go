package resource

import (
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Scope says whether the objects of a resource live in namespaces.
type Scope uint8

// The two scopes of the API.
const (
	Namespaced Scope = iota + 1
	Cluster
)

// String returns "namespaced" or "cluster".
func (s Scope) String() string {
	if s == Namespaced {
		return "namespaced"
	}
	return "cluster"
}

// Subresource is a path below an object, such as "status" or "scale".
type Subresource struct {
	Name  string
	Verbs Verbs
	// Kind is what the path's requests carry. Zero: the kind of the resource itself.
	Kind schema.GroupVersionKind
}

// Definition is the untyped description of a resource that the core works with. It is immutable and safe for concurrent use;
// a Resource wraps one.
type Definition struct {
	gvr          schema.GroupVersionResource
	gvk          schema.GroupVersionKind
	scope        Scope
	verbs        Verbs
	subresources []Subresource
	protobuf     bool
	goType       reflect.Type // the struct, not the pointer
	full         reflect.Type // of a view: the struct of which goType has a part
}

// GroupVersionResource returns the resource's full name.
func (d *Definition) GroupVersionResource() schema.GroupVersionResource { return d.gvr }

// GroupVersionKind returns the kind of the resource's objects.
func (d *Definition) GroupVersionKind() schema.GroupVersionKind { return d.gvk }

// Scope returns where the objects live.
func (d *Definition) Scope() Scope { return d.scope }

// Namespaced says whether the objects live in namespaces.
func (d *Definition) Namespaced() bool { return d.scope == Namespaced }

// Verbs returns what the resource offers.
func (d *Definition) Verbs() Verbs { return d.verbs }

// Subresources returns a copy of the paths below an object, sorted by name.
func (d *Definition) Subresources() []Subresource { return slices.Clone(d.subresources) }

// Subresource returns the named subresource, if the resource has it.
func (d *Definition) Subresource(name string) (Subresource, bool) {
	for _, s := range d.subresources {
		if s.Name == name {
			return s, true
		}
	}
	return Subresource{}, false
}

// Protobuf says whether a server speaks protobuf for this resource and the Go type can too.
func (d *Definition) Protobuf() bool { return d.protobuf }

// GoType returns the struct type behind the resource's pointer type.
func (d *Definition) GoType() reflect.Type { return d.goType }

// New returns a new object with its apiVersion and kind set.
func (d *Definition) New() Object {
	o := reflect.New(d.goType).Interface().(Object)
	d.SetKind(o)
	return o
}

// SetKind writes the resource's apiVersion and kind into the object.
func (d *Definition) SetKind(o Object) { o.GetObjectKind().SetGroupVersionKind(d.gvk) }

// String returns "pods", "deployments.apps" or "widgets.example.com", followed by the version: "deployments.apps/v1".
func (d *Definition) String() string { return d.gvr.GroupResource().String() + "/" + d.gvr.Version }
