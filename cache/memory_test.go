package cache

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	v1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"

	"github.com/sheaf-dev/sheaf/cache/internal/fake"
	"github.com/sheaf-dev/sheaf/resource"
)

// stuck is a handler that does not return from its first update until it is released.
type stuck struct{ release chan struct{} }

func (stuck) OnAdd(resource.Object, bool)             {}
func (s stuck) OnUpdate(_, _ resource.Object, _ bool) { <-s.release }
func (stuck) OnDelete(resource.Object, bool)          {}

// TestAHandlerThatStopsDuringAMillionUpdatesCostsNoMoreThanTheBound measures the heap: that of an informer without a handler is
// the store's size; with one that is stuck, the journal's bound may come on top, and a fifth of that.
func TestAHandlerThatStopsDuringAMillionUpdatesCostsNoMoreThanTheBound(t *testing.T) {
	for bound, updates := range map[int64]int{defaultJournalBytes: 1_000_000, 32 << 20: 50_000} {
		if testing.Short() || raceDetector {
			updates = 50_000
		}
		none := heapAfter(t, updates, bound, nil)
		for _, opts := range []HandlerOptions{{}, {Coalesce: true}} {
			name := fmt.Sprintf("bound=%dMiB coalesce=%t", bound>>20, opts.Coalesce)
			heap := heapAfter(t, updates, bound, &opts)
			t.Logf("%s: store %d KiB, with a stuck handler %d KiB", name, none>>10, heap>>10)
			if limit := none + bound + bound/5; heap > limit {
				t.Errorf("%s: the heap is %d, more than %d", name, heap, limit)
			}
		}
	}
}

// heapAfter returns the heap after so many updates of 10,000 objects, all random, with or without a stuck handler.
func heapAfter(t *testing.T, updates int, bound int64, opts *HandlerOptions) int64 {
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
	i := New(fake.ConfigMaps.Definition(), g, Options{JournalBytes: bound})
	ctx, cancel := context.WithCancel(klog.NewContext(t.Context(), klog.New(nil)))
	var running sync.WaitGroup
	release := make(chan struct{})
	defer running.Wait()
	defer cancel()
	defer close(release)
	if opts != nil {
		add(t, i, stuck{release}, *opts)
	}
	last := &counting{target: updates, done: make(chan struct{})}
	add(t, i, last, HandlerOptions{})
	running.Go(func() {
		if err := i.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	<-i.Synced()
	for sent := 0; sent < updates; sent += 1000 {
		g.updates <- 1000
	}
	<-last.done
	_, heap := measure()
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
