package cache

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/sheaf-dev/sheaf/cache/internal/served"
	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
)

func TestNoCallBeginsAfterRemove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		i, stop := run(t, c, Options{})
		defer stop()
		h := newRecorder()
		release := make(chan struct{})
		h.gate = func(event string) {
			if event == "add a/1=x" {
				<-release
			}
		}
		r := add(t, i, h, HandlerOptions{})
		other := newRecorder()
		add(t, i, other, HandlerOptions{})
		synctest.Wait()
		c.Set("a", "1", "x")
		c.Set("a", "2", "x")
		synctest.Wait()
		r.Remove()
		r.Remove()
		waited := false
		go func() {
			if err := r.Wait(t.Context()); err != nil {
				t.Error(err)
			}
			waited = true
		}()
		synctest.Wait()
		if waited {
			t.Error("Wait returned while a call was running")
		}
		close(release)
		synctest.Wait()
		if !waited {
			t.Error("Wait still waits")
		}
		c.Set("a", "3", "x")
		synctest.Wait()
		if got := h.log(); len(got) != 1 {
			t.Errorf("the removed handler was told %q", got)
		}
		other.check(t, c.Objects())
		if n := len(i.Status().Handlers); n != 1 {
			t.Errorf("the status has %d handlers", n)
		}
	})
}

// removing is a handler that removes itself, and waits for that, from inside of a call.
type removing struct {
	*recorder
	registration *Registration
	err          error
}

func (r *removing) OnAdd(o resource.Object, initial bool) {
	r.recorder.OnAdd(o, initial)
	r.registration.Remove()
	r.err = r.registration.Wait(context.Background())
}

func TestAHandlerCanRemoveItselfAndWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		i, stop := run(t, c, Options{})
		defer stop()
		h := &removing{recorder: newRecorder()}
		h.registration = add(t, i, h, HandlerOptions{})
		synctest.Wait()
		c.Set("a", "1", "x")
		c.Set("a", "2", "x")
		synctest.Wait()
		if got := h.log(); len(got) != 1 || h.err != nil {
			t.Errorf("the handler was told %q, and its wait: %v", got, h.err)
		}
		if err := h.registration.Wait(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestAHandlerRemovedBeforeTheStartIsNeverCalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		c.Set("a", "1", "x")
		i := New(corev1.ConfigMaps.Definition(), c, Options{})
		h := newRecorder()
		r := add(t, i, h, HandlerOptions{})
		r.Remove()
		if err := r.Wait(t.Context()); err != nil {
			t.Error(err)
		}
		defer start(t, i)()
		synctest.Wait()
		if got := h.log(); len(got) > 0 {
			t.Errorf("the handler was told %q", got)
		}
	})
}

func TestWaitEndsWithItsContext(t *testing.T) {
	i := New(corev1.ConfigMaps.Definition(), served.New(t), Options{})
	r := add(t, i, newRecorder(), HandlerOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Wait(ctx); err == nil {
		t.Error("Wait returned for a handler that was not removed")
	}
}

func TestAPanicIsCountedAndStopsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		i, stop := run(t, c, Options{})
		defer stop()
		h, other := newRecorder(), newRecorder()
		h.gate = func(event string) {
			if strings.HasPrefix(event, "add a/2") {
				panic("no twos")
			}
		}
		r := add(t, i, h, HandlerOptions{Name: "picky"})
		add(t, i, other, HandlerOptions{})
		synctest.Wait()
		for _, name := range []string{"1", "2", "3"} {
			c.Set("a", name, "x")
		}
		synctest.Wait()
		if got, want := h.log(), []string{"add a/1=x", "add a/3=x"}; !slices.Equal(got, want) {
			t.Errorf("have %q, want %q", got, want)
		}
		other.check(t, c.Objects())
		if s := r.Status(); s.Panics != 1 || s.Calls != 3 || !strings.Contains(s.LastPanic, "a/2") || !strings.Contains(s.LastPanic, "no twos") || s.Name != "picky" {
			t.Errorf("status %+v", s)
		}
	})
}

func TestAFilterMakesAddsAndDeletesOfTransitions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		c.Set("a", "1", "no")
		c.Set("a", "2", "yes")
		i := New(corev1.ConfigMaps.Definition(), c, Options{})
		h := newRecorder()
		add(t, i, h, HandlerOptions{Filter: func(o resource.Object) bool { return o.(*v1.ConfigMap).Data["value"] == "yes" }})
		defer start(t, i)()
		synctest.Wait()
		for _, value := range []string{"yes", "yes", "no", "no", "yes"} {
			c.Set("a", "1", value)
		}
		c.Delete("a", "1")
		c.Set("a", "2", "no")
		c.Delete("a", "2")
		synctest.Wait()
		want := []string{"add a/2=yes initial", "add a/1=yes", "update a/1=yes", "delete a/1=yes", "add a/1=yes", "delete a/1=yes", "delete a/2=yes"}
		if got := h.log(); !slices.Equal(got, want) {
			t.Errorf("have %q\nwant %q", got, want)
		}
		h.check(t, nil)
	})
}

