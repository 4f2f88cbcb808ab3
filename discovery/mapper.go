package discovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// MapperOptions refine a Mapper. The zero value is good.
type MapperOptions struct {
	// MissInterval is how old a catalog must be for the server to be asked again when something is not found in it. Default: 5 s;
	// negative: never ask again.
	MissInterval time.Duration
}

// Mapper finds resources by what people and objects call them. It is safe for concurrent use and owns no goroutine.
//
// What it does not find in the cached catalog it looks for in a new one, so that custom resources which came later are found. The order
// of preference is the server's: its groups in their order, and the preferred version of each first.
//
// It is also a RESTMapper of k8s.io/apimachinery, in both variants (see restmapper.go). Errors satisfy meta.IsNoMatchError if the
// server does not have what is looked for. If a part of the server could not be discovered in which it may be, they are a
// *FailedError.
type Mapper struct {
	cache        *Cache
	missInterval time.Duration
}

// NewMapper returns a mapper over a cache. It sends nothing.
func NewMapper(cache *Cache, opts MapperOptions) *Mapper {
	if opts.MissInterval == 0 {
		opts.MissInterval = 5 * time.Second
	}
	return &Mapper{cache, opts.MissInterval}
}

// Cache returns the cache below.
func (m *Mapper) Cache() *Cache { return m.cache }

// Lookup returns the resource that a text means, as people type it: a plural, singular or short name or a kind, in any case, with a group
// ("deployments.apps") or a version and a group ("deployments.v1.apps", "pods.v1.") if need be.
func (m *Mapper) Lookup(ctx context.Context, text string) (APIResource, error) {
	full, parts := schema.ParseResourceArg(text)
	tries := []schema.GroupVersionResource{parts.WithVersion("")}
	if full != nil {
		tries = append([]schema.GroupVersionResource{*full}, tries...)
	} else if name, version, ok := strings.Cut(text, "."); ok && strings.HasSuffix(version, ".") { // the core group is the empty name after the last dot
		tries = []schema.GroupVersionResource{{Resource: name, Version: strings.TrimSuffix(version, ".")}}
	}
	found, err := m.find(ctx, tries[len(tries)-1], func(x *index) []*APIResource {
		for _, partial := range tries {
			if list := x.named(partial); len(list) > 0 {
				return list
			}
		}
		return nil
	})
	if err != nil {
		return APIResource{}, fmt.Errorf("find the resource %q: %w", text, err)
	}
	return *found[0], nil
}

// Category returns the resources of a category, such as "all", each in no version. There may be none.
func (m *Mapper) Category(ctx context.Context, name string) ([]schema.GroupResource, error) {
	catalog, err := m.cache.Catalog(ctx)
	if err != nil {
		return nil, err
	}
	return slices.Clone(catalog.index().categories[strings.ToLower(name)]), nil
}

// Resource returns the resource of a full name.
func (m *Mapper) Resource(ctx context.Context, name schema.GroupVersionResource) (APIResource, error) {
	found, err := m.find(ctx, name, func(x *index) []*APIResource {
		if r, ok := x.catalog.byName[name]; ok {
			return []*APIResource{r}
		}
		return nil
	})
	if err != nil {
		return APIResource{}, err
	}
	return *found[0], nil
}

// Kind returns the resource whose objects are of a kind.
func (m *Mapper) Kind(ctx context.Context, kind schema.GroupVersionKind) (APIResource, error) {
	found, err := m.findKind(ctx, kind.GroupKind(), []string{kind.Version})
	if err != nil {
		return APIResource{}, err
	}
	return *found[0], nil
}

// findKind returns what has a kind, in the order of preference, or an error if nothing has.
func (m *Mapper) findKind(ctx context.Context, gk schema.GroupKind, versions []string) ([]*APIResource, error) {
	versions = slices.DeleteFunc(slices.Clone(versions), func(v string) bool { return v == "" || v == runtime.APIVersionInternal })
	return m.search(ctx, func(x *index) ([]*APIResource, error) {
		if list := x.ofKind(gk, versions); len(list) > 0 {
			return list, nil
		}
		failed := x.catalog.failures(func(gv schema.GroupVersion) bool {
			return gv.Group == gk.Group && (len(versions) == 0 || slices.Contains(versions, gv.Version))
		})
		return nil, missing(&meta.NoKindMatchError{GroupKind: gk, SearchedVersions: versions}, failed)
	})
}

// find returns what look finds, or an error if that is nothing.
func (m *Mapper) find(ctx context.Context, partial schema.GroupVersionResource, look func(*index) []*APIResource) ([]*APIResource, error) {
	return m.search(ctx, func(x *index) ([]*APIResource, error) {
		if list := look(x); len(list) > 0 {
			return list, nil
		}
		failed := x.catalog.failures(func(gv schema.GroupVersion) bool {
			return (partial.Group == "" || strings.HasPrefix(gv.Group, partial.Group)) && (partial.Version == "" || gv.Version == partial.Version)
		})
		return nil, missing(&meta.NoResourceMatchError{PartialResource: partial}, failed)
	})
}

// missing is the error for what was not found. It says "no match" only if all places were looked at where it may be.
func missing(noMatch error, failed []error) error {
	if len(failed) == 0 {
		return noMatch
	}
	return fmt.Errorf("%s, but not everything could be searched: %w", noMatch, errors.Join(failed...))
}

// failures returns why the chosen versions of groups could not be discovered.
func (c *Catalog) failures(chosen func(schema.GroupVersion) bool) []error {
	var errs []error
	for _, g := range c.groups {
		for _, v := range g.Versions {
			if v.Err != nil && chosen(v.GroupVersion) {
				errs = append(errs, v.Err)
			}
		}
	}
	return errs
}

// search looks in the cached catalog, and if that fails and the catalog is old enough, in a new one.
func (m *Mapper) search(ctx context.Context, look func(*index) ([]*APIResource, error)) ([]*APIResource, error) {
	catalog, err := m.cache.Catalog(ctx)
	if err != nil {
		return nil, err
	}
	found, err := look(catalog.index())
	if err == nil || m.missInterval < 0 || time.Since(catalog.fetched) < m.missInterval {
		return found, err
	}
	newer, why := m.cache.Refresh(ctx, catalog)
	if why != nil {
		return nil, fmt.Errorf("%w (and what is new cannot be asked for: %w)", err, why)
	}
	return look(newer.index())
}
