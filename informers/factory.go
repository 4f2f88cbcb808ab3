package informers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"sync"
	"unsafe"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/klog/v2"

	"github.com/sheaf-dev/sheaf/cache"
	"github.com/sheaf-dev/sheaf/cache/delta"
	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/rest"
)

// SharedInformerFactory makes informers of one server and shares them. Make one with NewSharedInformerFactory. All methods may be
// called from any goroutine.
type SharedInformerFactory struct {
	client *rest.Client
	opts   Options

	mu      sync.Mutex // owns the rest
	members map[identity]*member
	streams map[schema.GroupVersionResource]*reflector.Streams // what is known of the server's
	lookups []func(schema.GroupVersionResource) (*resource.Definition, bool)
	known   map[schema.GroupVersionResource]*resource.Definition // those that have been asked for
	stopped bool
	running sync.WaitGroup
}

// member is one informer of a factory.
type member struct {
	informer *cache.SharedIndexInformer
	opts     InformerOptions
	pinned   bool // somebody has it for the life of the factory
	leases   int  // and so many until they release it
	run      *untilDone
}

// NewSharedInformerFactory returns a factory without informers. It starts nothing.
func NewSharedInformerFactory(client *rest.Client, opts Options) *SharedInformerFactory {
	return &SharedInformerFactory{
		client: client, opts: opts,
		members: map[identity]*member{}, known: map[schema.GroupVersionResource]*resource.Definition{},
		streams: map[schema.GroupVersionResource]*reflector.Streams{},
	}
}

// For returns the factory's informer of a resource, with the factory's options; it is made when it is first asked for. It shares the one
// that is there, whatever options that was made with. It panics if the factory's options name a field to Drop that the resource does not have.
func For[T resource.Object](f *SharedInformerFactory, r resource.Resource[T]) Informer[T] {
	f.mu.Lock()
	defer f.mu.Unlock()
	m, err := f.member(r.Definition(), InformerOptions{})
	if err != nil {
		// Without options of its own, a request has nothing that could conflict: the factory's do not fit the resource.
		panic(fmt.Sprintf("informers.For(%s): %v", r, err))
	}
	m.pinned = true
	return face[T](m)
}

// ForOptions returns the factory's informer of a resource with options of its own. Informers with other namespaces or selectors are others;
// it is an error if the informer is there already with another transform, other dropped fields, resync or index options, or if it is not compact and
// shall be.
func ForOptions[T resource.Object](f *SharedInformerFactory, r resource.Resource[T], opts InformerOptions) (Informer[T], error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	m, err := f.member(r.Definition(), opts)
	if err != nil {
		return Informer[T]{}, err
	}
	m.pinned = true
	return face[T](m), nil
}

// Lease is ForOptions for a user who comes and goes: when the last lease of an informer is released, and nobody has it from For or
// ForOptions, it stops and leaves the factory. release may be called more than once, also from a handler.
func Lease[T resource.Object](f *SharedInformerFactory, r resource.Resource[T], opts InformerOptions) (informer Informer[T], release func(), err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	m, err := f.member(r.Definition(), opts)
	if err != nil {
		return Informer[T]{}, nil, err
	}
	m.leases++
	return face[T](m), sync.OnceFunc(func() { f.release(m) }), nil
}

// ForResource returns the factory's informer of a resource by its name, untyped. It knows the resources that have been asked for by
// definition, and those of the lookups.
func (f *SharedInformerFactory) ForResource(gvr schema.GroupVersionResource) (Informer[resource.Object], error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	def, ok := f.lookup(gvr)
	if !ok {
		return Informer[resource.Object]{}, fmt.Errorf("no definition is known of resource %s", gvr)
	}
	m, err := f.member(def, InformerOptions{})
	if err != nil {
		return Informer[resource.Object]{}, err
	}
	m.pinned = true
	return face[resource.Object](m), nil
}

