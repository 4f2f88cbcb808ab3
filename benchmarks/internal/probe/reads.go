package probe

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/sheaf-dev/sheaf/benchmarks/internal/workload"
)

// Cache reads the library's cache of pods. Pods are numbered, and what a query needs (keys, selectors) has been prepared, so that a call
// costs what the library's own call costs. Each returns how many objects it found.
type Cache interface {
	Len() int
	Get(pod int) int
	ByIndex(pod int) int   // those on the pod's node
	Namespace(pod int) int // those in its namespace
	Selector(pod int) int  // those with its label app
}

// Store is a store alone. Its objects are those of the cache.
type Store interface {
	// Fill stores all objects.
	Fill()
	// Update stores new versions of pods, one after the other or in one batch. Prepare makes them, which is not measured.
	Prepare(pods []int)
	Update()
	Get(pod int) int
}

// reads measures each query.
func (r *run) reads() error {
	cache := r.subject.Cache()
	if err := r.check(cache); err != nil {
		return err
	}
	liveHeap()
	order := rand.New(rand.NewPCG(1, 2)).Perm(cache.Len())
	var allocs float64
	r.figures[workload.Get], allocs = each(order, cache.Get)
	r.figures[workload.GetAllocs] = allocs
	r.figures[workload.ByIndex], _ = each(order, cache.ByIndex)
	r.figures[workload.Namespace], _ = each(order, cache.Namespace)
	r.figures[workload.Selector], _ = each(order, cache.Selector)
	return nil
}

// check says what is wrong with the cache's answers: both sides must find the same.
func (r *run) check(cache Cache) error {
	if cache.Len() < r.Count {
		return fmt.Errorf("the cache has %d objects of %d", cache.Len(), r.Count)
	}
	for _, pod := range []int{0, cache.Len() / 2, cache.Len() - 1} {
		got := [4]int{cache.Get(pod), cache.ByIndex(pod), cache.Namespace(pod), cache.Selector(pod)}
		least := [4]int{1, 7, min(100, r.Count), r.Replicas}
		for i := range got {
			if got[i] < least[i] || got[i] > least[i]+2 {
				return fmt.Errorf("queries for pod %d find %v objects, want about %v", pod, got, least)
			}
		}
	}
	return nil
}

// how long a query is repeated.
const repeat = time.Second

// each returns the time in seconds and the allocations of one call, on the process's CPU clock.
func each(order []int, call func(int) int) (seconds, allocs float64) {
	before, calls := now(), 0
	for deadline := time.Now().Add(repeat); time.Now().Before(deadline); {
		for range 16 {
			call(order[calls%len(order)])
			calls++
		}
	}
	spent := now().since(before)
	return spent.cpu.Seconds() / float64(calls), float64(spent.mallocs / uint64(calls))
}

// A paced writer makes so many updates a second, in batches of so many.
const (
	pacedRate  = 50_000
	batchSize  = 10
	pacedFor   = 3 * time.Second
	pacedBatch = 50 // a millisecond's worth
)

// store measures a store without anything around it.
func (r *run) store() error {
	s, count := r.subject.NewStore(), r.subject.Cache().Len()
	before := liveHeap()
	s.Fill()
	r.figures[workload.Overhead] = float64(liveHeap()-before) / float64(count)

	order := rand.New(rand.NewPCG(3, 4)).Perm(count)
	var spent time.Duration
	updates := 0
	batch := make([]int, batchSize)
	for deadline := time.Now().Add(2 * repeat); time.Now().Before(deadline); updates += len(batch) {
		for i := range batch {
			batch[i] = order[(updates+i)%count]
		}
		s.Prepare(batch)
		start := time.Now()
		s.Update()
		spent += time.Since(start)
	}
	r.figures[workload.Update] = spent.Seconds() / float64(updates)

	over := make(chan struct{})
	gets := startGets(s.Get, count, over)
	rate := pacedUpdates(s, order)
	close(over)
	r.figures[workload.P99] = (<-gets).Seconds()
	r.figures[workload.Applied] = rate
	if n := s.Get(order[0]); n != 1 {
		return fmt.Errorf("the store finds %d objects under one key", n)
	}
	return nil
}

// pacedUpdates updates at a fixed rate, and returns the rate that came about.
func pacedUpdates(s Store, order []int) float64 {
	batch := make([]int, pacedBatch)
	start, done := time.Now(), 0
	for ; time.Since(start) < pacedFor; done += pacedBatch {
		if ahead := time.Duration(done)*time.Second/pacedRate - time.Since(start); ahead > 0 {
			time.Sleep(ahead)
		}
		for i := range batch {
			batch[i] = order[(done+i)%len(order)]
		}
		s.Prepare(batch)
		s.Update()
	}
	return float64(done) / time.Since(start).Seconds()
}

// startGets reads in another goroutine, a thousand times after each other, until it is over, and then says how long the slowest hundredth
// of these thousands took.
func startGets(get func(int) int, count int, over <-chan struct{}) <-chan time.Duration {
	result := make(chan time.Duration, 1)
	go func() {
		random := rand.New(rand.NewPCG(5, 6))
		var took []time.Duration
		for {
			select {
			case <-over:
				slices.Sort(took)
				result <- took[len(took)*99/100]
				return
			default:
			}
			start := time.Now()
			for range 1000 {
				get(random.IntN(count))
			}
			took = append(took, time.Since(start))
		}
	}()
	return result
}
