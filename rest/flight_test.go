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
		var f flight[int]
		calls := 0
		slow := func(ctx context.Context) (int, error) {
			calls++
			return calls, pause(ctx, time.Second)
		}
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				if n, err := f.do(t.Context(), slow); n != 1 || err != nil {
					t.Errorf("got %d, %v", n, err)
				}
			})
		}
		all.Wait()
		if n, err := f.do(t.Context(), slow); n != 2 || err != nil {
			t.Errorf("the next call is a new one: %d, %v", n, err)
		}
	})
}

func TestACallEndsWithItsLastCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f flight[int]
		var ended atomic.Int32
		until := func(ctx context.Context) (int, error) {
			<-ctx.Done()
			ended.Add(1)
			return 0, ctx.Err()
		}
		first, leaveFirst := context.WithCancelCause(t.Context())
		second, leaveSecond := context.WithTimeout(t.Context(), time.Second)
		defer leaveSecond()
		why := errors.New("no patience")
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := f.do(first, until); err != why {
				t.Errorf("got %v", err)
			}
		})
		all.Go(func() {
			if _, err := f.do(second, until); !errors.Is(err, context.DeadlineExceeded) {
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
		if n, err := f.do(t.Context(), func(context.Context) (int, error) { return 7, nil }); n != 7 || err != nil {
			t.Errorf("the next call is a new one: %d, %v", n, err)
		}
	})
}

func TestACallThatMustBeFinishedOutlivesItsCallersAndIsJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := flight[int]{finish: true}
		calls := 0
		slow := func(ctx context.Context) (int, error) {
			calls++
			return calls, pause(ctx, 3*time.Second)
		}
		for range 2 {
			ctx, leave := context.WithTimeout(t.Context(), time.Second)
			if _, err := f.do(ctx, slow); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			leave()
		}
		start := time.Now()
		if n, err := f.do(t.Context(), slow); n != 1 || err != nil || time.Since(start) != time.Second {
			t.Errorf("got %d, %v after %v", n, err, time.Since(start))
		}
		if n, err := f.do(t.Context(), slow); n != 2 || err != nil {
			t.Errorf("the next call is a new one: %d, %v", n, err)
		}
	})
}
