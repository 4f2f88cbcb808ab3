package rest

import (
	"context"
	"fmt"
	"net/http"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
)

// SubresourceClient makes the requests of a subresource whose objects are of another kind than the resource's own, such as the Scale
// of a Deployment or a TokenRequest of a ServiceAccount. It is immutable and safe for concurrent use.
type SubresourceClient struct {
	parent *ResourceClient // that decodes and encodes objects of the subresource's kind
	kind   *resource.Definition
	name   string
}

// Subresource returns a client for a subresource that carries objects of the given kind. Of that definition only the kind and the Go
// type matter.
func (r *ResourceClient) Subresource(name string, kind *resource.Definition) *SubresourceClient {
	parent := *r
	parent.use(decode.For(kind))
	return &SubresourceClient{parent: &parent, kind: kind, name: name}
}

// Namespace returns a client for the objects of one namespace.
func (s *SubresourceClient) Namespace(namespace string) *SubresourceClient {
	return &SubresourceClient{parent: s.parent.Namespace(namespace), kind: s.kind, name: s.name}
}

// Get returns the subresource of the named object.
func (s *SubresourceClient) Get(ctx context.Context, name string, opts metav1.GetOptions) (resource.Object, error) {
	return s.parent.Get(ctx, name, opts, s.name)
}

// Create posts o to the subresource of the named object, and returns the answer. Where the server answers without an object, a copy of o
// is returned.
func (s *SubresourceClient) Create(ctx context.Context, name string, o resource.Object, opts metav1.CreateOptions) (resource.Object, error) {
	if err := s.sameNamespace("create", o); err != nil {
		return nil, err
	}
	req, err := s.parent.named(http.MethodPost, "create", s.parent.namespace, name, []string{s.name})
	if err != nil {
		return nil, err
	}
	return s.parent.created(req.VersionedParams(&opts).BodyObject(s.kind, o).Do(ctx), s.kind, o)
}

// Update replaces the subresource of the named object.
func (s *SubresourceClient) Update(ctx context.Context, name string, o resource.Object, opts metav1.UpdateOptions) (resource.Object, error) {
	if err := s.sameNamespace("update", o); err != nil {
		return nil, err
	}
	req, err := s.parent.named(http.MethodPut, "update", s.parent.namespace, name, []string{s.name})
	if err != nil {
		return nil, err
	}
	return s.parent.object(ctx, req.VersionedParams(&opts).BodyObject(s.kind, o))
}

// sameNamespace refuses an object that says that it belongs elsewhere.
func (s *SubresourceClient) sameNamespace(verb string, o resource.Object) error {
	own, mine := o.GetNamespace(), s.parent.namespace
	if own == "" || mine == "" || own == mine {
		return nil
	}
	return fmt.Errorf("%s %s/%s: the object is in namespace %q, the client in %q", verb, s.parent.def, s.name, own, mine)
}

// Patch changes the subresource of the named object, as data of type t says.
func (s *SubresourceClient) Patch(ctx context.Context, name string, t types.PatchType, data []byte, opts metav1.PatchOptions) (resource.Object, error) {
	return s.parent.Patch(ctx, name, t, data, opts, s.name)
}
