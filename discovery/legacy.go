package discovery

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/resource"
)

// parallel is how many groups and versions are asked for at the same time.
const parallel = 8

// legacy takes the answer of a server without aggregated documents, a list of names, and asks for the resources of each version.
func (c *Client) legacy(ctx context.Context, path, contentType string, body []byte) (document, error) {
	groups, err := legacyGroups(path, body)
	if err != nil {
		return document{}, fmt.Errorf("the server's %s cannot be read as discovery (content type %q): %w", path, contentType, err)
	}
	slots := make(chan struct{}, parallel)
	var wg sync.WaitGroup
	for _, g := range groups {
		for i := range g.Versions {
			v := &g.Versions[i]
			wg.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				c.fill(ctx, v)
			})
		}
	}
	wg.Wait()
	if ctx.Err() != nil {
		return document{}, context.Cause(ctx)
	}
	for i := range groups {
		markPreferred(&groups[i])
	}
	return document{Groups: groups}, nil
}

// fill asks for the resources of a version.
func (c *Client) fill(ctx context.Context, v *Version) {
	resources, err := c.resources(ctx, v.GroupVersion)
	if err != nil {
		v.Err = &FailedError{v.GroupVersion, err}
	}
	v.Resources = resources
}

// legacyGroups reads the names in the answer for /api (versions of the core group) or /apis (groups with their versions).
func legacyGroups(path string, body []byte) ([]Group, error) {
	if path == "/api" {
		var core metav1.APIVersions
		if err := json.Unmarshal(body, &core); err != nil {
			return nil, err
		}
		if core.Kind != "APIVersions" {
			return nil, fmt.Errorf("want APIVersions, have kind %q", core.Kind)
		}
		return []Group{legacyGroup("", core.Versions)}, nil
	}
	var list metav1.APIGroupList
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, err
	}
	if list.Kind != "APIGroupList" {
		return nil, fmt.Errorf("want an APIGroupList, have kind %q", list.Kind)
	}
	groups := make([]Group, 0, len(list.Groups))
	for _, g := range list.Groups {
		var versions []string
		for _, v := range g.Versions {
			versions = append(versions, v.Version)
		}
		if i := slices.Index(versions, g.PreferredVersion.Version); i > 0 {
			versions = slices.Insert(slices.Delete(versions, i, i+1), 0, g.PreferredVersion.Version)
		}
		groups = append(groups, legacyGroup(g.Name, versions))
	}
	return groups, nil
}

func legacyGroup(name string, versions []string) Group {
	g := Group{Name: name}
	for _, v := range versions {
		g.Versions = append(g.Versions, Version{GroupVersion: schema.GroupVersion{Group: name, Version: v}})
	}
	return g
}

// legacyResources reads a list in which subresources stand beside resources, as "pods/status".
func legacyResources(gv schema.GroupVersion, list []metav1.APIResource) []APIResource {
	var out []APIResource
	at := map[string]int{} // the index in out, by name
	find := func(r metav1.APIResource, name string) *APIResource {
		i, ok := at[name]
		if !ok {
			i = len(out)
			at[name] = i
			out = append(out, APIResource{Resource: gv.WithResource(name), Scope: scopeOf(r)})
		}
		return &out[i]
	}
	for _, r := range list {
		kind := kindIn(gv, &metav1.GroupVersionKind{Group: r.Group, Version: r.Version, Kind: r.Kind})
		name, below, sub := strings.Cut(r.Name, "/")
		to := find(r, name)
		if sub {
			to.Subresources = append(to.Subresources, Subresource{Name: below, Kind: kind, Verbs: r.Verbs})
			continue
		}
		to.Kind, to.Scope, to.Verbs = kind, scopeOf(r), r.Verbs
		to.Singular, to.ShortNames, to.Categories = r.SingularName, r.ShortNames, r.Categories
	}
	return out
}

func scopeOf(r metav1.APIResource) resource.Scope {
	if r.Namespaced {
		return resource.Namespaced
	}
	return resource.Cluster
}
