package workqueue

import (
	"context"
	"fmt"
	"runtime"
	"runtime/metrics"
	"sync"
	"testing"
	"time"

	"github.com/sheaf-dev/sheaf/resource"
)

func benchKeys(n int) []resource.Key {
	keys := make([]resource.Key, n)
	for i := range keys {
		keys[i] = resource.Key{Namespace: fmt.Sprintf("namespace-%d", i%50), Name: fmt.Sprintf("object-%d", i)}
	}
	return keys
}

func BenchmarkAddGetDone(b *testing.B) {
	q := New[resource.Key](Options{})
	keys := benchKeys(1000)
	ctx := context.Background()
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		q.Add(keys[i%len(keys)])
		key, _ := q.Get(ctx)
		q.Done(key)
		i++
	}
}

// As above, behind a backlog, so that keys are hashed.
func BenchmarkAddGetDoneBehindABacklog(b *testing.B) {
	q := New[resource.Key](Options{})
	keys := benchKeys(1000)
	for _, key := range keys[:500] {
		q.Add(key)
	}
	ctx := context.Background()
	b.ReportAllocs()
	i := 500
	for b.Loop() {
		q.Add(keys[i%len(keys)])
		key, _ := q.Get(ctx)
		q.Done(key)
		i++
	}
}

func BenchmarkAddGetDoneWithFlowsAndPriorities(b *testing.B) {
	q := New(Options{}, Flows(func(k resource.Key) string { return k.Namespace }, nil))
	keys := benchKeys(1000)
	ctx := context.Background()
	for i, key := range keys {
		q.AddPriority(key, Priority(i%3-1))
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		key, _ := q.Get(ctx)
		q.Done(key)
		q.AddPriority(key, Priority(i%3-1))
		i++
	}
}

// Each key is delayed for an hour, ten minutes less than the one before; so none ends.
func BenchmarkAddAfter(b *testing.B) {
	q := New[resource.Key](Options{})
	defer q.ShutDown()
	keys := benchKeys(1 << 16)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		q.AddAfter(keys[i&(len(keys)-1)], time.Hour+time.Duration(i*7919%100_000)*time.Millisecond)
		i++
	}
}

func BenchmarkAddRateLimited(b *testing.B) {
	q := New[resource.Key](Options{RateLimiter: Exponential(time.Hour, 2*time.Hour)})
	defer q.ShutDown()
	keys := benchKeys(1000)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		q.AddRateLimited(keys[i%len(keys)])
		i++
	}
}

// One producer and 64 workers share 100,000 keys, whose work is to wait for an answer, as most reconciles do, or to compute. Run it with
// -blockprofile, -mutexprofile and -cpuprofile to see what the lock costs: workers that find it taken wait in await.
func BenchmarkSixtyFourWorkers(b *testing.B) {
	b.Run("waiting", func(b *testing.B) { sixtyFour(b, func(resource.Key) { time.Sleep(time.Millisecond) }) })
	b.Run("computing", func(b *testing.B) { sixtyFour(b, spin) })
}

func sixtyFour(b *testing.B, work func(resource.Key)) {
	keys := benchKeys(100_000)
	waited := lockWait()
	b.ReportAllocs()
	for b.Loop() {
		q := New[resource.Key](Options{})
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() {
				for key, shutdown := q.Get(context.Background()); !shutdown; key, shutdown = q.Get(context.Background()) {
					work(key)
					q.Done(key)
				}
			})
		}
		for _, key := range keys {
			q.Add(key)
		}
		if err := q.ShutDownWithDrain(context.Background()); err != nil {
			b.Fatal(err)
		}
		wg.Wait()
	}
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(len(keys)), "ns/key")
	b.ReportMetric(100*float64(lockWait()-waited)/float64(b.Elapsed())/64, "%waiting-for-locks")
}

// lockWait is for how long goroutines have waited for locks, summed up.
func lockWait() time.Duration {
	sample := []metrics.Sample{{Name: "/sync/mutex/wait/total:seconds"}}
	metrics.Read(sample)
	return time.Duration(sample[0].Value.Float64() * float64(time.Second))
}

// spin stands for a reconcile of some microseconds.
func spin(key resource.Key) {
	h := uint64(14695981039346656037)
	for range 1000 {
		for i := range len(key.Name) {
			h = (h ^ uint64(key.Name[i])) * 1099511628211
		}
	}
	runtime.KeepAlive(h)
}
