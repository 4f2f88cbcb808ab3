package delta

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"

	"github.com/sheaf-dev/sheaf/resource"
)

func updated(name string, version, size int) Delta {
	return Delta{Type: Updated, Key: resource.Key{Name: name}, ResourceVersion: fmt.Sprint(version), Size: size}
}

func bookmark(version int) Delta { return Delta{Type: Bookmark, ResourceVersion: fmt.Sprint(version)} }

func push(t *testing.T, q *Queue, deltas ...Delta) {
	t.Helper()
	for _, d := range deltas {
		if err := q.Push(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		if err := q.check(); err != nil {
			t.Fatal(err)
		}
	}
}

func pop(t *testing.T, q *Queue) []Delta {
	t.Helper()
	batch, err := q.Pop(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := q.check(); err != nil {
		t.Fatal(err)
	}
	q.Done()
	if err := q.check(); err != nil {
		t.Fatal(err)
	}
	return batch
}

func TestDeltasComeOutInTheOrderInWhichTheyWentIn(t *testing.T) {
	q := New(Options{})
	for v := range 2500 {
		push(t, q, updated(fmt.Sprint("k", v%7), v, 10))
	}
	want := 0
	for want < 2500 {
		batch := pop(t, q)
		if len(batch) > MaxBatch {
			t.Fatalf("a batch of %d", len(batch))
		}
		for _, d := range batch {
			if d.ResourceVersion != fmt.Sprint(want) {
				t.Fatalf("have %s, want %d", d.ResourceVersion, want)
			}
			want++
		}
	}
}

func TestAFullStateIsABatchOfItsOwn(t *testing.T) {
	q := New(Options{})
	full := Delta{Type: Replaced, Items: []Item{}, ResourceVersion: "2"}
	push(t, q, updated("a", 1, 1), full, full, updated("a", 3, 1))
	for i, want := range []int{1, 1, 1, 1} {
		if batch := pop(t, q); len(batch) != want {
			t.Errorf("batch %d has %d deltas", i, len(batch))
		}
	}
}

func TestBookmarksThatFollowEachOtherAreOne(t *testing.T) {
	q := New(Options{})
	push(t, q, bookmark(1), bookmark(2), updated("a", 3, 1), bookmark(4), bookmark(5))
	batch := pop(t, q)
	if len(batch) != 3 || batch[0].ResourceVersion != "2" || batch[2].ResourceVersion != "5" {
		t.Errorf("have %v", batch)
	}
}

func TestAPushIntoAFullQueueWaitsForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New(Options{MaxBytes: 3 * (overhead + 100)})
		push(t, q, updated("a", 1, 100), updated("a", 2, 100), updated("a", 3, 100))
		pushed := false
		go func() {
			if err := q.Push(t.Context(), updated("a", 4, 100)); err != nil {
				t.Error(err)
			}
			pushed = true
		}()
		synctest.Wait()
		if pushed {
			t.Error("the queue took more than its bound")
		}
		pop(t, q)
		synctest.Wait()
		if !pushed {
			t.Error("the push still waits, though there is room")
		}
		if err := q.check(); err != nil {
			t.Error(err)
		}
	})
}

func TestADeltaLargerThanTheBoundIsTakenAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New(Options{MaxBytes: 1000})
		push(t, q, updated("a", 1, 5000))
		ctx, cancel := context.WithCancelCause(t.Context())
		enough := errors.New("enough")
		go func() {
			synctest.Wait()
			cancel(enough)
		}()
		if err := q.Push(ctx, updated("a", 2, 1)); !errors.Is(err, enough) {
			t.Errorf("the push into a full queue: %v", err)
		}
		pop(t, q)
	})
}

func TestAFlushWaitsForWhatWasPushedBeforeIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New(Options{})
		if err := q.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		push(t, q, updated("a", 1, 1))
		flushed := false
		go func() {
			if err := q.Flush(t.Context()); err != nil {
				t.Error(err)
			}
			flushed = true
		}()
		synctest.Wait()
		batch, err := q.Pop(t.Context(), nil)
		if err != nil || len(batch) != 1 {
			t.Fatal(batch, err)
		}
		push(t, q, updated("a", 2, 1)) // after the flush: it does not wait for this
		synctest.Wait()
		if flushed {
			t.Error("a batch that is being applied counts as applied")
		}
		q.Done()
		synctest.Wait()
		if !flushed {
			t.Error("the flush still waits")
		}
	})
}

func TestAPopEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	cancel(enough)
	if _, err := New(Options{}).Pop(ctx, nil); !errors.Is(err, enough) {
		t.Error(err)
	}
}

// TestAnySequenceKeepsTheQueuesInvariants pushes and pops at random.
func TestAnySequenceKeepsTheQueuesInvariants(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 0))
		q := New(Options{MaxBytes: 5000})
		next, want := 0, 0
		for range 300 {
			_, bytes := q.Len()
			switch random.IntN(4) {
			case 0, 1:
				if d := updated("a", next, random.IntN(500)); bytes == 0 || bytes+weight(&d) <= 5000 {
					push(t, q, d)
					next++
				}
			case 2:
				if bytes == 0 {
					push(t, q, Delta{Type: Replaced, Items: []Item{{Size: random.IntN(20000)}}, ResourceVersion: fmt.Sprint(next)})
					next++
				}
			case 3:
				if next == want {
					continue
				}
				for _, d := range pop(t, q) {
					if d.ResourceVersion != fmt.Sprint(want) {
						t.Fatalf("seed %d: have %s, want %d", seed, d.ResourceVersion, want)
					}
					want++
				}
			}
		}
	}
}

func BenchmarkPushPop(b *testing.B) {
	q := New(Options{})
	d := updated("a", 1, 1000)
	var buffer []Delta
	b.ReportAllocs()
	for b.Loop() {
		for range 100 {
			if err := q.Push(b.Context(), d); err != nil {
				b.Fatal(err)
			}
		}
		batch, err := q.Pop(b.Context(), buffer)
		if err != nil || len(batch) != 100 {
			b.Fatal(len(batch), err)
		}
		q.Done()
		buffer = batch
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/delta")
}

func TestAQueueThatIsNeverEmptyDoesNotGrow(t *testing.T) {
	q := New(Options{})
	version := 0
	more := func(n int) {
		for range n {
			version++
			push(t, q, updated("k", version, 10))
		}
	}
	more(1500)
	for want := 1; want < 50_000; {
		for _, d := range pop(t, q) {
			if d.ResourceVersion != fmt.Sprint(want) {
				t.Fatalf("have %s, want %d", d.ResourceVersion, want)
			}
			want++
		}
		more(MaxBatch)
	}
	if n, room := len(q.items)-q.head, cap(q.items); room > 4*n {
		t.Errorf("%d deltas take room for %d", n, room)
	}
}
