package workqueue

import (
	"testing"
	"testing/synctest"
)

// Who holds the lock does what workers wanted meanwhile, in their order; none of them waits for the lock itself.
func TestWorkersLeaveErrandsToWhoHoldsTheLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		numbers := &recorder{}
		q := New[string](Options{Name: "errands", Metrics: numbers})
		for _, key := range []string{"a", "b", "c"} {
			q.Add(key)
		}
		get := func() string { key, _ := q.Get(t.Context()); return key }
		first := get()
		q.AddRateLimited(first)
		q.Add(first)

		q.lock()
		got := make(chan string, 2)
		go func() { got <- get() }()
		synctest.Wait() // it would not return if Get waited for the lock
		q.Done(first)
		q.Forget(first)
		q.Done("nobody works on it")
		go func() { got <- get() }()
		synctest.Wait()
		if len(got) > 0 {
			t.Error("a key was given to a worker while the lock was held")
		}
		q.unlock()
		if b, c := <-got, <-got; b+c != "bc" && b+c != "cb" {
			t.Errorf("the workers got %s and %s", b, c)
		}
		if err := q.check(); err != nil {
			t.Error(err)
		}
		if next := get(); next != first || q.NumRequeues(first) != 0 {
			t.Errorf("next is %s, with %d requeues", next, q.NumRequeues(first))
		}
		if len(numbers.worked) != 1 || len(numbers.waited) != 4 {
			t.Errorf("the metrics were told of %d works and %d waits", len(numbers.worked), len(numbers.waited))
		}
		if s := q.Stats(); s.Running != 3 || s.Depth != 0 || s.Delayed != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func TestPanicOfTheFlowFunctionInAnErrandLeavesTheQueueUsable(t *testing.T) {
	broken := false
	q := New(Options{}, Flows(func(k string) string {
		if broken && k == "bad" {
			panic("no flow")
		}
		return ""
	}, nil))
	q.Add("bad")
	bad, _ := q.Get(t.Context())
	q.Add(bad) // once more, when it is done
	broken = true
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic is hidden")
			}
		}()
		q.lock()
		defer q.unlock()
		q.Done(bad)
		q.add("good", 0, Normal, 0)
	}()
	if got := drain(t, q, 1); got[0] != "good" {
		t.Errorf("got %v", got)
	}
}

func TestWhatWasLeftIsDoneBeforeAnythingElse(t *testing.T) {
	q := New[string](Options{})
	q.Add("a")
	a, _ := q.Get(t.Context())
	q.mu.Lock()
	q.Done(a)
	q.mu.Unlock() // without a look at what was left: as seen by who takes the lock first
	if s := q.Stats(); s.Running != 0 {
		t.Errorf("%d keys run", s.Running)
	}
	q.Add("b")
	q.mu.Lock()
	_, _, w := q.take()
	q.mu.Unlock()
	if q.help(); q.left.Load() != nil || !q.mu.TryLock() {
		t.Fatal("the errand was not done, or the lock is still taken")
	}
	q.mu.Unlock()
	if b, _, got := q.await(w, nil); b != "b" || !got {
		t.Errorf("the worker got %q, %v", b, got)
	}
}
