package rest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestConcurrentCallersShareOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f flight
		calls := 0
		slow := func(ctx context.Context) error {
			calls++
			return pause(ctx, time.Second)
		}
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				if err := f.do(t.Context(), slow); calls != 1 || err != nil {
					t.Errorf("got %v after %d calls", err, calls)
				}
			})
		}
		all.Wait()
		if err := f.do(t.Context(), slow); calls != 2 || err != nil {
			t.Errorf("the next call is a new one: %v after %d calls", err, calls)
		}
	})
}

func TestACallEndsWithItsLastCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f flight
		var ended atomic.Int32
		until := func(ctx context.Context) error {
			<-ctx.Done()
			ended.Add(1)
			return ctx.Err()
		}
		first, leaveFirst := context.WithCancelCause(t.Context())
		second, leaveSecond := context.WithTimeout(t.Context(), time.Second)
		defer leaveSecond()
		why := errors.New("no patience")
		var all sync.WaitGroup
		all.Go(func() {
			if err := f.do(first, until); err != why {
				t.Errorf("got %v", err)
			}
		})
		all.Go(func() {
			if err := f.do(second, until); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		})
		synctest.Wait()
		leaveFirst(why)
		synctest.Wait()
		if ended.Load() != 0 {
			t.Error("the call ended though somebody waits for it")
		}
		all.Wait()
		synctest.Wait()
		if ended.Load() != 1 {
			t.Error("nobody waits, and the call goes on")
		}
		called := false
		if err := f.do(t.Context(), func(context.Context) error { called = true; return nil }); !called || err != nil {
			t.Errorf("the next call is a new one: %v, %v", called, err)
		}
	})
}

func TestACallThatMustBeFinishedOutlivesItsCallersAndIsJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := flight{finish: true}
		calls := 0
		slow := func(ctx context.Context) error {
			calls++
			return pause(ctx, 3*time.Second)
		}
		for range 2 {
			ctx, leave := context.WithTimeout(t.Context(), time.Second)
			if err := f.do(ctx, slow); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			leave()
		}
		start := time.Now()
		if err := f.do(t.Context(), slow); calls != 1 || err != nil || time.Since(start) != time.Second {
			t.Errorf("got %v after %d calls and %v", err, calls, time.Since(start))
		}
		if err := f.do(t.Context(), slow); calls != 2 || err != nil {
			t.Errorf("the next call is a new one: %v after %d calls", err, calls)
		}
	})
}
