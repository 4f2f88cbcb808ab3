package controller

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/klog/v2"

	"github.com/sheaf-dev/sheaf/cache"
	"github.com/sheaf-dev/sheaf/workqueue"
)

// Reconcile makes what is as it should be, for one key. It must return soon after its context has ended.
type Reconcile[K comparable] func(ctx context.Context, key K) (Result, error)

// Result says when a key comes again although nothing went wrong. The zero value: when something changes.
type Result struct {
	// RequeueAfter is when at the latest.
	RequeueAfter time.Duration
	// Retry is as soon as the queue's rate limiter allows: what was needed is not there yet, or a write met a newer version.
	Retry bool
}

// Terminal marks an error that trying again will not mend: the key comes again only when something changes. Terminal(nil) is nil.
func Terminal(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrTerminal, err)
}

// ErrTerminal is in the errors that Terminal marked, ErrPanic in that of a reconcile that panicked, with the value and the stack.
var ErrTerminal, ErrPanic = errors.New("terminal"), errors.New("panic")

// Options are the settings of a controller. The zero value works.
type Options struct {
	// Workers is how many keys are reconciled at once. Zero: one.
	Workers int
	// Timeout ends the context of a reconcile. Zero: never.
	Timeout time.Duration
	// SyncTimeout is how long Work waits for the caches before its error says which is not in sync and why. Zero: two minutes.
	SyncTimeout time.Duration
	// Queue are the settings of the queue. Its name is the controller's.
	Queue workqueue.Options
}

// A Part is something that a controller is made of: For, Owned, Mapped and Channel are sources of keys, Queue is about their order.
type Part[K comparable] func(*Controller[K])

// Queue adds layers to the queue, such as workqueue.Flows or workqueue.MaxRetries.
func Queue[K comparable](layers ...workqueue.Layer[K]) Part[K] {
	return func(c *Controller[K]) { c.layers = append(c.layers, layers...) }
}

// Controller calls a reconcile function for each key that something happened to. All methods may be called concurrently.
type Controller[K comparable] struct {
	name      string
	reconcile Reconcile[K]
	opts      Options
	layers    []workqueue.Layer[K]
	sources   []*source[K]
	streams   []func(context.Context)
	queue     *workqueue.Queue[K]
	triggers  triggers[K]
	begun     atomic.Bool   // Run or Standby has been called
	attached  chan struct{} // closed when the sources deliver
	works     sync.Mutex    // held while workers run; owns worked
	worked    bool          // they have before
}

// New returns a controller. It starts nothing; the informers of its sources are the caller's to start. It panics without a reconcile function.
func New[K comparable](name string, reconcile Reconcile[K], opts Options, parts ...Part[K]) *Controller[K] {
	if reconcile == nil {
		panic(fmt.Sprintf("controller %q: its reconcile function is nil", name))
	}
	opts.Workers, opts.SyncTimeout, opts.Queue.Name = max(opts.Workers, 1), cmp.Or(opts.SyncTimeout, 2*time.Minute), name
	c := &Controller[K]{name: name, reconcile: reconcile, opts: opts, triggers: triggers[K]{byKey: map[K][]Trigger{}}, attached: make(chan struct{})}
	for _, part := range parts {
		part(c)
	}
	c.queue = workqueue.New(opts.Queue, c.layers...)
	return c
}

// Queue returns the queue, to look at or to add keys to.
func (c *Controller[K]) Queue() *workqueue.Queue[K] { return c.queue }

