package discovery

import (
	"context"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// What is in this file makes a Mapper a RESTMapper of k8s.io/apimachinery. Where there is a choice, call the methods with a context: those
// without one wait for the server as long as the client below does, 30 s if its options say nothing.
var (
	_ meta.ResettableRESTMapper            = (*Mapper)(nil)
	_ meta.ResettableRESTMapperWithContext = (*Mapper)(nil)
)

// KindForWithContext returns the preferred kind of a resource. Group and version may be left out.
func (m *Mapper) KindForWithContext(ctx context.Context, partial schema.GroupVersionResource) (schema.GroupVersionKind, error) {
	found, err := m.KindsForWithContext(ctx, partial)
	if err != nil {
		return schema.GroupVersionKind{}, err
	}
	return found[0], nil
}

// KindsForWithContext returns the kinds of the resources that match, the preferred first.
func (m *Mapper) KindsForWithContext(ctx context.Context, partial schema.GroupVersionResource) ([]schema.GroupVersionKind, error) {
	found, err := m.find(ctx, partial, func(x *index) []*APIResource { return x.named(partial) })
	out := make([]schema.GroupVersionKind, len(found))
	for i, r := range found {
		out[i] = r.Kind
	}
	return out, err
}

// ResourceForWithContext returns the full name of the preferred resource. Group and version may be left out, and the name may be a
// singular or short one.
func (m *Mapper) ResourceForWithContext(ctx context.Context, partial schema.GroupVersionResource) (schema.GroupVersionResource, error) {
	found, err := m.ResourcesForWithContext(ctx, partial)
	if err != nil {
		return schema.GroupVersionResource{}, err
	}
	return found[0], nil
}

// ResourcesForWithContext returns the full names of the resources that match, the preferred first.
func (m *Mapper) ResourcesForWithContext(ctx context.Context, partial schema.GroupVersionResource) ([]schema.GroupVersionResource, error) {
	found, err := m.find(ctx, partial, func(x *index) []*APIResource { return x.named(partial) })
	out := make([]schema.GroupVersionResource, len(found))
	for i, r := range found {
		out[i] = r.Resource
	}
	return out, err
}

// RESTMappingWithContext returns the resource of a kind, in the first of the versions that has it or, without versions, in the
// preferred one.
func (m *Mapper) RESTMappingWithContext(ctx context.Context, gk schema.GroupKind, versions ...string) (*meta.RESTMapping, error) {
	found, err := m.RESTMappingsWithContext(ctx, gk, versions...)
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// RESTMappingsWithContext returns the resources of a kind, the preferred first.
func (m *Mapper) RESTMappingsWithContext(ctx context.Context, gk schema.GroupKind, versions ...string) ([]*meta.RESTMapping, error) {
	found, err := m.findKind(ctx, gk, versions)
	if err != nil {
		return nil, err
	}
	out := make([]*meta.RESTMapping, len(found))
	for i, r := range found {
		out[i] = &meta.RESTMapping{Resource: r.Resource, GroupVersionKind: r.Kind, Scope: meta.RESTScopeRoot}
		if Namespaced(*r) {
			out[i].Scope = meta.RESTScopeNamespace
		}
	}
	return out, nil
}

// ResourceSingularizerWithContext returns the name for one object of a resource, and with an error the name that was given.
func (m *Mapper) ResourceSingularizerWithContext(ctx context.Context, name string) (string, error) {
	partial := schema.ParseGroupResource(name).WithVersion("")
	found, err := m.find(ctx, partial, func(x *index) []*APIResource { return x.named(partial) })
	if err != nil {
		return name, err
	}
	return singularOf(found[0]), nil
}

// ResetWithContext makes the mapper ask the server again when it is next used.
func (m *Mapper) ResetWithContext(context.Context) { m.cache.Invalidate() }

// KindFor is KindForWithContext without a context.
func (m *Mapper) KindFor(partial schema.GroupVersionResource) (schema.GroupVersionKind, error) {
	return m.KindForWithContext(context.Background(), partial)
}

// KindsFor is KindsForWithContext without a context.
func (m *Mapper) KindsFor(partial schema.GroupVersionResource) ([]schema.GroupVersionKind, error) {
	return m.KindsForWithContext(context.Background(), partial)
}

// ResourceFor is ResourceForWithContext without a context.
func (m *Mapper) ResourceFor(partial schema.GroupVersionResource) (schema.GroupVersionResource, error) {
	return m.ResourceForWithContext(context.Background(), partial)
}

// ResourcesFor is ResourcesForWithContext without a context.
func (m *Mapper) ResourcesFor(partial schema.GroupVersionResource) ([]schema.GroupVersionResource, error) {
	return m.ResourcesForWithContext(context.Background(), partial)
}

// RESTMapping is RESTMappingWithContext without a context.
func (m *Mapper) RESTMapping(gk schema.GroupKind, versions ...string) (*meta.RESTMapping, error) {
	return m.RESTMappingWithContext(context.Background(), gk, versions...)
}

// RESTMappings is RESTMappingsWithContext without a context.
func (m *Mapper) RESTMappings(gk schema.GroupKind, versions ...string) ([]*meta.RESTMapping, error) {
	return m.RESTMappingsWithContext(context.Background(), gk, versions...)
}

// ResourceSingularizer is ResourceSingularizerWithContext without a context.
func (m *Mapper) ResourceSingularizer(name string) (string, error) {
	return m.ResourceSingularizerWithContext(context.Background(), name)
}

// Reset is ResetWithContext.
func (m *Mapper) Reset() { m.cache.Invalidate() }
