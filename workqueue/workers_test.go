package workqueue

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// farm is a queue with real workers in fake time, and what must be true of them.
type farm struct {
	q      *Queue[int]
	random *rand.Rand
	wg     sync.WaitGroup

	mu     sync.Mutex // owns all below
	wanted map[int]int
	seen   map[int]int
	busy   map[int]bool
	due    map[int][]time.Time // when delays end after which a run has to begin; the last one may be under way
	delays int                 // how many there were
	faults []error
}

func newFarm(seed uint64, workers int) *farm {
	f := &farm{
		q:      New[int](Options{RateLimiter: Exponential(time.Millisecond, time.Second)}),
		random: rand.New(rand.NewPCG(seed, uint64(workers))),
		wanted: map[int]int{}, seen: map[int]int{}, busy: map[int]bool{}, due: map[int][]time.Time{},
	}
	for i := range workers {
		f.wg.Go(func() { f.work(rand.New(rand.NewPCG(seed, uint64(i)))) })
	}
	return f
}

func (f *farm) work(random *rand.Rand) {
	for {
		key, shutdown := f.q.Get(context.Background())
		if shutdown {
			return
		}
		f.begin(key)
		time.Sleep(time.Duration(random.IntN(20)) * time.Millisecond)
		switch chance := random.IntN(10); {
		case chance == 0 && key < 10: // the others may have delays that are watched, and the earlier one would win
			f.q.AddRateLimited(key)
		case chance == 1:
			f.add(key)
		default:
			f.q.Forget(key)
		}
		f.mu.Lock()
		f.busy[key] = false
		f.mu.Unlock()
		f.q.Done(key)
	}
}

func (f *farm) begin(key int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.busy[key] {
		f.faults = append(f.faults, fmt.Errorf("two workers on %d", key))
	}
	f.busy[key] = true
	f.seen[key] = f.wanted[key]
	f.due[key] = slices.DeleteFunc(f.due[key], func(due time.Time) bool { return !due.After(time.Now()) })
}

// add wants a run that starts after this call, if the queue has surely taken the key: it may be shut down at any moment.
func (f *farm) add(key int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.q.Add(key)
	if !f.q.ShuttingDown() {
		f.wanted[key]++
	}
}

// addAfter wants a run that starts after the delay has passed or, if another is under way, after the one that ends sooner. No two
// delays end at one instant, and nothing else happens then: a run that begins as its key's delay ends cannot tell whether the timer
// has fired already.
func (f *farm) addAfter(key int, d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.delays++
	d += time.Duration(f.delays) * time.Microsecond
	end := time.Now().Add(d)
	if all := f.due[key]; len(all) > 0 && all[len(all)-1].After(time.Now()) {
		if last := &all[len(all)-1]; end.Before(*last) {
			*last = end
		}
	} else {
		f.due[key] = append(all, end)
	}
	f.q.AddAfter(key, d)
}

func (f *farm) step() {
	key := f.random.IntN(20)
	switch f.random.IntN(6) {
	case 0, 1, 2:
		f.add(key)
	case 3:
		f.addAfter(10+key%10, time.Duration(1+f.random.IntN(100))*time.Millisecond)
	case 4:
		for i := range 10 {
			f.add(key + i)
		}
	case 5:
		time.Sleep(time.Duration(f.random.IntN(30)) * time.Millisecond)
	}
}

// verify must be called when the queue is drained.
func (f *farm) verify() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for key, n := range f.wanted {
		if f.seen[key] != n {
			f.faults = append(f.faults, fmt.Errorf("%d was added %d times, but its last run saw %d", key, n, f.seen[key]))
		}
	}
	if s := f.q.Stats(); s.Depth+s.Running+s.Delayed > 0 {
		f.faults = append(f.faults, fmt.Errorf("not drained: %+v", s))
	}
	return errors.Join(append(f.faults, f.q.check())...)
}

var farmSizes = []int{1, 8, 64}

