package manage

import (
	"fmt"
	"strings"
	"sync"
	"unicode"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"github.com/sheaf-dev/sheaf/apitest/internal/kinds"
	"github.com/sheaf-dev/sheaf/resource"
)

// Fields manages the fields of all kinds of a server. It is safe for concurrent use.
type Fields struct {
	kinds    *kinds.Registry
	managers sync.Map // part → *managedfields.FieldManager
}

// part is what has a field manager of its own.
type part struct {
	kind        *kinds.Kind
	subresource string
}

// New returns the fields of the kinds of a registry.
func New(registry *kinds.Registry) *Fields { return &Fields{kinds: registry} }

// Update returns the new state with its managed fields: the manager has set what is different. live is the old state, nil if there is none;
// it is not changed.
func (f *Fields) Update(k *kinds.Kind, subresource string, live, next resource.Object, manager string) (resource.Object, error) {
	m, err := f.manager(k, subresource)
	if err != nil {
		return nil, err
	}
	out := m.UpdateNoErrors(f.liveOrNew(k, live), next.(runtime.Object), manager)
	return out.(resource.Object), nil
}

// Apply returns what an applied configuration makes of the old state. Conflicts with other managers are an error, unless force is set.
func (f *Fields) Apply(k *kinds.Kind, subresource string, live, applied resource.Object, manager string, force bool) (resource.Object, error) {
	m, err := f.manager(k, subresource)
	if err != nil {
		return nil, err
	}
	out, err := m.Apply(f.liveOrNew(k, live), applied.(runtime.Object), manager, force)
	if err != nil {
		return nil, err
	}
	return out.(resource.Object), nil
}

func (f *Fields) liveOrNew(k *kinds.Kind, live resource.Object) runtime.Object {
	if live == nil {
		return k.New().(runtime.Object)
	}
	return resource.Copy(live).(runtime.Object)
}

func (f *Fields) manager(k *kinds.Kind, subresource string) (*managedfields.FieldManager, error) {
	id := part{k, subresource}
	if m, ok := f.managers.Load(id); ok {
		return m.(*managedfields.FieldManager), nil
	}
	create := managedfields.NewDefaultFieldManager
	if !k.Typed() {
		create = managedfields.NewDefaultCRDFieldManager
	}
	c := converter{f.kinds, k}
	gv := k.GVK().GroupVersion()
	m, err := create(c, c, c, c, k.GVK(), gv, subresource, resetFields(k, subresource))
	if err != nil {
		return nil, fmt.Errorf("manage the fields of %s: %w", k.Def, err)
	}
	f.managers.Store(id, m)
	return m, nil
}

// resetFields says which fields of a request are not the requester's, because the request cannot change them.
func resetFields(k *kinds.Kind, subresource string) map[fieldpath.APIVersion]fieldpath.Filter {
	version := fieldpath.APIVersion(k.GVK().GroupVersion().String())
	var reset *fieldpath.Set
	switch {
	case subresource == "status" && !k.Typed():
		only := fieldpath.NewIncludeMatcherFilter(fieldpath.MakePrefixMatcherOrDie("status"))
		return map[fieldpath.APIVersion]fieldpath.Filter{version: only}
	case subresource == "status":
		reset = fieldpath.NewSet(fieldpath.MakePathOrDie("spec"))
		switch k.Facts.StatusMetadata {
		case kinds.MetadataClosed:
			reset = reset.Union(fieldpath.NewSet(fieldpath.MakePathOrDie("metadata")))
		case kinds.MetadataButLabels:
			reset = reset.Union(fieldpath.NewSet(fieldpath.MakePathOrDie("metadata", "labels")))
		case kinds.MetadataButOwners:
			reset = reset.Union(fieldpath.NewSet(fieldpath.MakePathOrDie("metadata", "ownerReferences"), fieldpath.MakePathOrDie("metadata", "deletionTimestamp")))
		}
	case subresource == "" && k.Has("status"):
		reset = fieldpath.NewSet(fieldpath.MakePathOrDie("status"))
	default:
		return nil
	}
	return fieldpath.NewExcludeFilterSetMap(map[fieldpath.APIVersion]*fieldpath.Set{version: reset})
}

// ManagerName returns the name of the manager of a request that does not say it: what its user agent begins with.
func ManagerName(manager, userAgent string) string {
	if manager != "" {
		return manager
	}
	name, _, _ := strings.Cut(userAgent, "/")
	name = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, name)
	return name[:min(len(name), 128)]
}