// AddLookup adds a function that finds definitions for ForResource.
func (f *SharedInformerFactory) AddLookup(lookup func(schema.GroupVersionResource) (*resource.Definition, bool)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lookups = append(f.lookups, lookup)
}

// Register adds an informer of a user's own: For finds it from then on, and the factory starts and stops it. It fails if the factory has
// one for the resource already.
func (f *SharedInformerFactory) Register(informer *cache.SharedIndexInformer) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	def := informer.Definition()
	opts := InformerOptions{}.normalized(def, &f.opts)
	id := identityOf(def, opts)
	if _, taken := f.members[id]; taken {
		return fmt.Errorf("the factory has an informer of %s already", def)
	}
	f.known[def.GroupVersionResource()] = def
	f.members[id] = &member{informer: informer, opts: opts, pinned: true}
	return nil
}

func (f *SharedInformerFactory) lookup(gvr schema.GroupVersionResource) (*resource.Definition, bool) {
	if def, ok := f.known[gvr]; ok {
		return def, true
	}
	for _, lookup := range f.lookups {
		if def, ok := lookup(gvr); ok {
			return def, true
		}
	}
	return nil, false
}

// member returns the informer for options, or makes it. mu is held.
func (f *SharedInformerFactory) member(def *resource.Definition, asked InformerOptions) (*member, error) {
	opts := asked.normalized(def, &f.opts)
	if err := f.checkTweak(def, asked); err != nil {
		return nil, err
	}
	if err := asked.checkSelectors(def); err != nil {
		return nil, err
	}
	id := identityOf(def, opts)
	if m, ok := f.members[id]; ok {
		return m, m.accepts(def, asked)
	}
	if _, err := decode.Drop(def, opts.Drop...); err != nil {
		return nil, fmt.Errorf("informer of %s: %w", def, err)
	}
	if _, ok := f.known[def.GroupVersionResource()]; !ok {
		f.known[def.GroupVersionResource()] = def
	}
	m := &member{informer: f.newInformer(def, opts), opts: opts}
	f.members[id] = m
	return m, nil
}

// face is the typed face of a member.
func face[T resource.Object](m *member) Informer[T] {
	return Informer[T]{shared: m.informer}
}

// accepts says whether an informer that is there will do for options.
func (m *member) accepts(def *resource.Definition, asked InformerOptions) error {
	conflict := ""
	switch {
	case asked.Transform != nil && !sameFunc(asked.Transform, m.opts.Transform):
		conflict = "another transform"
	case asked.Drop != nil && !slices.Equal(normalizedPaths(asked.Drop), m.opts.Drop):
		conflict = "other dropped fields"
		if len(m.opts.Drop) == 0 {
			conflict = "no dropped fields"
		}
	case asked.Compact != nil && asked.Compact != m.opts.Compact:
		conflict = "objects that are not compact"
		if m.opts.Compact != nil {
			conflict = "objects that are compact in another way"
		}
	case asked.Resync != 0 && asked.Resync != m.opts.Resync:
		conflict = "another resync period"
	case asked.NoLabelIndex && !m.opts.NoLabelIndex:
		conflict = "a label index"
	default:
		return nil
	}
	return fmt.Errorf("the factory has an informer of %s already, with %s", def, conflict)
}

// sameFunc says whether two function values are one. Equal code is not enough: closures differ in what they have captured.
func sameFunc(a, b delta.Transform) bool {
	return *(*unsafe.Pointer)(unsafe.Pointer(&a)) == *(*unsafe.Pointer)(unsafe.Pointer(&b))
}

// checkTweak refuses selectors that the factory's tweak would overwrite.
func (f *SharedInformerFactory) checkTweak(def *resource.Definition, asked InformerOptions) error {
	if f.opts.TweakListOptions == nil || asked.LabelSelector == "" && asked.FieldSelector == "" {
		return nil
	}
	probe := metav1.ListOptions{LabelSelector: asked.LabelSelector, FieldSelector: asked.FieldSelector}
	f.opts.TweakListOptions(&probe)
	overwritten := func(asked, sent string) bool { return asked != "" && asked != sent }
	if overwritten(asked.LabelSelector, probe.LabelSelector) || overwritten(asked.FieldSelector, probe.FieldSelector) {
		return fmt.Errorf("informer of %s: its selectors conflict with those that the factory's TweakListOptions sets", def)
	}
	return nil
}

