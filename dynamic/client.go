package dynamic

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/discovery"
	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/rest"
)

// Client finds the resources of one server. It is a small value, safe for concurrent use; what it has found before, the mapper's cache
// knows.
type Client struct {
	server *rest.Client
	mapper *discovery.Mapper
}

// New returns a client over the connections of server. It sends nothing.
func New(server *rest.Client, mapper *discovery.Mapper) Client { return Client{server, mapper} }

// Mapper returns the mapper below.
func (c Client) Mapper() *discovery.Mapper { return c.mapper }

// Resource finds a resource by its full name. If the server does not have it, the error satisfies meta.IsNoMatchError.
func (c Client) Resource(ctx context.Context, name schema.GroupVersionResource) (Resource, error) {
	found, err := c.mapper.Resource(ctx, name)
	return c.resource(found, err)
}

// Kind finds the resource whose objects are of a kind.
func (c Client) Kind(ctx context.Context, kind schema.GroupVersionKind) (Resource, error) {
	found, err := c.mapper.Kind(ctx, kind)
	return c.resource(found, err)
}

// Of finds the resource that an object belongs to, by its apiVersion and kind.
func (c Client) Of(ctx context.Context, o resource.Object) (Resource, error) {
	kind := o.GetObjectKind().GroupVersionKind()
	if kind.Kind == "" || kind.Version == "" {
		return Resource{}, fmt.Errorf("find the resource of %q: the object has no apiVersion and kind", o.GetName())
	}
	return c.Kind(ctx, kind)
}

// Lookup finds the resource that a text means, as discovery.Mapper.Lookup does: "deploy", "deployments.apps", "Deployment".
func (c Client) Lookup(ctx context.Context, text string) (Resource, error) {
	found, err := c.mapper.Lookup(ctx, text)
	return c.resource(found, err)
}

func (c Client) resource(found discovery.APIResource, err error) (Resource, error) {
	if err != nil {
		return Resource{}, err
	}
	return newResource(c.server, found)
}
