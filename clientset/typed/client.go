package typed

import (
	"context"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/rest"
)

// Client makes the requests of one resource, in one namespace or in all. It is a small value and safe for concurrent use; the zero value
// is not usable. Objects it returns belong to the caller.
//
// A client for all namespaces (see Namespace) lists and watches in all of them, and writes an object into the namespace that the object itself
// names. What takes no more than a name, such as Get, Patch and Delete, needs a client for one namespace.
//
// An error of the server's is an *errors.StatusError of k8s.io/apimachinery: ask apierrors.IsNotFound and its siblings.
type Client[T resource.Object] struct {
	def  *resource.Definition
	rest *rest.ResourceClient
}

// For returns the client of resource r on the server of c, in all namespaces.
func For[T resource.Object](c *rest.Client, r resource.Resource[T]) Client[T] {
	return Client[T]{def: r.Definition(), rest: c.ForResource(r.Definition())}
}

// Namespace returns a client for the objects of one namespace; "" means all namespaces.
func (c Client[T]) Namespace(namespace string) Client[T] {
	return Client[T]{def: c.def, rest: c.rest.Namespace(namespace)}
}

// Definition returns the resource.
func (c Client[T]) Definition() *resource.Definition { return c.def }

// ResourceClient returns the untyped client below, which streams lists item by item.
func (c Client[T]) ResourceClient() *rest.ResourceClient { return c.rest }

// Get returns the named object.
func (c Client[T]) Get(ctx context.Context, name string, opts metav1.GetOptions) (T, error) {
	if err := c.can("get", resource.VerbGet); err != nil {
		return *new(T), err
	}
	return as[T](c.rest.Get(ctx, name, opts))
}

// List returns the objects that the options select, or one page of them: if opts.Limit is set, the list's Continue leads to the next. If
// some object cannot be decoded, the error names it, and there is no list.
func (c Client[T]) List(ctx context.Context, opts metav1.ListOptions) (*resource.List[T], error) {
	if err := c.can("list", resource.VerbList); err != nil {
		return nil, err
	}
	items, meta, err := c.rest.Items(ctx, opts)
	if err != nil {
		return nil, err
	}
	gvk := c.def.GroupVersionKind()
	list := &resource.List[T]{ListMeta: meta, Items: make([]T, 0, len(items))}
	list.TypeMeta = metav1.TypeMeta{APIVersion: gvk.GroupVersion().String(), Kind: gvk.Kind + "List"}
	for _, item := range items {
		if item.Err != nil {
			return nil, fmt.Errorf("list %s: %w", c.def, item.Err)
		}
		list.Items = append(list.Items, item.Object.(T))
	}
	return list, nil
}

// can says whether the resource offers a verb.
func (c Client[T]) can(verb string, want resource.Verbs) error {
	if c.def.Verbs().Has(want) {
		return nil
	}
	return fmt.Errorf("%s %s: the resource does not offer this, only %s", verb, c.def, listed(c.def.Verbs().Names()))
}

// canSub says whether a subresource offers a verb.
func (c Client[T]) canSub(subresource, verb string, want resource.Verbs) error {
	s, ok := c.def.Subresource(subresource)
	if ok && s.Verbs.Has(want) {
		return nil
	}
	var names []string
	for _, s := range c.def.Subresources() {
		names = append(names, s.Name+" ("+s.Verbs.String()+")")
	}
	return fmt.Errorf("%s %s/%s: the resource does not offer this; its subresources are: %s", verb, c.def, subresource, listed(names))
}

func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// as gives an untyped answer its type.
func as[T resource.Object](o resource.Object, err error) (T, error) {
	if err != nil {
		return *new(T), err
	}
	return o.(T), nil
}
