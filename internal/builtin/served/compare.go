package served

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	discovery "k8s.io/api/apidiscovery/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/internal/builtin"
	"github.com/sheaf-dev/sheaf/resource"
)

// Release is a Kubernetes release: what GET /version calls major and minor.
type Release struct{ Major, Minor int }

// Parse reads aggregated discovery documents, as a server answers GET /api and GET /apis when asked for
// "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList".
func Parse(documents ...[]byte) ([]discovery.APIGroupDiscovery, error) {
	var groups []discovery.APIGroupDiscovery
	for _, text := range documents {
		var list discovery.APIGroupDiscoveryList
		if err := json.Unmarshal(text, &list); err != nil {
			return nil, fmt.Errorf("discovery document: %w", err)
		}
		if list.Kind != "APIGroupDiscoveryList" {
			return nil, fmt.Errorf("discovery document: it is of kind %q, not APIGroupDiscoveryList", list.Kind)
		}
		groups = append(groups, list.Items...)
	}
	return groups, nil
}

// Compare returns a sentence for each difference between the definitions and what a server of that release, with all of its APIs
// switched on, says that it serves: resources that are missing on either side, scope, kind, verbs, subresources, short names and
// categories. Differences that have a known reason are left out; a reason that no longer holds is a difference itself. Groups of
// custom resources are not looked at.
func Compare(definitions []*resource.Definition, release Release, groups []discovery.APIGroupDiscovery) []string {
	c := comparison{release: release, served: index(groups)}
	for _, def := range definitions {
		c.definition(def)
		delete(c.served, def.GroupVersionResource())
	}
	for _, gvr := range slices.SortedFunc(maps.Keys(c.served), compareNames) {
		if _, known := notInTheTable[gvr]; !known && !custom(gvr.Group) {
			c.report("%s is served, and is not in the table", name(gvr))
		}
	}
	return c.differences
}

type comparison struct {
	release     Release
	served      map[schema.GroupVersionResource]discovery.APIResourceDiscovery
	differences []string
}

func (c *comparison) report(format string, args ...any) {
	c.differences = append(c.differences, fmt.Sprintf(format, args...))
}

func index(groups []discovery.APIGroupDiscovery) map[schema.GroupVersionResource]discovery.APIResourceDiscovery {
	served := map[schema.GroupVersionResource]discovery.APIResourceDiscovery{}
	for _, group := range groups {
		for _, version := range group.Versions {
			for _, r := range version.Resources {
				served[schema.GroupVersionResource{Group: group.Name, Version: version.Version, Resource: r.Resource}] = r
			}
		}
	}
	return served
}

func (c *comparison) definition(def *resource.Definition) {
	gvr := def.GroupVersionResource()
	r, served := c.served[gvr]
	reason := c.notServed(def)
	switch {
	case served && reason != "":
		c.report("%s is served, although %s", def, reason)
	case !served && reason == "" && gated[gvr] == "":
		c.report("%s is not served", def)
	}
	if !served {
		return
	}
	if scope := scopeOf(r); scope != def.Scope() {
		c.report("%s: the server's scope is %s, the table's %s", def, scope, def.Scope())
	}
	if kind := kindOf(r.ResponseKind, gvr); kind != def.GroupVersionKind() {
		c.report("%s: the server's kind is %v, the table's %v", def, kind, def.GroupVersionKind())
	}
	if verbs := resource.ParseVerbs(r.Verbs...); verbs != def.Verbs() {
		c.report("%s: the server has the verbs %v, the table %v", def, verbs, def.Verbs())
	}
	names := builtin.NamesOf(gvr.GroupResource())
	if !sameSet(names.Short, r.ShortNames) || !sameSet(names.Categories, r.Categories) {
		c.report("%s: the server has the short names %q and categories %q, the table %q and %q",
			def, r.ShortNames, r.Categories, names.Short, names.Categories)
	}
	c.subresources(def, r)
}

func (c *comparison) subresources(def *resource.Definition, r discovery.APIResourceDiscovery) {
	gvr := def.GroupVersionResource()
	served := map[string]discovery.APISubresourceDiscovery{}
	for _, s := range r.Subresources {
		served[s.Subresource] = s
	}
	for _, want := range def.Subresources() {
		path := fmt.Sprintf("%s of %s", want.Name, def)
		got, ok := served[want.Name]
		delete(served, want.Name)
		since, isNew := newSubresources[subresource{gvr, want.Name}]
		switch tooOld := isNew && c.release.before(since); {
		case ok && tooOld:
			c.report("%s is served, although it is new in %v", path, since)
		case !ok && !tooOld:
			c.report("%s is not served", path)
		}
		if !ok {
			continue
		}
		if verbs := resource.ParseVerbs(got.Verbs...); verbs != want.Verbs {
			c.report("%s: the server has the verbs %v, the table %v", path, verbs, want.Verbs)
		}
		if kind := cmp.Or(want.Kind, def.GroupVersionKind()); kind != kindOf(got.ResponseKind, gvr) {
			c.report("%s: the server's kind is %v, the table's %v", path, kindOf(got.ResponseKind, gvr), kind)
		}
	}
	for _, extra := range slices.Sorted(maps.Keys(served)) {
		c.report("%s of %s is served, and is not in the table", extra, def)
	}
}

func scopeOf(r discovery.APIResourceDiscovery) resource.Scope {
	if r.Scope == discovery.ScopeNamespace {
		return resource.Namespaced
	}
	return resource.Cluster
}

// kindOf fills in what discovery documents leave out: a group and version that are those of the resource.
func kindOf(kind *metav1.GroupVersionKind, gvr schema.GroupVersionResource) schema.GroupVersionKind {
	if kind == nil {
		return schema.GroupVersionKind{}
	}
	if kind.Version == "" {
		return gvr.GroupVersion().WithKind(kind.Kind)
	}
	return schema.GroupVersionKind(*kind)
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

func name(gvr schema.GroupVersionResource) string {
	return gvr.GroupResource().String() + "/" + gvr.Version
}

func compareNames(a, b schema.GroupVersionResource) int { return strings.Compare(name(a), name(b)) }

// custom says whether a group can only be that of a custom resource.
func custom(group string) bool {
	return strings.Contains(group, ".") && !strings.HasSuffix(group, ".k8s.io")
}