func TestEveryAddIsFollowedByARun(t *testing.T) {
	for _, workers := range farmSizes {
		for seed := range uint64(30) {
			synctest.Test(t, func(t *testing.T) {
				f := newFarm(seed, workers)
				for range 200 {
					f.step()
				}
				time.Sleep(time.Hour) // all delays, all work
				synctest.Wait()
				f.mu.Lock()
				for key, due := range f.due {
					if len(due) > 0 {
						t.Errorf("seed %d, %d workers: %d was delayed until %v and has not run since", seed, workers, key, due)
					}
				}
				f.mu.Unlock()
				if err := f.q.ShutDownWithDrain(t.Context()); err != nil {
					t.Error(err)
				}
				f.wg.Wait()
				if err := f.verify(); err != nil {
					t.Errorf("seed %d, %d workers: %v", seed, workers, err)
				}
			})
		}
	}
}

// A program of 40 steps is shut down after each of them in turn, while a second goroutine goes on adding.
func TestDrainAtAnyMomentServesAllThatWasAddedBefore(t *testing.T) {
	for _, workers := range farmSizes {
		for moment := range 40 {
			synctest.Test(t, func(t *testing.T) {
				f := newFarm(7, workers)
				for range moment {
					f.step()
				}
				f.wg.Go(func() {
					for i := range 100 {
						f.add(i)
						f.q.AddAfter(i, time.Millisecond)
						f.q.AddRateLimited(i)
						if i%10 == 0 {
							time.Sleep(time.Millisecond)
						}
					}
				})
				if err := f.q.ShutDownWithDrain(t.Context()); err != nil {
					t.Error(err)
				}
				f.wg.Wait()
				if err := f.verify(); err != nil {
					t.Errorf("moment %d, %d workers: %v", moment, workers, err)
				}
			})
		}
	}
}

func TestDrainEndsAtItsDeadlineAtAnyMoment(t *testing.T) {
	for _, workers := range farmSizes {
		for moment := range 40 {
			synctest.Test(t, func(t *testing.T) {
				f := newFarm(11, workers)
				for range moment {
					f.step()
				}
				patience := time.Duration(moment) * time.Millisecond
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				begin := time.Now()
				err := f.q.ShutDownWithDrain(ctx)
				if took := time.Since(begin); took > patience {
					t.Errorf("moment %d, %d workers: took %v, may take %v", moment, workers, took, patience)
				}
				if err != nil && !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("moment %d, %d workers: %v", moment, workers, err)
				}
				f.wg.Wait() // the workers finish what is queued nevertheless
				if err := f.verify(); err != nil {
					t.Errorf("moment %d, %d workers: %v", moment, workers, err)
				}
			})
		}
	}
}

func TestNoKeyIsLostWhenWorkersLeave(t *testing.T) {
	for seed := range uint64(50) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 3))
			q := New[int](Options{})
			var mu sync.Mutex
			runs := map[int]int{}
			var wg sync.WaitGroup
			worker := func(ctx context.Context) {
				for {
					key, shutdown := q.Get(ctx)
					if shutdown {
						return
					}
					mu.Lock()
					runs[key]++
					mu.Unlock()
					q.Done(key)
				}
			}
			for key := range 300 {
				if random.IntN(3) == 0 { // the context ends at the instant when a key comes
					ctx, cancel := context.WithCancel(t.Context())
					wg.Go(func() { worker(ctx) })
					synctest.Wait()
					wg.Go(cancel)
				}
				q.Add(key)
			}
			wg.Go(func() { worker(t.Context()) })
			if err := q.ShutDownWithDrain(t.Context()); err != nil {
				t.Fatal(err)
			}
			wg.Wait()
			if len(runs) != 300 {
				t.Errorf("seed %d: %d of 300 keys were worked on", seed, len(runs))
			}
			if err := q.check(); err != nil {
				t.Error(err)
			}
		})
	}
}
