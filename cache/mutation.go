package cache

import (
	"context"
	"fmt"
	"sync"
	"time"

	"k8s.io/klog/v2"

	"github.com/sheaf-dev/sheaf/cache/store"
	"github.com/sheaf-dev/sheaf/resource"
)

// MutationOptions switches the mutation detector on, which finds users who change cached objects. It keeps a copy of each object and
// compares them again and again: it is for tests and for finding a bug, and costs more memory and time than the cache itself.
type MutationOptions struct {
	// Detect switches it on.
	Detect bool
	// Interval is the time between two comparisons. 0: one second. There is another one when the informer stops.
	Interval time.Duration
	// OnMutation is called once for each version of an object that was changed, from a goroutine of the informer. nil: it is logged.
	OnMutation func(Mutation)
}

// Mutation is a cached object that somebody has changed, directly or through a part that it shares with another one. It is an error.
type Mutation struct {
	Resource        string
	Key             resource.Key
	ResourceVersion string
	// Diff shows what was changed, a line a place: - as it was, + as it is now.
	Diff string
}

// Error names the object and shows the difference.
func (m Mutation) Error() string {
	return fmt.Sprintf("cached object %s %q of version %s was changed:\n%s", m.Resource, m.Key, m.ResourceVersion, m.Diff)
}

// retention is how long objects are watched after they have left the store: handlers and readers may still have them.
const retention = 2 * time.Minute

// detector compares cached objects with copies. A nil detector does nothing.
type detector struct {
	name string
	opts MutationOptions

	mu    sync.Mutex // owns the rest
	known map[resource.Object]*original
	found int
}

// original is what an object was when it was stored.
type original struct {
	copy resource.Object
	left time.Time // when it left the store; zero: it is there
}

func newDetector(name string, opts MutationOptions) *detector {
	if !opts.Detect {
		return nil
	}
	if opts.Interval <= 0 {
		opts.Interval = time.Second
	}
	return &detector{name: name, opts: opts, known: map[resource.Object]*original{}}
}

// stored takes a copy of an object before anybody else sees it.
func (d *detector) stored(o resource.Object) {
	if d == nil || o == nil {
		return
	}
	o = store.Open(o) // and hold it, so that all who read it get this one
	d.mu.Lock()
	defer d.mu.Unlock()
	if known := d.known[o]; known != nil {
		known.left = time.Time{}
		return
	}
	d.known[o] = &original{copy: resource.Copy(o)}
}

// removed says that an object has left the store.
func (d *detector) removed(o resource.Object) {
	if d == nil || o == nil {
		return
	}
	o = store.Open(o)
	d.mu.Lock()
	defer d.mu.Unlock()
	if known := d.known[o]; known != nil {
		known.left = time.Now()
	}
}

// run compares until the context is done, and then once more.
func (d *detector) run(ctx context.Context) {
	ticker := time.NewTicker(d.opts.Interval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			d.compare(ctx)
		case <-ctx.Done():
			d.compare(ctx)
			return
		}
	}
}

// compare looks at all objects once.
func (d *detector) compare(ctx context.Context) {
	for _, m := range d.mutations() {
		if d.opts.OnMutation != nil {
			d.opts.OnMutation(m)
			continue
		}
		klog.FromContext(ctx).Error(m, "A cached object was changed; objects that come out of a cache are read-only",
			"object", klog.KRef(m.Key.Namespace, m.Key.Name))
	}
}

func (d *detector) mutations() []Mutation {
	d.mu.Lock()
	defer d.mu.Unlock()
	var found []Mutation
	for o, original := range d.known {
		changed := !resource.Equal(original.copy, o)
		if changed {
			found = append(found, Mutation{Resource: d.name, Key: resource.KeyOf(original.copy),
				ResourceVersion: original.copy.GetResourceVersion(), Diff: difference(original.copy, o)})
		}
		if changed || !original.left.IsZero() && time.Since(original.left) > retention {
			delete(d.known, o)
		}
	}
	d.found += len(found)
	return found
}

// count returns how many objects were found changed.
func (d *detector) count() int {
	if d == nil {
		return 0
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.found
}
