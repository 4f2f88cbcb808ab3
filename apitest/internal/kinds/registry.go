package kinds

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"

	"github.com/sheaf-dev/sheaf/apitest/internal/history"
)

// Registry holds the kinds that are served. Reads take no lock; changes must not be made concurrently.
type Registry struct {
	history *history.History
	current atomic.Pointer[catalog]
}

// catalog is an immutable state of the registry.
type catalog struct {
	byResource map[schema.GroupVersionResource]*Kind
	tables     map[schema.GroupResource]*history.Table // they outlive their kinds: a resource removed and defined again is empty, not new
}

// NewRegistry returns an empty registry whose tables are in h.
func NewRegistry(h *history.History) *Registry {
	r := &Registry{history: h}
	r.current.Store(&catalog{byResource: map[schema.GroupVersionResource]*Kind{}, tables: map[schema.GroupResource]*history.Table{}})
	return r
}

// stored names the resources whose objects are held under another group's name.
var stored = map[schema.GroupResource]schema.GroupResource{
	{Group: "events.k8s.io", Resource: "events"}:       {Resource: "events"},
	{Group: "extensions", Resource: "deployments"}:     {Group: "apps", Resource: "deployments"},
	{Group: "extensions", Resource: "daemonsets"}:      {Group: "apps", Resource: "daemonsets"},
	{Group: "extensions", Resource: "replicasets"}:     {Group: "apps", Resource: "replicasets"},
	{Group: "extensions", Resource: "ingresses"}:       {Group: "networking.k8s.io", Resource: "ingresses"},
	{Group: "extensions", Resource: "networkpolicies"}: {Group: "networking.k8s.io", Resource: "networkpolicies"},
}

func storageName(k *Kind) schema.GroupResource {
	if name, ok := stored[k.GR()]; ok && k.typed {
		return name
	}
	return k.GR()
}

// Add serves further kinds. A resource that is served already is left as it is, and said so by an error if it differs in scope.
func (r *Registry) Add(kinds ...*Kind) error {
	old := r.current.Load()
	next := &catalog{maps.Clone(old.byResource), maps.Clone(old.tables)}
	for _, k := range kinds {
		if existing, ok := next.byResource[k.GVR()]; ok {
			if existing.Def.Scope() != k.Def.Scope() {
				return fmt.Errorf("%s is served already, as %s", k.Def, existing.Def.Scope())
			}
			continue
		}
		next.byResource[k.GVR()] = k
	}
	r.link(next, kinds)
	r.current.Store(next)
	return nil
}

// Replace serves the given kinds instead of all versions of the resource. None given: the resource is gone.
func (r *Registry) Replace(resource schema.GroupResource, kinds ...*Kind) {
	old := r.current.Load()
	next := &catalog{maps.Clone(old.byResource), maps.Clone(old.tables)}
	maps.DeleteFunc(next.byResource, func(gvr schema.GroupVersionResource, _ *Kind) bool { return gvr.GroupResource() == resource })
	for _, k := range kinds {
		next.byResource[k.GVR()] = k
	}
	r.link(next, kinds)
	r.current.Store(next)
}

// link gives the new kinds their table and the version in which their objects are stored.
func (r *Registry) link(c *catalog, kinds []*Kind) {
	storage := map[schema.GroupResource]*Kind{}
	for _, k := range c.byResource {
		name := storageName(k)
		if best := storage[name]; best == nil || betterStorage(k, best, name) {
			storage[name] = k
		}
	}
	for _, k := range kinds {
		if c.byResource[k.GVR()] != k {
			continue
		}
		name := storageName(k)
		if c.tables[name] == nil {
			c.tables[name] = r.history.NewTable(name.String())
		}
		k.Table, k.Storage = c.tables[name], storage[name]
		if k.typed && k.Storage.Table != nil && k.Storage.Storage != nil {
			k.Storage = k.Storage.Storage // what is stored already stays as it is
		}
	}
}

// betterStorage prefers the group that owns the objects, then the more stable and newer version.
func betterStorage(a, b *Kind, owner schema.GroupResource) bool {
	if a.custom != nil && b.custom != nil && a.custom.Stored != b.custom.Stored {
		return a.custom.Stored
	}
	if (a.GR() == owner) != (b.GR() == owner) {
		return a.GR() == owner
	}
	return CompareVersions(a.GVR().Version, b.GVR().Version) < 0
}

// CompareVersions orders API versions by preference: stable before beta before alpha, newer before older.
func CompareVersions(a, b string) int { return version.CompareKubeAwareVersionStrings(b, a) }

// Lookup returns a kind by its resource.
func (r *Registry) Lookup(gvr schema.GroupVersionResource) (*Kind, bool) {
	k, ok := r.current.Load().byResource[gvr]
	return k, ok && k.served()
}

// served says whether clients see the kind. A version of a custom resource may only be stored.
func (k *Kind) served() bool { return k.custom == nil || k.custom.Served }

// ForKind returns the resource of a kind. Where two resources have the same kind, as reviews do, the first by name.
func (r *Registry) ForKind(gvk schema.GroupVersionKind) (*Kind, bool) {
	for _, k := range r.All() {
		if k.GVK() == gvk {
			return k, true
		}
	}
	return nil, false
}

// State returns a value that is equal to an earlier one as long as the kinds are the same.
func (r *Registry) State() any { return r.current.Load() }

// All returns the kinds, by group, version in order of preference, and resource.
func (r *Registry) All() []*Kind {
	all := slices.DeleteFunc(slices.Collect(maps.Values(r.current.Load().byResource)), func(k *Kind) bool { return !k.served() })
	slices.SortFunc(all, func(a, b *Kind) int {
		if c := strings.Compare(a.GVR().Group, b.GVR().Group); c != 0 {
			return c
		}
		if c := CompareVersions(a.GVR().Version, b.GVR().Version); c != 0 {
			return c
		}
		return strings.Compare(a.GVR().Resource, b.GVR().Resource)
	})
	return all
}

// Served says whether the group version has any resource.
func (r *Registry) Served(gv schema.GroupVersion) bool {
	for gvr := range r.current.Load().byResource {
		if gvr.GroupVersion() == gv {
			return true
		}
	}
	return false
}
