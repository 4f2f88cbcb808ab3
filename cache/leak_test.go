package cache

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"

	"github.com/sheaf-dev/sheaf/cache/reflector"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
)

// counted is a source that counts its open watches. It is no server, whose own goroutines and connections would hide what informers leave.
type counted struct {
	*generator
	open atomic.Int64
}

func (c *counted) Watch(ctx context.Context, opts metav1.ListOptions) (reflector.Watcher, error) {
	w, err := c.generator.Watch(ctx, opts)
	c.open.Add(1)
	return &countedWatcher{Watcher: w, closed: sync.OnceFunc(func() { c.open.Add(-1) })}, err
}

type countedWatcher struct {
	reflector.Watcher
	closed func()
}

func (w *countedWatcher) Close() {
	w.Watcher.Close()
	w.closed()
}

// TestAThousandInformersStartedAndStoppedAHundredTimesLeaveNothing is about goroutines and memory.
func TestAThousandInformersStartedAndStoppedAHundredTimesLeaveNothing(t *testing.T) {
	rounds := 100
	if testing.Short() || raceDetector {
		rounds = 10
	}
	c := &counted{generator: newGenerator(1)}
	round := func() {
		ctx, cancel := context.WithCancel(klog.NewContext(t.Context(), klog.New(nil)))
		var running sync.WaitGroup
		for range 1000 {
			i := New(corev1.ConfigMaps.Definition(), c, Options{})
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
	if n := c.open.Load(); n != 0 {
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
