//go:build unix

package cache

import (
	"context"
	"sync"
	"syscall"
	"testing"
	"time"

	"k8s.io/klog/v2"

	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
)

// cpu is the processor time that this process has used.
func cpu(t *testing.T) time.Duration {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func TestAFurtherHandlerCostsAnEventAtMostAFifthOfAMicrosecond(t *testing.T) {
	events, bound := 100_000, 200*time.Nanosecond
	if raceDetector { // it makes all of this ten times dearer
		events, bound = 10_000, 20*200*time.Nanosecond
	}
	cost := func(handlers int) time.Duration {
		best := time.Hour
		for range 3 {
			best = min(best, costOf(t, handlers, events))
		}
		return best
	}
	one, many := cost(1), cost(64)
	each := (many - one) / 63 / time.Duration(events)
	t.Logf("an event takes %v of processor time with one handler, and %v more for each further one", one/time.Duration(events), each)
	if each > bound {
		t.Errorf("a further handler costs an event %v", each)
	}
}

// costOf is the processor time that it takes to tell some handlers some events.
func costOf(t *testing.T, handlers, events int) time.Duration {
	g := newGenerator(1000)
	i := New(corev1.ConfigMaps.Definition(), g, Options{JournalBytes: 1 << 40})
	ctx, cancel := context.WithCancel(klog.NewContext(t.Context(), klog.New(nil)))
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	var all []*counting
	for range handlers {
		h := &counting{target: events, done: make(chan struct{})}
		add(t, i, h, HandlerOptions{})
		all = append(all, h)
	}
	running.Go(func() {
		if err := i.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	<-i.Synced()
	begin := cpu(t)
	g.updates <- events
	for _, h := range all {
		<-h.done
	}
	return cpu(t) - begin
}
