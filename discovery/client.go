package discovery

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"

	"github.com/sheaf-dev/sheaf/rest"
)

// Options say how a Client asks. The zero value is good.
type Options struct {
	// Legacy asks for each group and version by itself, as servers before 1.26 need it. Those are recognised without it, by what
	// they answer; it is for servers that get aggregated documents wrong.
	Legacy bool
	// Timeout bounds one request and its repetitions. Default: 30 s.
	Timeout time.Duration
}

// defaultTimeout bounds requests for which the options say nothing: discovery is often the first thing that a program does, and
// should not hang where the server does.
const defaultTimeout = 30 * time.Second

// Client asks a server what it has, anew each time. It is immutable and safe for concurrent use; it owns no goroutine.
type Client struct {
	server *rest.Client
	opts   Options
}

// New returns a client of the server, over the connections of the given client. It sends nothing.
func New(c *rest.Client, opts Options) *Client {
	if opts.Timeout <= 0 {
		opts.Timeout = defaultTimeout
	}
	return &Client{server: c, opts: opts}
}

// Server returns the client below.
func (c *Client) Server() *rest.Client { return c.server }

// Catalog asks for everything that the server has. Parts that fail are reported in the catalog; an error means that nothing is known.
//
// It takes two requests, or with a server that does not know the aggregated documents one for each group and version, eight at a
// time.
func (c *Client) Catalog(ctx context.Context) (*Catalog, error) { return c.Refresh(ctx, nil) }

// Refresh is Catalog for somebody who has an older one: documents that did not change since are not sent again.
func (c *Client) Refresh(ctx context.Context, old *Catalog) (*Catalog, error) {
	var known [2]document
	if old != nil {
		known = old.documents
	}
	fetched := time.Now()
	var documents [2]document
	var errs [2]error
	var wg sync.WaitGroup
	for i, path := range [2]string{"/api", "/apis"} {
		wg.Go(func() { documents[i], errs[i] = c.document(ctx, path, known[i]) })
	}
	wg.Wait()
	if apierrors.IsNotFound(errs[0]) != apierrors.IsNotFound(errs[1]) { // some servers have only the one or the other
		for i, err := range errs {
			if apierrors.IsNotFound(err) {
				errs[i] = nil
			}
		}
	}
	if err := errors.Join(errs[:]...); err != nil {
		return nil, fmt.Errorf("discover what %s has: %w", c.server.Host(), err)
	}
	return newCatalog(fetched, documents), nil
}

// GroupVersion asks for the resources of one version of a group, which is one small request. APIResource.Preferred is not known then.
// If the server does not have the version, the error satisfies apierrors.IsNotFound.
func (c *Client) GroupVersion(ctx context.Context, gv schema.GroupVersion) ([]APIResource, error) {
	resources, err := c.resources(ctx, gv)
	if err != nil {
		return nil, &FailedError{gv, err}
	}
	return resources, nil
}

func (c *Client) resources(ctx context.Context, gv schema.GroupVersion) ([]APIResource, error) {
	var list metav1.APIResourceList
	if _, err := c.get(ctx, pathOf(gv), rest.ContentTypeJSON, "", &list); err != nil {
		return nil, err
	}
	if list.Kind != "APIResourceList" {
		return nil, fmt.Errorf("want an APIResourceList, have kind %q", list.Kind)
	}
	return legacyResources(gv, list.APIResources), nil
}

// pathOf is where a group's version is served.
func pathOf(gv schema.GroupVersion) string {
	if gv.Group == "" {
		return "/api/" + gv.Version
	}
	return "/apis/" + gv.String()
}

// Version asks what the server is.
func (c *Client) Version(ctx context.Context) (version.Info, error) {
	var info version.Info
	if _, err := c.get(ctx, "/version", rest.ContentTypeJSON, "", &info); err != nil {
		return version.Info{}, fmt.Errorf("ask for the server's version: %w", err)
	}
	if info.GitVersion == "" {
		return version.Info{}, fmt.Errorf("ask for the server's version: %s answered without one", c.server.Host())
	}
	return info, nil
}

// get asks for a JSON document and reads it into target, unless the server still has the one with the given tag: its answer then has no
// content, and status 304.
func (c *Client) get(ctx context.Context, path, accept, tag string, target any) (rest.Result, error) {
	result := c.raw(ctx, path, accept, tag)
	if err := result.Error(); err != nil || unchanged(result) {
		return result, err
	}
	return result, result.Into(target)
}

func (c *Client) raw(ctx context.Context, path, accept, tag string) rest.Result {
	ctx, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	req := c.server.Get().AbsPath(path).SetHeader("Accept", accept)
	if tag != "" {
		req.SetHeader("If-None-Match", tag)
	}
	return req.Do(ctx)
}

func unchanged(r rest.Result) bool { return r.StatusCode() == http.StatusNotModified }
