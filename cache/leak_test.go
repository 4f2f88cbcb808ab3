package cache

import (
	"context"
	"runtime"
	"sync"
	"testing"

	"k8s.io/klog/v2"

	"github.com/sheaf-dev/sheaf/cache/internal/fake"
)

// TestAThousandInformersStartedAndStoppedAHundredTimesLeaveNothing is about goroutines and memory.
func TestAThousandInformersStartedAndStoppedAHundredTimesLeaveNothing(t *testing.T) {
	rounds := 100
	if testing.Short() || raceDetector {
		rounds = 10
	}
	c := fake.New()
	c.Set("a", "1", "x")
	round := func() {
		ctx, cancel := context.WithCancel(klog.NewContext(t.Context(), klog.New(nil)))
		var running sync.WaitGroup
		for range 1000 {
			i := New(fake.ConfigMaps.Definition(), c, Options{})
			h := newRecorder()
			r := add(t, i, h, HandlerOptions{})
			running.Go(func() {
				running.Go(func() {
					<-r.Synced()
					if len(h.log()) != 1 {
						t.Error("a handler was not called")
					}
				})
				if err := i.Run(ctx); err != nil {
					t.Error(err)
				}
			})
			<-r.Synced()
		}
		cancel()
		running.Wait()
		c.Forget()
	}
	round()
	goroutines, heap := measure()
	for range rounds {
		round()
	}
	goroutinesAfter, heapAfter := measure()
	if goroutinesAfter > goroutines {
		t.Errorf("%d goroutines became %d", goroutines, goroutinesAfter)
	}
	if grown := int64(heapAfter) - int64(heap); grown > 1<<20 {
		t.Errorf("the heap grew by %d bytes in %d rounds", grown, rounds)
	}
	if n := c.Watching(); n != 0 {
		t.Errorf("%d watches are still open", n)
	}
}

func measure() (goroutines int, heap uint64) {
	for range 3 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return runtime.NumGoroutine(), m.HeapAlloc
}
