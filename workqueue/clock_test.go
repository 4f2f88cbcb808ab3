package workqueue

import (
	"testing"
	"testing/synctest"
	"time"
)

// However long a key is worked on before the next one is taken, the time of its start is right to a grain.
func TestStartOfARunIsKnownToAGrainWithoutMetrics(t *testing.T) {
	for _, pause := range []time.Duration{0, time.Nanosecond, time.Millisecond, grain - 1, grain, grain + 1, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			q := New[int](Options{})
			for i := range 100 {
				q.Add(i)
				take(t, q)
				time.Sleep(pause / 2)
				if late := time.Since(q.Snapshot().Keys[0].Running); late < pause/2 || late > pause/2+grain {
					t.Fatalf("pause %v, run %d: it began %v ago and the queue says %v", pause, i, pause/2, late)
				}
				q.Done(i)
				time.Sleep(pause - pause/2)
			}
		})
	}
}

// A queue that keeps up does not even hash its keys, one with a backlog does, and none forgets a key on the way from one to the other.
func TestTableHashesOnlyWhenItHoldsMoreThanAFew(t *testing.T) {
	q := New[int](Options{})
	for round := range 3 {
		for n := range 3 * few {
			q.Add(n)
			q.Add(n)
			if hashed := q.items.hashed.Load(); hashed != (n >= few) {
				t.Fatalf("round %d: with %d keys hashed: %v", round, n+1, hashed)
			}
			if err := q.check(); err != nil {
				t.Fatal(err)
			}
		}
		for n, key := range drain(t, q, 3*few) {
			if n != key {
				t.Fatalf("round %d: key %d came as number %d", round, key, n)
			}
		}
		if err := q.check(); err != nil || q.items.hashed.Load() {
			t.Fatalf("the empty table is hashed, %v", err)
		}
	}
}

// The hash is computed without the lock; meanwhile the table may begin to need it.
func TestKeyWhoseHashIsNotKnownIsFoundAmongMany(t *testing.T) {
	q := New[int](Options{})
	early := q.items.hashOf(0)
	for n := range 3 * few {
		q.Add(n)
	}
	if late := q.items.hashOf(0); early != 0 || late == 0 {
		t.Fatalf("the hash was %d and is %d", early, late)
	}
	for n := range 3 * few {
		if it := q.items.obtain(n, early); it.key != n || !it.has(queued) {
			t.Fatalf("%d is not found", n)
		}
	}
	it := q.items.obtain(-1, early)
	it.requeues = 1
	if err := q.check(); err != nil {
		t.Fatal(err)
	}
}
