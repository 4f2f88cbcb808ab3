package discovery

import (
	"context"
	"encoding/json"
	"fmt"
	"mime"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/rest"
)

// document is what /api or /apis said. The zero value is that of a path that the server does not have.
type document struct {
	Tag    string  `json:"tag,omitempty"` // "" if it has none, and always if it took several requests
	Groups []Group `json:"groups,omitempty"`
}

// acceptAggregated asks for one document with everything. Servers from 1.26 to 1.29 know it only as v2beta1, which is the same but for its
// name; older ones send a list of names.
const acceptAggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList," +
	"application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList," + rest.ContentTypeJSON

// aggregatedList is an APIGroupDiscoveryList of apidiscovery.k8s.io, as far as it is used. The type of k8s.io/api would link that module's
// machinery into every program.
type aggregatedList struct {
	Items []struct {
		Metadata struct {
			Name string `json:"name"`
		} `json:"metadata"`
		Versions []struct {
			Version   string               `json:"version"`
			Freshness string               `json:"freshness"`
			Resources []aggregatedResource `json:"resources"`
		} `json:"versions"`
	} `json:"items"`
}

type aggregatedResource struct {
	Resource         string                   `json:"resource"`
	ResponseKind     *metav1.GroupVersionKind `json:"responseKind"`
	Scope            string                   `json:"scope"`
	SingularResource string                   `json:"singularResource"`
	Verbs            []string                 `json:"verbs"`
	ShortNames       []string                 `json:"shortNames"`
	Categories       []string                 `json:"categories"`
	Subresources     []struct {
		Subresource  string                   `json:"subresource"`
		ResponseKind *metav1.GroupVersionKind `json:"responseKind"`
		Verbs        []string                 `json:"verbs"`
	} `json:"subresources"`
}

// document asks for /api or /apis, in whatever form the server has it.
func (c *Client) document(ctx context.Context, path string, known document) (document, error) {
	accept := acceptAggregated
	if c.opts.Legacy {
		accept, known = rest.ContentTypeJSON, document{}
	}
	var body json.RawMessage
	got, err := c.get(ctx, path, accept, known.Tag, &body)
	switch {
	case err != nil:
		return document{}, err
	case unchanged(got):
		return known, nil
	case !isAggregated(got.ContentType()):
		return c.legacy(ctx, path, got.ContentType(), body)
	}
	var list aggregatedList
	if err := json.Unmarshal(body, &list); err != nil {
		return document{}, fmt.Errorf("the server's %s cannot be read: %w", path, err)
	}
	return document{Tag: got.Header("ETag"), Groups: aggregatedGroups(list)}, nil
}

// isAggregated says whether a content type is that of the document with everything.
func isAggregated(contentType string) bool {
	_, params, err := mime.ParseMediaType(contentType)
	return err == nil && params["g"] == "apidiscovery.k8s.io" && params["as"] == "APIGroupDiscoveryList"
}

func aggregatedGroups(list aggregatedList) []Group {
	groups := make([]Group, 0, len(list.Items))
	for _, item := range list.Items {
		name := item.Metadata.Name
		g := Group{Name: name, Versions: make([]Version, 0, len(item.Versions))}
		for _, v := range item.Versions {
			version := Version{GroupVersion: schema.GroupVersion{Group: name, Version: v.Version}}
			for _, r := range v.Resources {
				version.Resources = append(version.Resources, r.in(version.GroupVersion))
			}
			if v.Freshness == "Stale" {
				version.Err = &FailedError{version.GroupVersion, ErrStale}
			}
			g.Versions = append(g.Versions, version)
		}
		markPreferred(&g)
		groups = append(groups, g)
	}
	return groups
}

func (r aggregatedResource) in(gv schema.GroupVersion) APIResource {
	out := APIResource{
		Resource:   gv.WithResource(r.Resource),
		Kind:       kindIn(gv, r.ResponseKind),
		Scope:      resource.Cluster,
		Singular:   r.SingularResource,
		ShortNames: r.ShortNames,
		Categories: r.Categories,
		Verbs:      r.Verbs,
	}
	if r.Scope == "Namespaced" {
		out.Scope = resource.Namespaced
	}
	for _, s := range r.Subresources {
		out.Subresources = append(out.Subresources, Subresource{Name: s.Subresource, Kind: kindIn(gv, s.ResponseKind), Verbs: s.Verbs})
	}
	return out
}

// kindIn completes a kind: group and version are left out where they are those of the resource.
func kindIn(gv schema.GroupVersion, kind *metav1.GroupVersionKind) schema.GroupVersionKind {
	if kind == nil || kind.Kind == "" {
		return schema.GroupVersionKind{}
	}
	out := schema.GroupVersionKind(*kind)
	if out.Group == "" {
		out.Group = gv.Group
	}
	if out.Version == "" {
		out.Version = gv.Version
	}
	return out
}

// markPreferred marks each resource of a group in the first version that has it.
func markPreferred(g *Group) {
	seen := map[string]bool{}
	for _, v := range g.Versions {
		for i := range v.Resources {
			r := &v.Resources[i]
			r.Preferred = !seen[r.Resource.Resource]
			seen[r.Resource.Resource] = true
		}
	}
}