func TestAFilterThatChangesItsMindStillGivesALegalSequence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		i, stop := run(t, c, Options{})
		defer stop()
		h := newRecorder()
		calls := 0
		add(t, i, h, HandlerOptions{Filter: func(resource.Object) bool {
			calls++
			return calls%3 != 0
		}})
		synctest.Wait()
		for n := range 100 {
			c.Set("a", fmt.Sprint(n%7), fmt.Sprint(n))
			if n%5 == 0 {
				c.Delete("a", fmt.Sprint(n%7))
			}
		}
		synctest.Wait()
		for _, fault := range h.faults {
			if !strings.Contains(fault, "update of") || strings.Contains(fault, "not there") {
				t.Error(fault)
			}
		}
	})
}

func TestAResyncDeliversTheCacheAgainAndReadsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		c.Set("a", "1", "x")
		c.Set("a", "2", "x")
		c.Endless = true
		i := New(corev1.ConfigMaps.Definition(), c, Options{Resync: time.Hour})
		often, usual, never := newRecorder(), newRecorder(), newRecorder()
		add(t, i, often, HandlerOptions{Resync: time.Millisecond})
		add(t, i, usual, HandlerOptions{})
		add(t, i, never, HandlerOptions{Resync: -1})
		defer start(t, i)()
		time.Sleep(10*time.Second + time.Millisecond)
		if got := len(often.log()); got != 2+10*2 {
			t.Errorf("%d calls in 10 seconds, with a resync each second", got)
		}
		time.Sleep(time.Hour)
		if got := usual.log(); len(got) != 4 || !strings.HasSuffix(got[3], "resync") {
			t.Errorf("the informer's period: %q", got)
		}
		if got := len(never.log()); got != 2 {
			t.Errorf("%d calls without resync", got)
		}
		for _, h := range []*recorder{often, usual, never} {
			h.check(t, c.Objects())
		}
		if lists, watches := c.Asked("list"), c.Asked("watch"); len(lists)+len(watches) != 1 {
			t.Errorf("%d requests", len(lists)+len(watches))
		}
	})
}

func TestAResyncOfAHandlerThatLagsFitsIntoItsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		for n := range 5 {
			c.Set("a", fmt.Sprint(n), "0")
		}
		i := New(corev1.ConfigMaps.Definition(), c, Options{})
		h := newRecorder()
		h.gate = func(string) { time.Sleep(300 * time.Millisecond) }
		add(t, i, h, HandlerOptions{Resync: time.Second})
		stop := start(t, i)
		for n := range 60 {
			time.Sleep(100 * time.Millisecond)
			if c.Set("a", fmt.Sprint(n%7), fmt.Sprint(n)); n%10 == 0 {
				c.Delete("a", fmt.Sprint(n%7))
			}
		}
		time.Sleep(time.Hour + 100*time.Millisecond)
		stop()
		h.check(t, c.Objects())
	})
}

func TestALateHandlerSyncsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		for n := range 3 {
			c.Set("a", fmt.Sprint(n), "x")
		}
		i, stop := run(t, c, Options{})
		defer stop()
		synctest.Wait()
		for _, opts := range []HandlerOptions{{}, {Coalesce: true}} {
			h := newRecorder()
			h.gate = func(string) { time.Sleep(time.Second) }
			r := add(t, i, h, opts)
			time.Sleep(2500 * time.Millisecond)
			if !i.HasSynced() || r.HasSynced() {
				t.Errorf("after two of three objects: informer %t, handler %t", i.HasSynced(), r.HasSynced())
			}
			time.Sleep(time.Second)
			if !r.HasSynced() {
				t.Errorf("after all objects the handler has not synced (%+v)", opts)
			}
		}
	})
}

func TestAHandlerOfAnEmptyCollectionSyncs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := New(corev1.ConfigMaps.Definition(), served.New(t), Options{})
		early, coalesced := add(t, i, newRecorder(), HandlerOptions{}), add(t, i, newRecorder(), HandlerOptions{Coalesce: true})
		if early.HasSynced() {
			t.Error("a handler has synced before the start")
		}
		defer start(t, i)()
		synctest.Wait()
		late, lateCoalesced := add(t, i, newRecorder(), HandlerOptions{}), add(t, i, newRecorder(), HandlerOptions{Coalesce: true})
		synctest.Wait()
		for n, r := range []*Registration{early, coalesced, late, lateCoalesced} {
			if !r.HasSynced() {
				t.Errorf("handler %d has not synced", n)
			}
		}
	})
}
