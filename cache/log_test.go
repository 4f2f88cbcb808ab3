package cache

import (
	"context"
	"fmt"
	"math/bits"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/klog/v2"
	"k8s.io/klog/v2/ktesting"

	"github.com/sheaf-dev/sheaf/cache/internal/served"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
)

// logged runs an informer with a handler, and returns a function that stops it and says what it has logged.
func logged(t *testing.T, i *SharedIndexInformer) (stop func() string) {
	t.Helper()
	logger := ktesting.NewLogger(t, ktesting.NewConfig(ktesting.BufferLogs(true), ktesting.Verbosity(0)))
	ctx, cancel := context.WithCancel(klog.NewContext(t.Context(), logger))
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := i.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	return func() string {
		cancel()
		<-done
		return logger.GetSink().(ktesting.Underlier).GetBuffer().String()
	}
}

func TestTheLogNamesTheObjectOfAPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		i := New(corev1.ConfigMaps.Definition(), c, Options{})
		h := newRecorder()
		h.gate = func(string) { panic("on purpose") }
		add(t, i, h, HandlerOptions{Name: "clumsy"})
		stop := logged(t, i)
		synctest.Wait()
		c.Set("a", "1", "x")
		synctest.Wait()
		log := stop()
		for _, want := range []string{"on purpose", "a/1", "clumsy", "configmaps/v1"} {
			if strings.Count(log, "A handler panicked") != 1 || !strings.Contains(log, want) {
				t.Errorf("the log does not say %q once:\n%s", want, log)
			}
		}
	})
}

func TestTheLogSaysOnceThatAHandlerFellBehindAndOnceThatItCaughtUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		i := New(corev1.ConfigMaps.Definition(), c, Options{JournalBytes: 50 << 10})
		h := newRecorder()
		release := make(chan struct{})
		h.gate = func(string) { <-release }
		add(t, i, h, HandlerOptions{Name: "slow"})
		stop := logged(t, i)
		synctest.Wait()
		for n := range 500 {
			c.Set("a", fmt.Sprint(n%10), strings.Repeat("x", 1000)+fmt.Sprint(n))
		}
		synctest.Wait()
		close(release)
		synctest.Wait()
		log := stop()
		for _, line := range []string{"A handler is too far behind", "The handler has caught up"} {
			if n := strings.Count(log, line); n != 1 {
				t.Errorf("the log says %d times %q:\n%s", n, line, log)
			}
		}
	})
}

func TestTheLogOfAnOutageSaysWhenItBeginsWhenItFirstCostsTimeAndThenEverMoreRarely(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		i := New(corev1.ConfigMaps.Definition(), c, Options{})
		stop := logged(t, i)
		synctest.Wait()
		c.RefuseConnections(true)
		c.CutConnections()
		time.Sleep(time.Hour)
		failures := i.Status().Scopes[0].LastFailure.Count
		log := stop()
		lines := strings.Count(log, "Reading the collection failed")
		if want := 1 + bits.Len(uint(failures)) - 3; lines != want || failures < 64 || !strings.Contains(log, "connection refused") {
			t.Errorf("%d lines about %d failures, want %d:\n%s", lines, failures, want, log)
		}
	})
}
