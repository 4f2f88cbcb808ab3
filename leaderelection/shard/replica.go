package shard

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"

	"github.com/sheaf-dev/sheaf/cache"
	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/leaderelection"
	coordination "github.com/sheaf-dev/sheaf/resource/coordination/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// Replica is one of the processes of a group, which share the shards. All methods may be called concurrently.
type Replica struct {
	group     names
	callbacks Callbacks
	opts      Options
	leases    leaderelection.Leases
	source    reflector.ListerWatcher // of the group's Leases
	view      *view
	presence  *presence
	started   atomic.Bool
	ended     chan struct{} // gets a value when a term is over
	herald    *herald

	mu     sync.Mutex // owns all below
	layout Layout     // without shards: not agreed yet
	terms  map[int]*term
	seen   picture
	err    error // of the agreement
}

// New returns a replica of the named group, whose Leases are in a namespace of a server. It starts nothing. Options that contradict each other are an
// error.
func New(client *rest.Client, namespace, group string, callbacks Callbacks, opts Options) (*Replica, error) {
	all := informers.Client(client, coordination.Leases.Definition(), namespace)
	source := labelled{all, names{group: group}.selector()}
	return newReplica(leaderelection.LeasesIn(client, namespace), source, group, callbacks, opts)
}

// labelled is a collection narrowed to what has a label.
type labelled struct {
	reflector.ListerWatcher
	selector string
}

func (l labelled) List(ctx context.Context, opts metav1.ListOptions, yield func(rest.Item) error) (metav1.ListMeta, error) {
	opts.LabelSelector = l.selector
	return l.ListerWatcher.List(ctx, opts, yield)
}

func (l labelled) Watch(ctx context.Context, opts metav1.ListOptions) (reflector.Watcher, error) {
	opts.LabelSelector = l.selector
	return l.ListerWatcher.Watch(ctx, opts)
}

