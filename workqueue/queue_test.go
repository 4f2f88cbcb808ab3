package workqueue

import (
	"context"
	"errors"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/sheaf-dev/sheaf/resource"
)

func take[K comparable](t *testing.T, q *Queue[K]) K {
	t.Helper()
	key, shutdown := q.Get(t.Context())
	if shutdown {
		t.Fatal("the queue is shut down")
	}
	return key
}

// drain takes n keys and finishes each.
func drain[K comparable](t *testing.T, q *Queue[K], n int) []K {
	t.Helper()
	var keys []K
	for range n {
		key := take(t, q)
		q.Done(key)
		keys = append(keys, key)
	}
	return keys
}

func TestKeyThatIsAddedWhileItRunsRunsOnceMore(t *testing.T) {
	q := New[string](Options{})
	q.Add("a")
	take(t, q)
	q.Add("a")
	q.Add("a")
	if n := q.Len(); n != 0 {
		t.Fatalf("%d keys are queued while the only one runs", n)
	}
	q.Done("a")
	q.Done("a") // nobody works on it now: this must not finish the next run before it begins
	if got := drain(t, q, 1); got[0] != "a" || q.Len() != 0 {
		t.Fatalf("got %v, and %d more", got, q.Len())
	}
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	q := New(Options{RateLimiter: Exponential(time.Hour, time.Hour)}, Flows(func(k resource.Key) string { return k.Namespace }, nil))
	defer q.ShutDown()
	keys := benchKeys(100)
	work := func() {
		for i, key := range keys {
			q.AddPriority(key, Priority(i%3))
			q.AddAfter(key, time.Hour)
			q.AddRateLimited(key)
		}
		for range keys {
			key, _ := q.Get(context.Background())
			q.Forget(key)
			q.Cancel(key)
			q.Done(key)
		}
	}
	if n := testing.AllocsPerRun(20, work); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func TestGetEndsWithItsContextEvenIfKeysWait(t *testing.T) {
	q := New[string](Options{})
	q.Add("a")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if key, shutdown := q.Get(ctx); !shutdown {
		t.Fatalf("got %q", key)
	}
	if q.Len() != 1 {
		t.Fatal("the key is lost")
	}
}

func TestQueueThatIsDroppedIsCollected(t *testing.T) {
	q := New[string](Options{})
	q.Add("a")
	drain(t, q, 1)
	q.AddRateLimited("b")
	q.Cancel("b")
	q.delays.timer.Stop() // else it is kept for 5 ms
	gone := weak.Make(q)
	q = nil
	for range 10 {
		runtime.GC()
	}
	if gone.Value() != nil {
		t.Fatal("something holds on to the queue")
	}
}

func TestMillionDelayedKeysCostLessThan200BytesEach(t *testing.T) {
	const n = 1_000_000
	keys := benchKeys(n)
	q := New[resource.Key](Options{})
	before := heap()
	for i, key := range keys {
		q.AddAfter(key, time.Hour+time.Duration(i*7919%n)*time.Millisecond)
	}
	each := float64(heap()-before) / n
	t.Logf("%.0f bytes a key", each)
	if each > 200 {
		t.Errorf("a delayed key costs %.0f bytes", each)
	}
	if err := q.check(); err != nil {
		t.Error(err)
	}
	q.ShutDown()
	runtime.KeepAlive(keys)
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestTableGivesMemoryBackAfterABurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New[int](Options{})
		for i := range 100_000 {
			q.Add(i)
		}
		drain(t, q, 100_000)
		if n := len(q.items.buckets); n < 100_000 {
			t.Fatalf("%d buckets at once after the burst: the next one would allocate again", n)
		}
		for range 10 {
			time.Sleep(2 * shrinkEvery)
			q.Add(1)
			drain(t, q, 1)
		}
		if n := len(q.items.buckets); n > shrinkAbove {
			t.Fatalf("%d buckets are left", n)
		}
		if err := q.check(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestAllDelaysThatEndAtOnceAreQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New[int](Options{})
		for i := range 1000 {
			q.AddAfter(i, time.Second)
		}
		time.Sleep(time.Second - 1)
		synctest.Wait()
		if n := q.Len(); n != 0 {
			t.Fatalf("%d keys are queued too early", n)
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if n := q.Len(); n != 1000 {
			t.Fatalf("%d of 1000 keys are queued", n)
		}
	})
}

func TestEarlierDelayWinsAndPostponeOverridesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New[string](Options{})
		defer q.ShutDown()
		begin := time.Now()
		at := func() time.Duration {
			take(t, q)
			q.Done("a")
			return time.Since(begin)
		}
		q.AddAfter("a", 3*time.Second)
		q.AddAfter("a", time.Second)
		q.AddAfter("a", 2*time.Second)
		if got := at(); got != time.Second {
			t.Errorf("queued after %v, want 1s", got)
		}
		q.AddAfter("a", time.Second)
		if !q.Postpone("a", 9*time.Second) || q.Postpone("b", time.Second) {
			t.Error("Postpone is wrong about what is delayed")
		}
		if got := at(); got != 10*time.Second {
			t.Errorf("queued after %v, want 10s", got)
		}
		q.AddAfter("a", time.Duration(1<<63-1))
		if !q.Cancel("a") || q.Cancel("a") {
			t.Error("Cancel is wrong about what is delayed")
		}
	})
}

func TestRetryKeepsThePriorityOfTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New[string](Options{})
		defer q.ShutDown()
		q.AddPriority("a", Low)
		take(t, q)
		q.AddRateLimited("a")
		q.Done("a")
		time.Sleep(time.Minute)
		synctest.Wait()
		s := q.Snapshot().Keys[0]
		if s.Priority != Low || s.QueuedBy != Retried {
			t.Fatalf("%+v", s)
		}
		q.Add("a") // a live change
		if s := q.Snapshot().Keys[0]; s.Priority != Normal || s.QueuedBy != Retried|Added {
			t.Fatalf("%+v", s)
		}
	})
}

func TestKeyThatFailsTooOftenIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dead []string
		q := New(Options{}, MaxRetries(3, func(key string, requeues int) {
			if requeues != 3 {
				t.Errorf("given up after %d requeues", requeues)
			}
			dead = append(dead, key)
		}))
		defer q.ShutDown()
		q.Add("bad")
		for runs := 1; ; runs++ {
			take(t, q)
			q.AddRateLimited("bad")
			q.Done("bad")
			if dead != nil {
				if runs != 4 {
					t.Errorf("given up after %d runs", runs)
				}
				break
			}
		}
		if s := q.Stats(); s.DeadLetters != 1 || s.Retries != 3 || q.NumRequeues("bad") != 0 || len(q.Snapshot().Keys) != 0 {
			t.Errorf("%+v, %+v", s, q.Snapshot())
		}
	})
}

func TestSnapshotSaysSinceWhenUntilWhenAndWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New[string](Options{Name: "q", Metrics: new(recorder), RateLimiter: Exponential(time.Minute, time.Hour)})
		defer q.ShutDown()
		begin := time.Now()
		time.Sleep(time.Second)
		q.Add("a")
		take(t, q)
		q.AddRateLimited("a")
		time.Sleep(time.Second)
		q.AddPriority("a", High)
		time.Sleep(time.Second)
		want := Status[string]{
			Key:    "a",
			Queued: true, Again: true, Since: begin.Add(2 * time.Second), QueuedBy: Added, Priority: High,
			Running: begin.Add(time.Second), RunningBy: Added,
			Until: begin.Add(61 * time.Second), DelayedBy: Retried,
			Requeues: 1,
		}
		s := q.Snapshot()
		if len(s.Keys) != 1 || !reflect.DeepEqual(s.Keys[0], want) || !s.Taken.Equal(begin.Add(3*time.Second)) {
			t.Errorf("got\n%+v, want\n%+v", s, want)
		}
	})
}

func TestDrainSaysWhatIsLeft(t *testing.T) {
	q := New[string](Options{Name: "pods"})
	q.Add("a")
	q.Add("b")
	take(t, q)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the process must end"))
	err := q.ShutDownWithDrain(ctx)
	if want := `drain queue "pods": 1 keys are queued and 1 are being worked on: the process must end`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %v", err, want)
	}
	q.Add("c")
	drain(t, q, 1)
	q.Done("a")
	if _, shutdown := q.Get(t.Context()); !shutdown {
		t.Error("an added key was taken after the shutdown")
	}
	if err := q.ShutDownWithDrain(t.Context()); err != nil {
		t.Error(err)
	}
}

