package informers

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/cache"
	"github.com/sheaf-dev/sheaf/cache/delta"
	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/cache/store"
	"github.com/sheaf-dev/sheaf/resource"
)

// Options are what all informers of a factory have in common. The zero value reads all namespaces and never resyncs.
type Options struct {
	// Namespaces are those that are read. None: all. Resources of cluster scope are read in any case.
	Namespaces []string
	// SingleWatch reads the namespaces through one list and one watch of all of them, and leaves out the objects of others, undecoded: for many
	// namespaces, and a client that may read all. Without it each namespace is listed and watched by itself.
	SingleWatch bool
	// Resync is how often handlers get the whole cache again, as flagged updates, if they do not say so themselves. 0: never.
	Resync time.Duration
	// ResyncFor is Resync for single resources.
	ResyncFor map[*resource.Definition]time.Duration
	// TweakListOptions may set the label and field selectors of every list and watch. It is called for each request.
	TweakListOptions func(*metav1.ListOptions)
	// Transform changes objects before they are stored, for informers that have none of their own; nil: none.
	Transform delta.Transform
	// Drop are fields without which objects are kept, for informers that do not say so themselves; see InformerOptions. All resources
	// that the factory is asked for must have them: "metadata.managedFields" is one of these.
	Drop []string
	// Cache are the further options of each informer. Its Transform, Drop, Resync, Scopes and Reflector.Streams are not used.
	Cache cache.Options
	// OnFailure is called with each failure to read a collection. It may be called from several goroutines at once, and should
	// return soon.
	OnFailure func(*resource.Definition, *reflector.Failure)
}

// InformerOptions are those of one informer. The zero value has no opinion.
type InformerOptions struct {
	// Namespaces are those that are read. None: what the factory says.
	Namespaces []string
	// SingleWatch is as in Options; the factory may say so for all.
	SingleWatch bool
	// LabelSelector and FieldSelector restrict what is read. Informers with different selectors are different informers.
	LabelSelector, FieldSelector string
	// Transform changes objects before they are stored; nil: what the factory says. Two functions are the same only if they are one
	// value: keep it in a variable.
	Transform delta.Transform
	// Drop are fields without which objects are kept, by the names they have in JSON: "metadata.managedFields", "spec.containers.env". They
	// are skipped while an object is decoded, and so cost neither time nor memory. nil: what the factory says; empty but not nil: none. A
	// path that the type does not have is an error that names the nearest one. An object without a part of itself must not be written
	// back, since Update would remove that part on the server: write with a patch or an apply, or read the object through a client
	// first. Where the compiler shall see to that, use a resource.View instead.
	Drop []string
	// Compact holds objects as compressed bytes: compact.Zstd, of package cache/compact. nil: what the factory's Options.Cache say.
	Compact store.Compaction
	// Resync is as in Options. 0: what the factory says.
	Resync time.Duration
	// NoLabelIndex saves the memory of the label index.
	NoLabelIndex bool
}

// TransformOf makes a transform of a typed function.
func TransformOf[T resource.Object](f func(T) (T, error)) delta.Transform {
	return func(o resource.Object) (resource.Object, error) {
		out, err := f(o.(T))
		if err != nil {
			return nil, err
		}
		return out, nil
	}
}

// identity is what makes an informer a different one.
type identity struct {
	gvr        schema.GroupVersionResource
	goType     reflect.Type
	namespaces string
	labels     string
	fields     string
}

func identityOf(def *resource.Definition, opts InformerOptions) identity {
	return identity{
		gvr: def.GroupVersionResource(), goType: def.GoType(),
		namespaces: strings.Join(opts.Namespaces, ","), labels: opts.LabelSelector, fields: opts.FieldSelector,
	}
}

// normalized fills in what the factory says, and orders the namespaces.
func (o InformerOptions) normalized(def *resource.Definition, factory *Options) InformerOptions {
	if len(o.Namespaces) == 0 {
		o.Namespaces = factory.Namespaces
	}
	if !def.Namespaced() {
		o.Namespaces = nil
	}
	o.Namespaces = slices.Clone(o.Namespaces)
	slices.Sort(o.Namespaces)
	o.Namespaces = slices.Compact(o.Namespaces)
	if slices.Contains(o.Namespaces, metav1.NamespaceAll) {
		o.Namespaces = nil
	}
	if o.Transform == nil {
		o.Transform = factory.Transform
	}
	if o.Drop == nil {
		o.Drop = factory.Drop
	}
	o.Drop = normalizedPaths(o.Drop)
	if o.Compact == nil {
		o.Compact = factory.Cache.Compact
	}
	if o.Resync == 0 {
		if own, ok := factory.ResyncFor[def]; ok {
			o.Resync = own
		} else {
			o.Resync = factory.Resync
		}
	}
	return o
}

// normalizedPaths makes equal what means the same.
func normalizedPaths(paths []string) []string {
	normal := make([]string, 0, len(paths))
	for _, path := range paths {
		normal = append(normal, strings.TrimPrefix(path, "."))
	}
	slices.Sort(normal)
	return slices.Compact(normal)
}

// checkSelectors finds what the server would refuse. Whether it knows a field is for it to say.
func (o InformerOptions) checkSelectors(def *resource.Definition) error {
	if _, err := labels.Parse(o.LabelSelector); err != nil {
		return fmt.Errorf("informer of %s: label selector %q: %w", def, o.LabelSelector, err)
	}
	if _, err := fields.ParseSelector(o.FieldSelector); err != nil {
		return fmt.Errorf("informer of %s: field selector %q: %w", def, o.FieldSelector, err)
	}
	return nil
}

// tweak returns the function that completes each request's options.
func (o InformerOptions) tweak(factory *Options) func(*metav1.ListOptions) {
	return func(opts *metav1.ListOptions) {
		opts.LabelSelector, opts.FieldSelector = o.LabelSelector, o.FieldSelector
		if factory.TweakListOptions != nil {
			factory.TweakListOptions(opts)
		}
	}
}

// untilDone is what a started informer is run with.
type untilDone struct {
	cancel context.CancelFunc
	done   chan struct{}
}
