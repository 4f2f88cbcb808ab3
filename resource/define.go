package resource

import (
	"fmt"
	"reflect"
	"slices"
	"sort"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Resource is a named resource whose objects have the Go type T, a pointer such as *corev1.Pod. It is a small immutable
// value; the zero value is not usable.
type Resource[T Object] struct{ def *Definition }

// Definition returns the untyped description.
func (r Resource[T]) Definition() *Definition { return r.def }

// New returns a new object with its apiVersion and kind set.
func (r Resource[T]) New() T { return r.def.New().(T) }

// String returns the definition's name, such as "deployments.apps/v1".
func (r Resource[T]) String() string { return r.def.String() }

// Option refines a definition.
type Option func(*Definition)

// WithVerbs says which verbs the resource offers. Default: AllVerbs.
func WithVerbs(verbs Verbs) Option { return func(d *Definition) { d.verbs = verbs } }

// StatusSubresource is the path under which the observed state of an object is written apart from the rest.
func StatusSubresource() Subresource {
	return Subresource{Name: "status", Verbs: VerbGet | VerbUpdate | VerbPatch}
}

// ScaleSubresource is the path under which the number of replicas is read and set, as an autoscaling/v1 Scale.
func ScaleSubresource() Subresource {
	return Subresource{
		Name:  "scale",
		Verbs: VerbGet | VerbUpdate | VerbPatch,
		Kind:  schema.GroupVersionKind{Group: "autoscaling", Version: "v1", Kind: "Scale"},
	}
}

// WithSubresources says which subresources the resource has. Default: "status", if the Go struct has a field Status.
func WithSubresources(subresources ...Subresource) Option {
	return func(d *Definition) {
		d.subresources = slices.Clone(subresources)
		// Not slices.SortFunc: its code, made for this type, would be in every program.
		sort.Slice(d.subresources, func(i, j int) bool { return d.subresources[i].Name < d.subresources[j].Name })
	}
}

// WithProtobuf says that servers speak protobuf for this resource, as they do for built-in types and never for custom ones. It
// has no effect on a Go type without protobuf methods.
func WithProtobuf() Option {
	return func(d *Definition) { d.protobuf = reflect.PointerTo(d.goType).Implements(protobufType) }
}

// Builtin is the option of the resources that every Kubernetes API server has: protobuf, and exactly the given subresources.
func Builtin(subresources ...Subresource) Option {
	return func(d *Definition) {
		WithSubresources(subresources...)(d)
		WithProtobuf()(d)
	}
}

// protobufMessage is what the generated protobuf code of Kubernetes API types offers.
type protobufMessage interface {
	Marshal() ([]byte, error)
	MarshalTo([]byte) (int, error)
	Size() int
	Unmarshal([]byte) error
}

var protobufType = reflect.TypeFor[protobufMessage]()

// Define names a resource: its API group ("" for the core group), version, plural lower-case resource name, kind and scope.
// T must be a pointer to a struct. Like regexp.MustCompile it is meant for package variables and panics, with one clear sentence,
// on a definition that cannot work.
func Define[T Object](group, version, resource, kind string, scope Scope, options ...Option) Resource[T] {
	t := reflect.TypeFor[T]()
	def := &Definition{
		gvr:   schema.GroupVersionResource{Group: group, Version: version, Resource: resource},
		gvk:   schema.GroupVersionKind{Group: group, Version: version, Kind: kind},
		scope: scope,
		verbs: AllVerbs,
	}
	if err := def.check(t); err != nil {
		panic(fmt.Sprintf("resource.Define[%s](%q, %q, %q, %q): %v", t, group, version, resource, kind, err))
	}
	def.goType = t.Elem()
	if f, ok := def.goType.FieldByName("Status"); ok && f.IsExported() {
		def.subresources = []Subresource{StatusSubresource()}
	}
	for _, option := range options {
		option(def)
	}
	return Resource[T]{def}
}

func (d *Definition) check(t reflect.Type) error {
	switch {
	case t.Kind() != reflect.Pointer || t.Elem().Kind() != reflect.Struct:
		return fmt.Errorf("the type must be a pointer to a struct")
	case strings.Contains(d.gvr.Group+d.gvr.Version, "/"):
		return fmt.Errorf("the group and the version must be given apart, such as \"example.com\" and \"v1\"")
	case d.gvr.Version == "":
		return fmt.Errorf("the version is empty")
	case d.gvr.Resource == "" || d.gvr.Resource != strings.ToLower(d.gvr.Resource) || strings.Contains(d.gvr.Resource, "/"):
		return fmt.Errorf("the resource must be a plural in lower case, such as \"widgets\"")
	case d.gvk.Kind == "":
		return fmt.Errorf("the kind is empty")
	case d.scope != Namespaced && d.scope != Cluster:
		return fmt.Errorf("the scope must be Namespaced or Cluster")
	}
	return nil
}