func (f *SharedInformerFactory) newInformer(def *resource.Definition, opts InformerOptions) *cache.SharedIndexInformer {
	c := f.opts.Cache
	c.Transform, c.Drop, c.Compact, c.Resync, c.Scopes = opts.Transform, opts.Drop, opts.Compact, opts.Resync, nil
	c.Store.NoLabelIndex = c.Store.NoLabelIndex || opts.NoLabelIndex
	c.Reflector.Streams = f.streamsOf(def.GroupVersionResource())
	if onFailure := f.opts.OnFailure; onFailure != nil {
		c.Reflector.OnFailure = func(failure *reflector.Failure) { onFailure(def, failure) }
	}
	tweak := opts.tweak(&f.opts)
	if len(opts.Namespaces) == 0 || opts.SingleWatch || f.opts.SingleWatch {
		source := newClientSource(f.client, def, metav1.NamespaceAll, tweak)
		source.namespaces = opts.Namespaces
		return cache.New(def, source, c)
	}
	for _, namespace := range opts.Namespaces {
		c.Scopes = append(c.Scopes, cache.Scope{Namespace: namespace, Source: newClientSource(f.client, def, namespace, tweak)})
	}
	return cache.New(def, nil, c)
}

// streamsOf returns what all informers of a resource know of the server's streams. mu is held.
func (f *SharedInformerFactory) streamsOf(gvr schema.GroupVersionResource) *reflector.Streams {
	s, ok := f.streams[gvr]
	if !ok {
		s = &reflector.Streams{}
		f.streams[gvr] = s
	}
	return s
}

// Start runs the informers that were made and are not running, until the context is done or Shutdown is called. It may be called again,
// for those that were made since.
func (f *SharedInformerFactory) Start(ctx context.Context) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopped {
		klog.FromContext(ctx).Error(errors.New("the factory was shut down"), "No informer was started")
		return
	}
	for _, m := range f.members {
		if m.run == nil {
			f.start(ctx, m)
		}
	}
}

func (f *SharedInformerFactory) start(ctx context.Context, m *member) {
	ctx, cancel := context.WithCancel(ctx)
	m.run = &untilDone{cancel: cancel, done: make(chan struct{})}
	f.running.Go(func() {
		defer close(m.run.done)
		defer cancel()
		if err := m.informer.Run(ctx); err != nil {
			klog.FromContext(ctx).Error(err, "The informer could not be started")
		}
	})
}

func (f *SharedInformerFactory) release(m *member) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if m.leases--; m.leases > 0 || m.pinned {
		return
	}
	for id, other := range f.members {
		if other == m {
			delete(f.members, id)
		}
	}
	if m.run != nil {
		m.run.cancel()
	}
}

// Shutdown stops all informers and waits until nothing of them is left. Afterwards none can be started. It must not be called from
// a handler.
func (f *SharedInformerFactory) Shutdown() {
	f.mu.Lock()
	f.stopped = true
	for _, m := range f.members {
		if m.run != nil {
			m.run.cancel()
		}
	}
	f.mu.Unlock()
	f.running.Wait()
}

// Run starts the informers, waits for the context, and shuts down.
func (f *SharedInformerFactory) Run(ctx context.Context) {
	f.Start(ctx)
	<-ctx.Done()
	f.Shutdown()
}

// informers returns all, ordered by name.
func (f *SharedInformerFactory) informers() []*cache.SharedIndexInformer {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []*cache.SharedIndexInformer
	for _, m := range f.members {
		all = append(all, m.informer)
	}
	sort.Slice(all, func(i, j int) bool { return compareDefinitions(all[i].Definition(), all[j].Definition()) < 0 })
	return all
}
