package cache

import (
	"context"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"weak"

	v1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"

	"github.com/sheaf-dev/sheaf/cache/internal/served"
	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
)

// changing runs an informer of so many objects until the test ends. Each call of update has so many updates made, of one object after the
// other, and waits until they are stored.
func changing(t *testing.T, objects int, opts Options) (i *SharedIndexInformer, update func(int)) {
	g := newGenerator(objects)
	g.fill = func(*v1.ConfigMap, int) {} // new objects, which nobody else holds
	i = New(corev1.ConfigMaps.Definition(), g, opts)
	ctx, cancel := context.WithCancel(klog.NewContext(t.Context(), klog.New(nil)))
	var running sync.WaitGroup
	t.Cleanup(running.Wait)
	t.Cleanup(cancel)
	running.Go(func() {
		if err := i.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	<-i.Synced()
	version := 9
	return i, func(n int) {
		g.updates <- n
		version += n
		if _, err := i.WaitFor(ctx, strconv.Itoa(version)); err != nil {
			t.Error(err)
		}
	}
}

// held points to the objects of an informer without holding them.
func held(i *SharedIndexInformer) (all []weak.Pointer[v1.ConfigMap]) {
	for o := range i.Reader().All() {
		all = append(all, weak.Make(o.(*v1.ConfigMap)))
	}
	return all
}

// alive counts those that somebody holds.
func alive(all []weak.Pointer[v1.ConfigMap]) (n int) {
	measure()
	for _, w := range all {
		if w.Value() != nil {
			n++
		}
	}
	return n
}

// stuckInAdd is a handler that does not return from its first add until it is released.
type stuckInAdd struct{ release chan struct{} }

func (s stuckInAdd) OnAdd(resource.Object, bool)         { <-s.release }
func (stuckInAdd) OnUpdate(_, _ resource.Object, _ bool) {}
func (stuckInAdd) OnDelete(resource.Object, bool)        {}

func TestTheRegistrationOfARemovedHandlerKeepsNothingAlive(t *testing.T) {
	i, update := changing(t, 100, Options{})
	for _, opts := range []HandlerOptions{{}, {Coalesce: true}} {
		release := make(chan struct{})
		behind := add(t, i, stuckInAdd{release}, opts)
		idle := add(t, i, onUpdate(func() {}), opts)
		<-idle.Synced()
		idle.Remove()
		behind.Remove()
		close(release)
		if err := behind.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		update(100)
		old := held(i)
		update(5 * maxSegment)
		if n := alive(old); n > 0 {
			t.Errorf("%+v: %d of %d objects are kept alive", opts, n, len(old))
		}
		for _, r := range []*Registration{behind, idle} {
			if s := r.Status(); s.Pending != 0 || s.LagBytes != 0 || s.Coalescing {
				t.Errorf("status %+v", s)
			}
		}
	}
}

func TestALateHandlerThatIsStuckDoesNotKeepTheWholeOldStateAlive(t *testing.T) {
	i, update := changing(t, 5*maxSegment, Options{JournalBytes: 64 << 10})
	release := make(chan struct{})
	defer close(release)
	r := add(t, i, stuckInAdd{release}, HandlerOptions{})
	if s := r.Status(); s.Pending < 5*maxSegment-1 {
		t.Errorf("status %+v", s)
	}
	old := held(i)
	update(10 * maxSegment)
	if s := r.Status(); !s.Coalescing || s.Pending < 5*maxSegment-1 {
		t.Errorf("status %+v", s)
	}
	if n := alive(old); n > maxSegment {
		t.Errorf("%d of %d objects are kept alive", n, len(old))
	}
	runtime.KeepAlive(r)
}

// returns ends the calls of a gated handler, the first of which is its last initial one, and checks that it has synced then, and heard of everything.
func returns(t *testing.T, release chan struct{}, r *Registration, h *recorder, c *served.Collection) {
	t.Helper()
	release <- struct{}{}
	synctest.Wait()
	if !r.HasSynced() {
		t.Error("it has not synced although its initial call has returned")
	}
	close(release)
	synctest.Wait()
	h.check(t, c.Objects())
}

func TestACoalescedHandlerHasSyncedWhenItsLastInitialCallHasReturned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		c.Set("a", "1", "old")
		i, stop := run(t, c, Options{})
		defer stop()
		synctest.Wait()
		release := make(chan struct{})
		h := newRecorder()
		h.gate = func(string) { <-release }
		r := add(t, i, h, HandlerOptions{Coalesce: true})
		synctest.Wait()
		c.Set("a", "2", "new")
		synctest.Wait()
		if r.HasSynced() {
			t.Error("it has synced while its initial call runs")
		}
		returns(t, release, r, h, c)
	})
}

func TestAHandlerThatFallsBehindInItsLastInitialCallSyncsWhenThatHasReturned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		c.Set("a", "1", "old")
		release := make(chan struct{})
		h := newRecorder()
		h.gate = func(string) { <-release }
		i := New(corev1.ConfigMaps.Definition(), c, Options{JournalBytes: 1})
		r := add(t, i, h, HandlerOptions{})
		defer start(t, i)()
		synctest.Wait()
		for range 3 {
			c.Set("a", "2", "new")
			synctest.Wait()
		}
		if s := r.Status(); !s.Coalescing || s.Synced {
			t.Errorf("status %+v", s)
		}
		returns(t, release, r, h, c)
	})
}
