package cache

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	v1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"

	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
)

// stuck is a handler that does not return from its first update until it is released.
type stuck struct{ release chan struct{} }

func (stuck) OnAdd(resource.Object, bool)             {}
func (s stuck) OnUpdate(_, _ resource.Object, _ bool) { <-s.release }
func (stuck) OnDelete(resource.Object, bool)          {}

// onUpdate is a handler of updates.
type onUpdate func()

func (onUpdate) OnAdd(resource.Object, bool)             {}
func (f onUpdate) OnUpdate(_, _ resource.Object, _ bool) { f() }
func (onUpdate) OnDelete(resource.Object, bool)          {}

// TestAHandlerThatStopsDuringAMillionUpdatesCostsNoMoreThanTheBound measures the heap twenty times on the way: that of an informer without a handler is
// the store's size; with one that is stuck, the journal's bound may come on top, and a fifth of that.
func TestAHandlerThatStopsDuringAMillionUpdatesCostsNoMoreThanTheBound(t *testing.T) {
	for bound, updates := range map[int64]int{defaultJournalBytes: 1_000_000, 32 << 20: 50_000} {
		if testing.Short() || raceDetector {
			updates = 50_000
		}
		none := heapDuring(t, updates, bound, nil)
		for _, opts := range []HandlerOptions{{}, {Coalesce: true}} {
			name := fmt.Sprintf("bound=%dMiB coalesce=%t", bound>>20, opts.Coalesce)
			heap := heapDuring(t, updates, bound, &opts)
			t.Logf("%s: store %d KiB, with a stuck handler %d KiB", name, none>>10, heap>>10)
			if limit := none + bound + bound/5; heap > limit {
				t.Errorf("%s: the heap is %d, more than %d", name, heap, limit)
			}
		}
	}
}

// heapDuring returns the largest heap seen during so many updates of 10,000 objects, all random, with or without a stuck handler.
func heapDuring(t *testing.T, updates int, bound int64, opts *HandlerOptions) int64 {
	g := newGenerator(10_000)
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 1<<20)
	for i := range noise {
		noise[i] = 'a' + byte(random.IntN(26))
	}
	g.fill = func(o *v1.ConfigMap, _ int) {
		start := random.IntN(len(noise) - 4000)
		o.Data = map[string]string{"value": string(noise[start : start+4000])}
	}
	i := New(corev1.ConfigMaps.Definition(), g, Options{JournalBytes: bound})
	ctx, cancel := context.WithCancel(klog.NewContext(t.Context(), klog.New(nil)))
	var running sync.WaitGroup
	release := make(chan struct{})
	defer running.Wait()
	defer cancel()
	defer close(release)
	if opts != nil {
		add(t, i, stuck{release}, *opts)
	}
	seen := make(chan struct{}, updates/1000)
	calls := 0
	add(t, i, onUpdate(func() {
		if calls++; calls%1000 == 0 {
			seen <- struct{}{}
		}
	}), HandlerOptions{})
	running.Go(func() {
		if err := i.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	<-i.Synced()
	var heap uint64
	for sent := 1000; sent <= updates; sent += 1000 {
		g.updates <- 1000
		<-seen
		if sent%(updates/20) == 0 {
			_, now := measure()
			heap = max(heap, now)
		}
	}
	if opts != nil {
		s := i.Status().Handlers[0]
		if !s.Coalescing || s.FellBehind != 1 && !opts.Coalesce || s.LagBytes > bound || s.Pending < 9_999 {
			t.Errorf("status %+v", s)
		}
		if bound == 32<<20 && s.Skeletons == 0 {
			t.Errorf("no object was cut down: %+v", s)
		}
	}
	return int64(heap)
}
