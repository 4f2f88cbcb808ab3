package shard

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"

	"github.com/sheaf-dev/sheaf/cache"
	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/rest"
)

// Informer returns an informer of a shard's objects of a resource, in one namespace or in all (""): call Run.
func Informer[T resource.Object](client *rest.Client, r resource.Resource[T], namespace string, s Shard, opts cache.Options) informers.Informer[T] {
	return informers.New(r, Source(client, r.Definition(), namespace, s), opts)
}

// Source returns a shard's objects of a resource as a source for informers.New. Before it reads the collection in full it finds out
// whether the server can select a shard; if so, the server sends no others. In any case others are left out here, undecoded.
func Source(client *rest.Client, def *resource.Definition, namespace string, s Shard) reflector.ListerWatcher {
	return newSource(informers.Client(client, def, namespace), def, s)
}

// collection is what a client's source can do.
type collection interface {
	reflector.ListerWatcher
	reflector.Getter
	reflector.Decoding
	reflector.Selecting
}

// pages is what reads a collection.
type pages interface {
	reflector.ListerWatcher
	reflector.Opener
}

// source is a collection narrowed to a shard.
type source struct {
	collection // for single objects, and for the question what the server can do
	lists      pages
	def        *resource.Definition
	shard      Shard
	supported  *bool // by the server that was asked last; one reflector uses it, one request after the other
}

func newSource(all reflector.ListerWatcher, def *resource.Definition, s Shard) source {
	out := source{collection: all.(collection), def: def, shard: s, supported: new(bool)}
	out.lists = out.collection.Decoding(decode.Only(out.wanted)).(pages)
	return out
}

// wanted says whether an object is in the shard. One that cannot be decoded, of which the field that decides is unknown, may be.
func (s source) wanted(id decode.Identity) bool {
	return s.shard.layout.by == ByUID && id.UID == "" || s.shard.Contains(id.Key, id.UID)
}

// Decoding returns the same, decoded with options.
func (s source) Decoding(opts ...decode.Option) reflector.ListerWatcher {
	s.lists = s.collection.Decoding(append(opts, decode.Only(s.wanted))...).(pages)
	return s
}

// Selection returns what says whether an object is in the shard.
func (s source) Selection() (func(resource.Object) bool, error) {
	has, err := s.collection.Selection()
	if err != nil {
		return nil, err
	}
	return func(o resource.Object) bool { return has(o) && s.shard.Contains(resource.KeyOf(o), o.GetUID()) }, nil
}

// Get reads one object. One that belongs to another shard by now, recreated under its name, does not exist here.
func (s source) Get(ctx context.Context, key resource.Key) (resource.Object, error) {
	o, err := s.collection.Get(ctx, key)
	if err == nil && !s.shard.Contains(resource.KeyOf(o), o.GetUID()) {
		return nil, apierrors.NewNotFound(s.def.GroupVersionResource().GroupResource(), key.Name)
	}
	return o, err
}

// List reads a page, of this shard.
func (s source) List(ctx context.Context, opts metav1.ListOptions, yield func(decode.Item) error) (metav1.ListMeta, error) {
	page, err := s.Open(ctx, opts)
	if err != nil {
		return metav1.ListMeta{}, err
	}
	defer page.Close()
	return page.Read(nil, yield)
}

// Open asks for a page, of this shard.
func (s source) Open(ctx context.Context, opts metav1.ListOptions) (reflector.Page, error) {
	if opts.Continue == "" {
		if err := s.probe(ctx); err != nil {
			return nil, err
		}
	}
	return s.lists.Open(ctx, s.narrow(opts))
}

// Watch starts a watch, of this shard.
func (s source) Watch(ctx context.Context, opts metav1.ListOptions) (reflector.Watcher, error) {
	if opts.SendInitialEvents != nil && *opts.SendInitialEvents {
		if err := s.probe(ctx); err != nil {
			return nil, err
		}
	}
	return s.lists.Watch(ctx, s.narrow(opts))
}

func (s source) narrow(opts metav1.ListOptions) metav1.ListOptions {
	if *s.supported {
		opts.ShardSelector = s.shard.Selector()
	}
	return opts
}

// probe asks for one object of the shard. Only a server that says which shard it has sent can select one; others overlook the question.
func (s source) probe(ctx context.Context) error {
	opts := metav1.ListOptions{Limit: 1, ShardSelector: s.shard.Selector()}
	meta, err := s.collection.List(ctx, opts, func(decode.Item) error { return nil })
	if apierrors.IsBadRequest(err) || apierrors.IsInvalid(err) {
		*s.supported = false
		return nil
	}
	if err != nil {
		return err
	}
	*s.supported = meta.ShardInfo != nil && meta.ShardInfo.Selector == opts.ShardSelector
	klog.FromContext(ctx).V(2).Info("Reading a shard", "shard", s.shard.Index, "selectedByTheServer", *s.supported)
	return nil
}
