package typed

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sheaf-dev/sheaf/apply"
	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/rest"
)

// Subresource is the client of a subresource whose objects have the Go type S, which is another than the resource's own. It is a value and
// safe for concurrent use; the zero value is not usable.
type Subresource[S resource.Object] struct {
	rest *rest.SubresourceClient
	kind *resource.Definition
	can  func(verb string, want resource.Verbs) error
}

// SubresourceOf returns the client of a subresource of c's resource, in c's namespace. Of kind only the kind and the Go type matter:
//
//	var scales = resource.Define[*autoscalingv1.Scale]("autoscaling", "v1", "scales", "Scale", resource.Namespaced)
//	scale, err := typed.SubresourceOf(deployments, "scale", scales).Get(ctx, "web", metav1.GetOptions{})
func SubresourceOf[S, T resource.Object](c Client[T], name string, kind resource.Resource[S]) Subresource[S] {
	return Subresource[S]{
		rest: c.rest.Subresource(name, kind.Definition()),
		kind: kind.Definition(),
		can:  func(verb string, want resource.Verbs) error { return c.canSub(name, verb, want) },
	}
}

// Get returns the subresource of the named object.
func (s Subresource[S]) Get(ctx context.Context, name string, opts metav1.GetOptions) (S, error) {
	if err := s.can("get", resource.VerbGet); err != nil {
		return *new(S), err
	}
	return as[S](s.rest.Get(ctx, name, opts))
}

// Create posts obj to the subresource of the named object, and returns the answer.
func (s Subresource[S]) Create(ctx context.Context, name string, obj S, opts metav1.CreateOptions) (S, error) {
	if err := s.can("create", resource.VerbCreate); err != nil {
		return *new(S), err
	}
	return as[S](s.rest.Create(ctx, name, obj, opts))
}

// Update replaces the subresource of the named object.
func (s Subresource[S]) Update(ctx context.Context, name string, obj S, opts metav1.UpdateOptions) (S, error) {
	if err := s.can("update", resource.VerbUpdate); err != nil {
		return *new(S), err
	}
	return as[S](s.rest.Update(ctx, name, obj, opts))
}

// Patch changes the subresource of the named object, as data of type t says.
func (s Subresource[S]) Patch(ctx context.Context, name string, t types.PatchType, data []byte, opts metav1.PatchOptions) (S, error) {
	if err := s.can("patch", resource.VerbPatch); err != nil {
		return *new(S), err
	}
	return as[S](s.rest.Patch(ctx, name, t, data, opts))
}

// Apply makes the subresource of the object with obj's name have what obj has set, as Client.Apply does:
//
//	scale := &autoscalingv1.Scale{ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: autoscalingv1.ScaleSpec{Replicas: 3}}
//	scale, err := subresource.Scale(deployments).Apply(ctx, scale, metav1.ApplyOptions{FieldManager: "scaler"})
func (s Subresource[S]) Apply(ctx context.Context, obj S, opts metav1.ApplyOptions, marks ...apply.Mark) (S, error) {
	if err := s.can("apply", resource.VerbPatch); err != nil {
		return *new(S), err
	}
	data, err := configuration(apply.Configuration, s.kind, obj, opts, marks)
	if err != nil {
		return *new(S), err
	}
	return as[S](s.rest.Patch(ctx, obj.GetName(), types.ApplyPatchType, data, opts.ToPatchOptions()))
}