// Nothing runs, but keys wait: a drain that returned now would lose them.
func TestDrainWaitsForKeysThatNobodyWorksOnYet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New[string](Options{})
		q.Add("a")
		q.Add("b")
		begin := time.Now()
		var wg sync.WaitGroup
		wg.Go(func() {
			time.Sleep(time.Minute)
			drain(t, q, 2)
		})
		if err := q.ShutDownWithDrain(t.Context()); err != nil || time.Since(begin) != time.Minute {
			t.Errorf("drained after %v, error %v", time.Since(begin), err)
		}
		wg.Wait()
	})
}

func TestPanicOfTheFlowFunctionLeavesTheQueueUsable(t *testing.T) {
	q := New(Options{}, Flows(func(k string) string {
		if k == "bad" {
			panic("no flow")
		}
		return ""
	}, nil))
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic is hidden")
			}
		}()
		q.Add("bad")
	}()
	q.Add("good")
	if got := drain(t, q, 1); got[0] != "good" {
		t.Errorf("got %v", got)
	}
}

// recorder is a provider and the metrics of one queue.
type recorder struct {
	mu     sync.Mutex // owns all below
	name   string
	stats  func() Stats
	waited []time.Duration
	worked []time.Duration
	closed int
}

func (r *recorder) Queue(name string, stats func() Stats) Metrics {
	r.name, r.stats = name, stats
	return r
}

func (r *recorder) Waited(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waited = append(r.waited, d)
}

func (r *recorder) Worked(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.worked = append(r.worked, d)
}

func (r *recorder) Close() { r.closed++ }

func TestMetricsMeasureWaitAndWorkAndEndWithTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := new(recorder)
		SetMetrics(r)
		defer SetMetrics(nil)
		q := New[string](Options{Name: "pods"})
		if r.name != "pods" {
			t.Fatalf("registered %q", r.name)
		}
		q.Add("a")
		q.Add("b")
		time.Sleep(time.Second)
		take(t, q)
		time.Sleep(time.Second)
		take(t, q)
		time.Sleep(time.Second)
		want := Stats{Running: 2, Adds: 2, Unfinished: 3 * time.Second, LongestRunning: 2 * time.Second}
		if got := r.stats(); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		q.AddAfter("c", time.Second)
		var wg sync.WaitGroup
		wg.Go(func() { take(t, q) }) // waits for the delay
		time.Sleep(time.Second)
		wg.Wait()
		for _, key := range []string{"a", "b", "c"} {
			if r.closed != 0 {
				t.Error("closed while keys are being worked on")
			}
			q.ShutDown()
			q.Done(key)
		}
		if want := []time.Duration{time.Second, 2 * time.Second, 0}; !reflect.DeepEqual(r.waited, want) {
			t.Errorf("waited %v, want %v", r.waited, want)
		}
		if want := []time.Duration{3 * time.Second, 2 * time.Second, 0}; !reflect.DeepEqual(r.worked, want) {
			t.Errorf("worked %v, want %v", r.worked, want)
		}
		if r.closed != 1 {
			t.Errorf("closed %d times", r.closed)
		}
	})
}

func TestQueueWithoutANameHasNoMetrics(t *testing.T) {
	r := new(recorder)
	New[string](Options{Metrics: r})
	if r.stats != nil {
		t.Error("it has")
	}
}

func TestReasonsHaveNames(t *testing.T) {
	if got := (Added | Retried).String() + " " + Delayed.String() + " " + Reason(0).String(); !strings.HasPrefix(got, "added+retried delayed Reason(0)") {
		t.Error(got)
	}
}

// A key is on its way to a worker at the moment when the worker's context ends.
func TestKeyThatMeetsTheEndOfTheContextIsReturned(t *testing.T) {
	for range 100 {
		q := New[string](Options{})
		_, _, w := q.take()
		q.lock()
		q.add("a", 0, Normal, 0)
		if q.woken != w {
			t.Fatal("the key was not given to the worker that waits")
		}
		ended := make(chan struct{})
		close(ended)
		var wg sync.WaitGroup
		wg.Go(q.unlock)
		key, _, got := q.await(w, ended)
		wg.Wait()
		if key != "a" || !got || len(w.wake) > 0 {
			t.Fatalf("got %q, %v, and %d more wake-ups", key, got, len(w.wake))
		}
	}
}
