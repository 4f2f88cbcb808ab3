package reflector_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/klog/v2"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/cache/internal/served"
	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
)

// state is a sink that applies at once what it takes.
type state struct {
	mu       sync.Mutex // owns the rest
	objects  map[resource.Key]string
	version  string
	replaced int
	blocked  chan struct{} // not nil: changes wait until it is closed
}

func (s *state) Replace() reflector.Replacement { return &replacement{s: s} }

func (s *state) Change(ctx context.Context, event decode.Event) error {
	s.mu.Lock()
	blocked := s.blocked
	s.mu.Unlock()
	if blocked != nil {
		select {
		case <-blocked:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	apply(s.objects, event)
	s.version = event.ResourceVersion
	return nil
}

func apply(objects map[resource.Key]string, event decode.Event) {
	switch event.Type {
	case watch.Bookmark:
	case watch.Deleted:
		delete(objects, resource.KeyOf(event.Object))
	default:
		objects[resource.KeyOf(event.Object)] = event.Object.GetResourceVersion()
	}
}

func (s *state) Flush(context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.version, nil
}

// replacement collects a full state as a sequence of events.
type replacement struct {
	s      *state
	events []decode.Event
}

func (r *replacement) Item(item decode.Item) {
	r.events = append(r.events, decode.Event{Type: watch.Added, Object: item.Object})
}

func (r *replacement) Change(event decode.Event) bool {
	known := map[resource.Key]string{}
	for _, e := range r.events {
		apply(known, e)
	}
	_, there := known[resource.KeyOf(event.Object)]
	r.events = append(r.events, event)
	return !there
}

func (r *replacement) Len() int       { return len(r.events) }
func (r *replacement) Truncate(n int) { r.events = r.events[:n] }
func (r *replacement) Abandon()       {}

func (r *replacement) Commit(_ context.Context, version string) error {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	clear(r.s.objects)
	for _, e := range r.events {
		apply(r.s.objects, e)
	}
	r.s.version = version
	r.s.replaced++
	return nil
}

// rig is a reflector of a collection.
type rig struct {
	*reflector.Reflector
	c    *served.Collection
	sink *state
	stop func()

	mu     sync.Mutex // owns failed
	failed []reflector.Failure
}

// streams matches the requests for the initial state as a stream.
var streams = apitest.Match{Resource: "configmaps", Verb: "watch", Func: func(r *apitest.Request) bool { return r.Query.Get("sendInitialEvents") == "true" }}

// failures returns those that were reported so far.
func (r *rig) failures() []reflector.Failure {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.failed)
}

func newRig(t *testing.T, c *served.Collection, opts reflector.Options) *rig {
	t.Helper()
	r := &rig{c: c, sink: &state{objects: map[resource.Key]string{}}}
	opts.OnFailure = func(f *reflector.Failure) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.failed = append(r.failed, *f)
	}
	r.Reflector = reflector.New(c, r.sink, opts)
	ctx, cancel := context.WithCancel(klog.NewContext(t.Context(), klog.New(nil)))
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.Run(ctx)
	}()
	r.stop = func() {
		cancel()
		<-done
	}
	return r
}

// same fails the test if the sink does not hold what the collection does.
func (r *rig) same(t *testing.T) {
	t.Helper()
	r.sink.mu.Lock()
	defer r.sink.mu.Unlock()
	objects := r.c.Objects()
	if len(objects) != len(r.sink.objects) {
		t.Errorf("the sink has %d objects, the collection %d", len(r.sink.objects), len(objects))
	}
	for _, o := range objects {
		if have := r.sink.objects[resource.KeyOf(o)]; have != o.ResourceVersion {
			t.Errorf("the sink has %s at %q, the collection at %q", resource.KeyOf(o), have, o.ResourceVersion)
		}
	}
}

// flat is a back-off of one second, always.
func flat(int) time.Duration { return time.Second }

// filled returns a collection of n objects, whose watches the server never ends by itself.
func filled(t *testing.T, n int) *served.Collection {
	t.Helper()
	c := served.New(t)
	c.Endless = true
	for i := range n {
		c.Set("a", string(rune('a'+i)), "x")
	}
	return c
}
