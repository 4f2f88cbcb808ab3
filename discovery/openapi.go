package discovery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/rest"
)

// OpenAPIV2 asks for the server's OpenAPI 2.0 document, in JSON: some megabytes that describe all built-in and custom resources.
func (c *Client) OpenAPIV2(ctx context.Context) ([]byte, error) {
	var document json.RawMessage
	if _, err := c.get(ctx, "/openapi/v2", rest.ContentTypeJSON, "", &document); err != nil {
		return nil, fmt.Errorf("ask for the OpenAPI document: %w", err)
	}
	return document, nil
}

// OpenAPI is the table of a server's OpenAPI 3 documents, of which there is one for each group and version. It is immutable and safe
// for concurrent use.
type OpenAPI struct {
	client *Client
	urls   map[string]string // by path
}

// OpenAPIV3 asks for the table of the server's OpenAPI 3 documents.
func (c *Client) OpenAPIV3(ctx context.Context) (*OpenAPI, error) {
	var table struct {
		Paths map[string]struct {
			ServerRelativeURL string `json:"serverRelativeURL"`
		} `json:"paths"`
	}
	result := c.raw(ctx, "/openapi/v3", rest.ContentTypeJSON, "")
	body, err := result.Raw()
	if err != nil {
		return nil, fmt.Errorf("ask for the OpenAPI documents: %w", err)
	}
	if err := json.Unmarshal(body, &table); err != nil { // servers call it text/plain
		return nil, fmt.Errorf("ask for the OpenAPI documents: the table of them, of content type %q, cannot be read: %w", result.ContentType(), err)
	}
	if table.Paths == nil {
		return nil, errors.New("ask for the OpenAPI documents: the server answered with something else than a table of them")
	}
	out := &OpenAPI{client: c, urls: map[string]string{}}
	for path, entry := range table.Paths {
		out.urls[path] = entry.ServerRelativeURL
	}
	return out, nil
}

// Paths returns the names of the documents, sorted: "api/v1", "apis/apps/v1", "version", …
func (o *OpenAPI) Paths() []string { return slices.Sorted(maps.Keys(o.urls)) }

// Document asks for one document by its name, in JSON.
func (o *OpenAPI) Document(ctx context.Context, path string) ([]byte, error) {
	url, ok := o.urls[path]
	if !ok {
		return nil, fmt.Errorf("the server has no OpenAPI document %q", path)
	}
	ctx, cancel := context.WithTimeout(ctx, o.client.opts.Timeout)
	defer cancel()
	data, err := o.client.server.Get().RequestURI(url).SetHeader("Accept", rest.ContentTypeJSON).DoRaw(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask for the OpenAPI document %q: %w", path, err)
	}
	return data, nil
}

// GroupVersion asks for the document that describes one version of a group, in JSON.
func (o *OpenAPI) GroupVersion(ctx context.Context, gv schema.GroupVersion) ([]byte, error) {
	return o.Document(ctx, strings.TrimPrefix(pathOf(gv), "/"))
}
