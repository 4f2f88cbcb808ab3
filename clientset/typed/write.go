package typed

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/rest"
)

// Create creates obj and returns it as the server stored it. The namespace is the client's or, if that is for all, the object's.
func (c Client[T]) Create(ctx context.Context, obj T, opts metav1.CreateOptions) (T, error) {
	if err := c.can("create", resource.VerbCreate); err != nil {
		return *new(T), err
	}
	return as[T](c.rest.Create(ctx, obj, opts))
}

// Update replaces the object of the same name, except its status. If obj has a resourceVersion and the server's differs, the error
// satisfies apierrors.IsConflict.
func (c Client[T]) Update(ctx context.Context, obj T, opts metav1.UpdateOptions) (T, error) {
	if err := c.can("update", resource.VerbUpdate); err != nil {
		return *new(T), err
	}
	return as[T](c.rest.Update(ctx, obj, opts))
}

// UpdateStatus replaces the status of the object of the same name, and nothing else.
func (c Client[T]) UpdateStatus(ctx context.Context, obj T, opts metav1.UpdateOptions) (T, error) {
	if err := c.canSub("status", "update", resource.VerbUpdate); err != nil {
		return *new(T), err
	}
	return as[T](c.rest.Update(ctx, obj, opts, "status"))
}

// Patch changes the named object, or a subresource of it, as data of type t says, and returns it as the server stored it. The subresource must
// be one that answers with the object itself, such as "status".
func (c Client[T]) Patch(ctx context.Context, name string, t types.PatchType, data []byte, opts metav1.PatchOptions,
	subresources ...string) (T, error) {
	if err := c.canPatch(subresources); err != nil {
		return *new(T), err
	}
	return as[T](c.rest.Patch(ctx, name, t, data, opts, subresources...))
}

func (c Client[T]) canPatch(subresources []string) error {
	if len(subresources) > 0 {
		return c.canSub(subresources[0], "patch", resource.VerbPatch)
	}
	return c.can("patch", resource.VerbPatch)
}

// Delete deletes the named object. It may live on for a while, until its grace period and finalizers are done.
func (c Client[T]) Delete(ctx context.Context, name string, opts metav1.DeleteOptions) error {
	if err := c.can("delete", resource.VerbDelete); err != nil {
		return err
	}
	return c.rest.Delete(ctx, name, opts)
}

// DeleteCollection deletes the objects that list selects.
func (c Client[T]) DeleteCollection(ctx context.Context, opts metav1.DeleteOptions, list metav1.ListOptions) error {
	if err := c.can("delete collection of", resource.VerbDeleteCollection); err != nil {
		return err
	}
	return c.rest.DeleteCollection(ctx, opts, list)
}

// Creator is the client of a resource that can only be created: reviews, which the server answers at once and does not store, and
// bindings.
type Creator[T resource.Object] struct{ client Client[T] }

// CreatorFor returns the creator of resource r on the server of c.
func CreatorFor[T resource.Object](c *rest.Client, r resource.Resource[T]) Creator[T] {
	return Creator[T]{For(c, r)}
}

// Namespace returns a creator in one namespace.
func (c Creator[T]) Namespace(namespace string) Creator[T] {
	return Creator[T]{c.client.Namespace(namespace)}
}

// Create posts obj and returns the server's answer, which is a review with its status filled in. Of a resource that is answered without an
// object, such as bindings, a copy of obj is returned.
func (c Creator[T]) Create(ctx context.Context, obj T, opts metav1.CreateOptions) (T, error) {
	return c.client.Create(ctx, obj, opts)
}
