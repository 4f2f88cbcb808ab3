package shard

import (
	"context"
	"reflect"
	"sync/atomic"

	"k8s.io/klog/v2"

	"github.com/sheaf-dev/sheaf/leaderelection"
)

// term is the time during which this replica should have a shard: it is a candidate for the shard's Lease, and owns the shard while it leads.
type term struct {
	elector *leaderelection.Elector
	cancel  context.CancelFunc
	done    chan struct{} // closed when the Lease is released
	err     error         // valid then
	token   atomic.Pointer[string]
	ending  atomic.Bool
}

// begin starts a term. mu is held.
func (r *Replica) begin(ctx context.Context, index int) {
	t := &term{done: make(chan struct{})}
	s := r.layout.Shard(index)
	log := klog.FromContext(ctx).WithValues("shard", index)
	elector, err := leaderelection.New(r.view, r.group.shard(index), leaderelection.Callbacks{
		OnStartedLeading: func(ctx context.Context) {
			token, _ := leaderelection.Token(ctx)
			t.token.Store(&token)
			r.callbacks.OnAcquired(ctx, s)
		},
		OnStoppedLeading: func() {
			t.token.Store(nil)
			if r.callbacks.OnReleased != nil {
				r.callbacks.OnReleased(s)
			}
		},
	}, r.opts.Election)
	if err != nil {
		log.Error(err, "The shard cannot be taken") // the options were checked by New: never
		return
	}
	t.elector = elector
	// The work ends when the replica says so, in good order, and not with the context of Run by itself.
	ctx, t.cancel = context.WithCancel(klog.NewContext(context.WithoutCancel(ctx), log))
	r.terms[index] = t
	go func() {
		t.err = elector.Run(ctx)
		close(t.done)
		select {
		case r.ended <- struct{}{}:
		default:
		}
	}()
}

// end makes the work end, and then gives the shard up. It does not wait.
func (t *term) end() {
	t.ending.Store(true)
	t.cancel()
}

// over says whether the shard is given up.
func (t *term) over() bool {
	select {
	case <-t.done:
		return true
	default:
		return false
	}
}

// herald calls OnChange beside the loop, which must not wait for it.
type herald struct {
	call func(Status)
	last Status      // that was told; only the loop uses it
	news chan Status // the newest that was not told yet
}

func newHerald(call func(Status)) *herald { return &herald{call: call, news: make(chan Status, 1)} }

// tell replaces news that have not been told, if these are different.
func (h *herald) tell(s Status) {
	if h.call == nil || reflect.DeepEqual(s.who(), h.last.who()) {
		return
	}
	h.last = s
	select {
	case <-h.news:
	default:
	}
	h.news <- s
}

func (h *herald) run(ctx context.Context) {
	for {
		select {
		case s := <-h.news:
			h.call(s)
		case <-ctx.Done():
			return
		}
	}
}
