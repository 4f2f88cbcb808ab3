package discovery

import (
	"context"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/rest"
)

// What says that a server's resources change: definitions of custom ones, and registrations of other API servers behind it. Only the
// metadata is read.
var (
	definitions = resource.Define[*metav1.PartialObjectMetadata]("apiextensions.k8s.io", "v1", "customresourcedefinitions",
		"CustomResourceDefinition", resource.Cluster)
	registrations = resource.Define[*metav1.PartialObjectMetadata]("apiregistration.k8s.io", "v1", "apiservices",
		"APIService", resource.Cluster)
)

// settling is when a server is asked again after a change: its discovery documents follow the definitions with some delay.
var settling = []time.Duration{time.Second, 5 * time.Second, 30 * time.Second}

// Run watches the definitions of custom resources and the registrations of other API servers, and makes the next Catalog ask the
// server when one of them has changed, and again when the server has had time to follow. It returns when ctx is done.
//
// A program that may not watch them, or a server that does not have them, costs an attempt every half minute and a line in the log; the
// cache then works as without Run. Nothing needs Run: a Mapper asks the server for what it does not find.
func (c *Cache) Run(ctx context.Context) {
	changed := make(chan struct{}, 1)
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, def := range []*resource.Definition{definitions.Definition(), registrations.Definition()} {
		source := collection{c.client.server.ForResource(def).MaxRetries(0)}
		wg.Go(func() { reflector.New(source, &bell{changed: changed}, reflector.Options{}).Run(ctx) })
	}
	timer := time.NewTimer(0)
	timer.Stop()
	next := 0
	for {
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-changed:
			next = 0
		case <-timer.C:
			next++
		}
		c.Invalidate()
		if next < len(settling) {
			wait := settling[next]
			if next > 0 {
				wait -= settling[next-1]
			}
			timer.Reset(wait)
		}
	}
}

// collection is a resource as a source of a reflector.
type collection struct{ client *rest.ResourceClient }

func (c collection) List(ctx context.Context, opts metav1.ListOptions, yield func(decode.Item) error) (metav1.ListMeta, error) {
	return c.client.List(ctx, opts, yield)
}

func (c collection) Watch(ctx context.Context, opts metav1.ListOptions) (reflector.Watcher, error) {
	w, err := c.client.Watch(ctx, opts)
	if err != nil {
		return nil, err
	}
	return w, nil
}

// bell takes what a reflector reads, keeps nothing of it, and says that there was something.
type bell struct {
	changed chan<- struct{}
	version string // of the last thing read; only Run's goroutine of the reflector comes here
}

func (b *bell) ring() {
	select {
	case b.changed <- struct{}{}:
	default: // it rings already
	}
}

// Replace implements reflector.Sink.
func (b *bell) Replace() reflector.Replacement { return &pass{bell: b} }

// Change implements reflector.Sink.
func (b *bell) Change(_ context.Context, e decode.Event) error {
	b.version = e.ResourceVersion
	if e.Object != nil || e.Err != nil {
		b.ring()
	}
	return nil
}

// Flush implements reflector.Sink.
func (b *bell) Flush(context.Context) (string, error) { return b.version, nil }

// pass counts the objects of a full state.
type pass struct {
	bell *bell
	n    int
}

func (p *pass) Item(decode.Item)         { p.n++ }
func (p *pass) Change(decode.Event) bool { p.n++; return true }
func (p *pass) Len() int                 { return p.n }
func (p *pass) Truncate(n int)           { p.n = n }
func (p *pass) Abandon()                 {}

// Commit rings in any case: what changed before the first watch, or between two, is in no event.
func (p *pass) Commit(_ context.Context, version string) error {
	p.bell.version = version
	p.bell.ring()
	return nil
}
