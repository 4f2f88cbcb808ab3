package discovery

import (
	"iter"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/resource"
)

// Catalog is what a server said about its resources at one time. It is immutable and safe for concurrent use; slices that it returns
// are shared and must not be changed.
type Catalog struct {
	fetched   time.Time
	documents [2]document // what /api and /apis said
	groups    []Group
	byName    map[schema.GroupVersionResource]*APIResource
	index     func() *index // for the mapper, made at first use
}

// Group is an API group.
type Group struct {
	// Name is "" for the core group.
	Name string `json:"name"`
	// Versions has the preferred version first.
	Versions []Version `json:"versions"`
}

// Version is one version of a group.
type Version struct {
	GroupVersion schema.GroupVersion `json:"groupVersion"`
	// Resources are in the server's order.
	Resources []APIResource `json:"resources,omitempty"`
	// Err says that what is known of this version is missing or out of date, and why. Nil if all is well.
	Err *FailedError `json:"failed,omitempty"`
}

// APIResource is one resource of a server, in one version.
type APIResource struct {
	Resource schema.GroupVersionResource `json:"resource"`
	// Kind is what its objects are. It is empty for a resource that has nothing but subresources.
	Kind  schema.GroupVersionKind `json:"kind"`
	Scope resource.Scope          `json:"scope"`
	// Singular is the name for one object in texts. Some servers leave it empty.
	Singular   string   `json:"singular,omitempty"`
	ShortNames []string `json:"shortNames,omitempty"`
	Categories []string `json:"categories,omitempty"`
	// Verbs are as the server spells them, those included that are no verb of package resource, such as "proxy".
	Verbs        []string      `json:"verbs,omitempty"`
	Subresources []Subresource `json:"subresources,omitempty"`
	// Preferred says that of all versions in which the group has this resource, the server prefers this one.
	Preferred bool `json:"preferred,omitempty"`
}

// Subresource is a path below an object.
type Subresource struct {
	Name string `json:"name"`
	// Kind is what the path's requests carry; empty if it is no object, as with logs.
	Kind  schema.GroupVersionKind `json:"kind"`
	Verbs []string                `json:"verbs,omitempty"`
}

// Has says whether the resource offers all of the verbs.
func (r APIResource) Has(verbs resource.Verbs) bool {
	return resource.ParseVerbs(r.Verbs...).Has(verbs)
}

// Subresource returns the named subresource, if the resource has it.
func (r APIResource) Subresource(name string) (Subresource, bool) {
	i := slices.IndexFunc(r.Subresources, func(s Subresource) bool { return s.Name == name })
	if i < 0 {
		return Subresource{}, false
	}
	return r.Subresources[i], true
}

// newCatalog puts together what the server's two documents said.
func newCatalog(fetched time.Time, documents [2]document) *Catalog {
	c := &Catalog{fetched: fetched, documents: documents, byName: map[schema.GroupVersionResource]*APIResource{}}
	for _, d := range documents {
		c.groups = append(c.groups, d.Groups...)
	}
	for r := range c.all() {
		if _, ok := c.byName[r.Resource]; !ok {
			c.byName[r.Resource] = r
		}
	}
	c.index = sync.OnceValue(func() *index { return newIndex(c) })
	return c
}

// Fetched returns when the server said all this.
func (c *Catalog) Fetched() time.Time { return c.fetched }

// Groups returns the API groups in the order in which the server prefers them.
func (c *Catalog) Groups() []Group { return c.groups }

// all has the resources as they are stored.
func (c *Catalog) all() iter.Seq[*APIResource] {
	return func(yield func(*APIResource) bool) {
		for _, g := range c.groups {
			for _, v := range g.Versions {
				for i := range v.Resources {
					if !yield(&v.Resources[i]) {
						return
					}
				}
			}
		}
	}
}

// A Filter says which resources are wanted.
type Filter func(APIResource) bool

// Preferred wants each resource in one version only: the one that the server prefers.
func Preferred(r APIResource) bool { return r.Preferred }

// Namespaced wants the resources whose objects live in namespaces.
func Namespaced(r APIResource) bool { return r.Scope == resource.Namespaced }

// Supporting wants the resources that offer all of the verbs.
func Supporting(verbs resource.Verbs) Filter {
	return func(r APIResource) bool { return r.Has(verbs) }
}

// InCategory wants the resources of a category, such as "all".
func InCategory(name string) Filter {
	return func(r APIResource) bool { return slices.Contains(r.Categories, name) }
}

// Resources returns the resources that pass all of the filters, groups in the server's order and the preferred version first:
//
//	catalog.Resources(discovery.Preferred, discovery.Namespaced, discovery.Supporting(resource.VerbList|resource.VerbWatch))
//
// What could not be discovered is missing from it; Err says what that is.
func (c *Catalog) Resources(filters ...Filter) iter.Seq[APIResource] {
	return func(yield func(APIResource) bool) {
		for r := range c.all() {
			wanted := !slices.ContainsFunc(filters, func(f Filter) bool { return !f(*r) })
			if wanted && !yield(*r) {
				return
			}
		}
	}
}

// Resource returns the resource of that full name. If the server does not have it, the error satisfies meta.IsNoMatchError; if its
// group and version could not be discovered, it is a *FailedError.
func (c *Catalog) Resource(name schema.GroupVersionResource) (APIResource, error) {
	if r, ok := c.byName[name]; ok {
		return *r, nil
	}
	if failed := c.failed(name.GroupVersion()); failed != nil {
		return APIResource{}, failed
	}
	return APIResource{}, &meta.NoResourceMatchError{PartialResource: name}
}

// failed returns why a group's version could not be discovered, or nil.
func (c *Catalog) failed(gv schema.GroupVersion) error {
	for _, g := range c.groups {
		for _, v := range g.Versions {
			if v.GroupVersion == gv && v.Err != nil {
				return v.Err
			}
		}
	}
	return nil
}