// Run reconciles until the context is done, and leaves nothing behind. Reconciles that are under way have their context
// cancelled, and are waited for. It can be called once.
func (c *Controller[K]) Run(ctx context.Context) error {
	if err := c.begin(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	standby := make(chan error, 1)
	go func() { defer cancel(); standby <- c.standby(ctx) }()
	err := c.Work(ctx)
	cancel()
	return errors.Join(<-standby, err)
}

// Standby keeps the queue up to date until the context is done, and then shuts it down. It can be called once.
func (c *Controller[K]) Standby(ctx context.Context) error {
	if err := c.begin(); err != nil {
		return err
	}
	return c.standby(ctx)
}

func (c *Controller[K]) begin() error {
	if c.begun.Swap(true) {
		return fmt.Errorf("controller %q: Run or Standby is called a second time", c.name)
	}
	return nil
}

func (c *Controller[K]) standby(ctx context.Context) error {
	defer c.queue.ShutDown()
	for _, s := range c.sources {
		registration, err := s.AddEventHandler(s, cache.HandlerOptions{Name: "controller " + c.name, Coalesce: true})
		if err != nil {
			return fmt.Errorf("controller %q: %s: %w", c.name, s.Status(), err)
		}
		s.registration = registration
		defer func() {
			registration.Remove()
			_ = registration.Wait(context.Background()) // it cannot fail: that context does not end
		}()
	}
	close(c.attached)
	var wg sync.WaitGroup
	for _, stream := range c.streams {
		wg.Go(func() { stream(ctx) })
	}
	<-ctx.Done()
	wg.Wait()
	return nil
}

// Work waits until the caches are in sync, and reconciles what is queued until the context is done or Standby has returned. When
// it is called again, all objects are queued again, at low priority, for others may have worked on them since.
func (c *Controller[K]) Work(ctx context.Context) error {
	c.works.Lock()
	defer c.works.Unlock()
	if err := c.sync(ctx); ctx.Err() != nil {
		return nil
	} else if err != nil {
		return err
	}
	if c.worked {
		for _, s := range c.sources {
			s.replay()
		}
	}
	c.worked = true
	var wg sync.WaitGroup
	for range c.opts.Workers {
		wg.Go(func() {
			for key, shutdown := c.queue.Get(ctx); !shutdown; key, shutdown = c.queue.Get(ctx) {
				c.workOn(ctx, key)
			}
		})
	}
	wg.Wait()
	return nil
}

// patience is how long a wait goes on without a word.
const patience = 10 * time.Second

// sync waits until what a reconcile reads is complete, and all of it is queued: no reconcile of the first state runs twice.
func (c *Controller[K]) sync(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.opts.SyncTimeout)
	defer cancel()
	select {
	case <-c.attached:
	case <-ctx.Done():
		return fmt.Errorf("controller %q: Standby does not run", c.name)
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	for i := 0; i < len(c.sources); {
		s := c.sources[i]
		select {
		case <-s.registration.Synced():
			i++
		case <-late.C:
			klog.FromContext(ctx).Info("Waiting for a cache", "controller", c.name, "status", s.Status())
		case <-ctx.Done():
			return fmt.Errorf("controller %q: not in sync after %v: %s", c.name, c.opts.SyncTimeout, s.Status())
		}
	}
	return nil
}

// workOn reconciles a key and decides when it comes again.
func (c *Controller[K]) workOn(ctx context.Context, key K) {
	defer c.queue.Done(key)
	why := c.triggers.take(key)
	log := klog.FromContext(ctx).WithValues("controller", c.name, "key", key)
	log.V(4).Info("Reconciling", "triggers", reasons(why))
	result, err := c.call(klog.NewContext(context.WithValue(ctx, triggersKey{}, why), log), key)
	switch {
	case ctx.Err() != nil && (err != nil || result.Retry): // interrupted: it comes again if there are workers again
		c.triggers.note(key, Trigger{Event: "interrupted"})
		c.queue.Add(key)
	case errors.Is(err, ErrTerminal):
		c.queue.Forget(key)
		log.Error(err, "Reconcile failed for good", "triggers", reasons(why))
	case err != nil || result.Retry:
		if err != nil {
			log.Error(err, "Reconcile failed", "requeues", c.queue.NumRequeues(key), "triggers", reasons(why))
		}
		if c.queue.AddRateLimited(key) { // it does not run before Done
			c.triggers.note(key, Trigger{Event: "retry", Err: err})
		}
	default:
		c.queue.Forget(key)
		if result.RequeueAfter > 0 {
			c.triggers.note(key, Trigger{Event: "requeue"})
			c.queue.AddAfter(key, result.RequeueAfter)
		}
	}
}

// call calls the reconcile function, whose panics are errors like any other.
func (c *Controller[K]) call(ctx context.Context, key K) (result Result, err error) {
	if c.opts.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.opts.Timeout)
		defer cancel()
	}
	defer func() {
		if p := recover(); p != nil {
			result, err = Result{}, fmt.Errorf("%w: %v\n%s", ErrPanic, p, debug.Stack())
		}
	}()
	return c.reconcile(ctx, key)
}
