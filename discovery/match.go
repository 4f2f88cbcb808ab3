package discovery

import (
	"cmp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// index finds the resources of a catalog by what somebody calls them. Lists are in the order of preference: the preferred versions of all
// groups in the server's order, then the others.
type index struct {
	catalog    *Catalog
	plural     map[string][]*APIResource
	singular   map[string][]*APIResource
	short      map[string][]*APIResource
	kinds      map[schema.GroupKind][]*APIResource
	categories map[string][]schema.GroupResource
}

func newIndex(c *Catalog) *index {
	x := &index{
		catalog: c, plural: map[string][]*APIResource{}, singular: map[string][]*APIResource{}, short: map[string][]*APIResource{},
		kinds: map[schema.GroupKind][]*APIResource{}, categories: map[string][]schema.GroupResource{},
	}
	ordered := slices.Collect(c.all())
	slices.SortStableFunc(ordered, func(a, b *APIResource) int { return cmp.Compare(rank(a), rank(b)) })
	for _, r := range ordered {
		if r.Kind.Kind == "" {
			continue // nothing but subresources
		}
		add(x.plural, r.Resource.Resource, r)
		add(x.singular, singularOf(r), r)
		for _, name := range r.ShortNames {
			add(x.short, name, r)
		}
		add(x.kinds, r.Kind.GroupKind(), r)
		if r.Preferred {
			for _, name := range r.Categories {
				add(x.categories, name, r.Resource.GroupResource())
			}
		}
	}
	return x
}

func add[K comparable, V any](m map[K][]V, key K, value V) { m[key] = append(m[key], value) }

func rank(r *APIResource) int {
	if r.Preferred {
		return 0
	}
	return 1
}

// singularOf is the name for one object: where the server gives none, the kind in lower case.
func singularOf(r *APIResource) string {
	if r.Singular != "" {
		return r.Singular
	}
	return strings.ToLower(r.Kind.Kind)
}

// named returns the resources that go by a name, in the order of preference. Plurals go before singulars, and those before short names. Group and
// version count where they are given; a group that nothing has exactly may be the beginning of one.
func (x *index) named(partial schema.GroupVersionResource) []*APIResource {
	name := strings.ToLower(partial.Resource)
	for _, byName := range []map[string][]*APIResource{x.plural, x.singular, x.short} {
		candidates := keep(byName[name], func(r *APIResource) bool {
			return partial.Version == "" || r.Resource.Version == partial.Version
		})
		if partial.Group == "" {
			if len(candidates) > 0 {
				return candidates
			}
			continue
		}
		if found := keep(candidates, func(r *APIResource) bool { return r.Resource.Group == partial.Group }); len(found) > 0 {
			return found
		}
		if found := keep(candidates, func(r *APIResource) bool { return strings.HasPrefix(r.Resource.Group, partial.Group) }); len(found) > 0 {
			return found
		}
	}
	return nil
}

// ofKind returns the resources whose objects have a kind: in the given versions, in their order, or in all, in the order of preference.
func (x *index) ofKind(gk schema.GroupKind, versions []string) []*APIResource {
	if len(versions) == 0 {
		return x.kinds[gk]
	}
	var out []*APIResource
	for _, version := range versions {
		out = append(out, keep(x.kinds[gk], func(r *APIResource) bool { return r.Kind.Version == version })...)
	}
	return out
}

func keep(list []*APIResource, good func(*APIResource) bool) []*APIResource {
	var out []*APIResource
	for _, r := range list {
		if good(r) {
			out = append(out, r)
		}
	}
	return out
}
