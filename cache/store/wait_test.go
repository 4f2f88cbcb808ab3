package store

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sheaf-dev/sheaf/resource"
)

// waiting starts WaitFor and returns a function that says whether it has returned, and with what.
func waiting(ctx context.Context, r *Reader, version string) func() (snapshot Snapshot, returned bool, err error) {
	done := make(chan struct{})
	var snapshot Snapshot
	var err error
	go func() {
		snapshot, err = r.WaitFor(ctx, version)
		close(done)
	}()
	return func() (Snapshot, bool, error) {
		synctest.Wait()
		select {
		case <-done:
			return snapshot, true, err
		default:
			return Snapshot{}, false, nil
		}
	}
}

func TestWaitForReturnsWhenTheVersionIsReachedOrPassed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r := New(Options{})
		exact, passed := waiting(t.Context(), r, "9"), waiting(t.Context(), r, "101")
		w.Apply(nil, "8")
		if _, returned, _ := exact(); returned {
			t.Fatal("8 is taken for 9")
		}
		w.Apply(nil, "9")
		if s, returned, err := exact(); !returned || err != nil || s.ResourceVersion() != "9" {
			t.Fatalf("at 9: %t %v", returned, err)
		}
		w.Apply(nil, "99") // as text, 99 is after 101
		if _, returned, _ := passed(); returned {
			t.Fatal("99 is taken for 101")
		}
		w.Replace(nil, "102")
		if s, returned, err := passed(); !returned || err != nil || s.ResourceVersion() != "102" {
			t.Fatalf("at 102: %t %v", returned, err)
		}
	})
}

func TestWaitForWhatIsReachedAlreadyReturnsAtOnce(t *testing.T) {
	w, r := New(Options{})
	for _, version := range []string{"", "0"} {
		if _, err := r.WaitFor(t.Context(), version); err != nil {
			t.Errorf("%q in an empty store: %v", version, err)
		}
	}
	w.Apply(nil, "7")
	for _, version := range []string{"", "0", "6", "7"} {
		if s, err := r.WaitFor(t.Context(), version); err != nil || s.ResourceVersion() != "7" {
			t.Errorf("%q: %v", version, err)
		}
	}
}

func TestWaitForEndsWithItsContextAndSaysHowFarItCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r := New(Options{})
		w.Apply(nil, "7")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := r.WaitFor(ctx, "8")
		if !errors.Is(err, context.DeadlineExceeded) || err.Error() != `wait for resourceVersion "8", reached "7": context deadline exceeded` {
			t.Errorf("error %v", err)
		}
		if n := r.core.waits.count.Load(); n != 0 || len(r.core.waits.waiting) != 0 {
			t.Errorf("%d still wait", n)
		}
	})
}

func TestAVersionWithoutOrderIsReachedByItselfOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r := New(Options{})
		w.Apply(nil, "5")
		snapshot, written, deleted := waiting(t.Context(), r, "v-c"), waiting(t.Context(), r, "v-a"), waiting(t.Context(), r, "v-b")
		synctest.Wait()
		one, two := object("a", "one", nil), object("a", "two", nil)
		one.ResourceVersion, two.ResourceVersion = "v-a", "v-b"
		w.Apply([]Change{put(one)}, "v-aa")
		if _, returned, err := written(); !returned || err != nil {
			t.Errorf("an object of the batch has the version: %t %v", returned, err)
		}
		if _, returned, _ := deleted(); returned {
			t.Error("v-b is reached early")
		}
		w.Apply([]Change{{Op: Delete, Key: resource.KeyOf(two), Object: two}}, "v-bb")
		if _, returned, err := deleted(); !returned || err != nil {
			t.Errorf("the deleted object has the version: %t %v", returned, err)
		}
		if _, err := r.WaitFor(t.Context(), "v-a"); err != nil {
			t.Errorf("an object of the store has the version: %v", err)
		}
		if _, returned, _ := snapshot(); returned {
			t.Error("v-c is reached early")
		}
		w.Apply(nil, "v-c")
		if s, returned, err := snapshot(); !returned || err != nil || s.ResourceVersion() != "v-c" {
			t.Errorf("the snapshot has the version: %t %v", returned, err)
		}
	})
}

func TestManyCanWaitForDifferentVersions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r := New(Options{})
		var all []func() (Snapshot, bool, error)
		for i := range 9 {
			all = append(all, waiting(t.Context(), r, string(rune('1'+i))))
		}
		for i := range 9 {
			w.Apply(nil, string(rune('1'+i)))
			for j, one := range all {
				if _, returned, err := one(); returned != (j <= i) || err != nil {
					t.Fatalf("at version %d, %d has returned: %t, %v", i+1, j+1, returned, err)
				}
			}
		}
	})
}