func newReplica(leases leaderelection.Leases, source reflector.ListerWatcher, group string, callbacks Callbacks, opts Options) (*Replica, error) {
	opts, err := opts.completed(group)
	if err != nil {
		return nil, fmt.Errorf("sharding %q: %w", group, err)
	}
	if callbacks.OnAcquired == nil {
		return nil, fmt.Errorf("sharding %q: OnAcquired is required", group)
	}
	r := &Replica{
		group: names{group, opts.Election.Identity}, callbacks: callbacks, opts: opts, leases: leases, source: source,
		ended: make(chan struct{}, 1), terms: map[int]*term{}, herald: newHerald(callbacks.OnChange),
	}
	labels := maps.Clone(opts.Election.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	maps.Copy(labels, r.group.labels())
	r.opts.Election.Labels = labels
	r.view = newView(leases, r.group, 3*opts.Election.RetryPeriod)
	r.presence = &presence{leases: leases, view: r.view, group: r.group, opts: r.opts.Election}
	return r, nil
}

// Run takes part until the context is done: it takes its part of the shards, more when other replicas go, fewer when others come. It returns when
// all work has returned and all shards are given up; the errors are of Leases that could not be released and must expire. If
// the group has another layout than the options say, it returns an error at once. It can be called once.
func (r *Replica) Run(ctx context.Context) error {
	if r.started.Swap(true) {
		return fmt.Errorf("sharding %q: Run was called twice", r.group.group)
	}
	ctx = klog.NewContext(ctx, klog.FromContext(ctx).WithValues("shards", r.group.group, "identity", r.group.identity))
	if err := r.agree(ctx); err != nil || ctx.Err() != nil {
		return err
	}
	// What is seen of the group is needed to the end of the last work, and after it of nobody.
	seeing, stop := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()
	informer := informers.New(coordination.Leases, r.source, cache.Options{})
	registration, err := informer.AddEventHandler(r.view, cache.HandlerOptions{Name: "sharding " + r.group.group})
	if err != nil {
		return err
	}
	wg.Go(func() { r.herald.run(seeing) })
	wg.Go(func() {
		if err := informer.Run(seeing); err != nil {
			klog.FromContext(ctx).Error(err, "The group's Leases cannot be watched")
		}
	})
	select {
	case <-registration.Synced():
		wg.Go(func() { r.presence.run(ctx) })
		r.loop(ctx)
	case <-ctx.Done():
	}
	return r.leave()
}

// layoutAnnotation, on a Lease of its own, has the group's layout.
const layoutAnnotation = "sharding.sheaf.dev/layout"

// errLayout says that the group has another layout.
var errLayout = errors.New("another layout")

// agree finds the group's layout, or makes it if this is the first replica. A server that does not answer is waited for.
func (r *Replica) agree(ctx context.Context) error {
	for {
		layout, err := r.agreeOnce(ctx)
		if ctx.Err() != nil {
			return nil
		}
		r.mu.Lock()
		known := r.err != nil
		r.layout, r.err = layout, err
		r.mu.Unlock()
		if err == nil || errors.Is(err, errLayout) {
			return err
		}
		if !known {
			klog.FromContext(ctx).Error(err, "The group's layout cannot be read, will retry")
		}
		pause(ctx, r.opts.Election.RetryPeriod)
	}
}

func (r *Replica) agreeOnce(ctx context.Context) (layout Layout, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.opts.Election.RenewDeadline)
	defer cancel()
	name := r.group.layout()
	lease, err := r.leases.Get(ctx, name)
	if apierrors.IsNotFound(err) {
		if layout, err = newLayout(ctx, r.opts); err != nil {
			return Layout{}, err
		}
		lease, err = r.leases.Create(ctx, &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{
			Name: name, Labels: r.opts.Election.Labels, Annotations: map[string]string{layoutAnnotation: layout.String()},
		}})
		if apierrors.IsAlreadyExists(err) {
			lease, err = r.leases.Get(ctx, name)
		}
	}
	if err != nil {
		return Layout{}, err
	}
	layout, err = parseLayout(lease.Annotations[layoutAnnotation])
	if err == nil && (layout.Len() != r.opts.Shards || layout.by != r.opts.By) {
		err = fmt.Errorf("%d shards by %s instead of %d by %s", layout.Len(), layout.by, r.opts.Shards, r.opts.By)
	}
	if err != nil {
		return Layout{}, fmt.Errorf("sharding %q: the Lease %s has %w: %w; to change it, stop all replicas and delete that Lease", r.group.group, name, errLayout, err)
	}
	return layout, nil
}

// loop follows what is seen of the group until the context is done.
func (r *Replica) loop(ctx context.Context) {
	for ctx.Err() == nil {
		next := r.follow(ctx)
		timer := time.NewTimer(next)
		select {
		case <-r.view.news:
		case <-r.ended:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// follow begins and ends terms so that this replica has the shards that it should have, and returns how long to wait if nothing happens.
func (r *Replica) follow(ctx context.Context) (next time.Duration) {
	now := time.Now()
	p := r.view.look(r.layout.Len(), r.opts.Election.LeaseDuration, now)
	next = time.Hour
	if !p.next.IsZero() {
		next = max(p.next.Sub(now), time.Millisecond)
	}
	if !p.ready {
		return next
	}
	r.mu.Lock()
	for i, t := range r.terms {
		if t.over() {
			delete(r.terms, i)
		} else if t.elector.IsLeader() {
			p.holders[i] = r.group.identity // the view may be a moment late
		}
	}
	for i, target := range assign(p.holders, p.live) {
		switch t, mine := r.terms[i], target == r.group.identity; {
		case mine && t == nil:
			r.begin(ctx, i)
		case !mine && t != nil:
			t.end()
		}
	}
	r.seen = p
	r.mu.Unlock()
	r.herald.tell(r.Status())
	return next
}

// leave gives all shards up. The others have been told, so that they are waiting for them.
func (r *Replica) leave() error {
	r.mu.Lock()
	terms := maps.Clone(r.terms)
	r.mu.Unlock()
	var errs []error
	for _, t := range terms {
		t.end()
	}
	for _, t := range terms {
		<-t.done
		errs = append(errs, t.err)
	}
	return errors.Join(errs...)
}
