package cache

import (
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

func TestCoalescedDeliveryGoesFromTheLastStateToTheNewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		c.Set("a", "blocker", "x")
		for _, name := range []string{"updated", "deleted", "recreated", "deletedtwice"} {
			c.Set("a", name, "0")
		}
		i, stop := run(t, c, Options{})
		defer stop()
		h := newRecorder()
		add(t, i, h, HandlerOptions{Coalesce: true})
		synctest.Wait()
		h.mu.Lock()
		h.events = nil
		h.mu.Unlock()
		release := make(chan struct{})
		h.gate = func(event string) {
			if strings.HasPrefix(event, "update a/blocker") {
				<-release
			}
		}
		c.Set("a", "blocker", "y")
		synctest.Wait()
		for n := range 5 {
			c.Set("a", "updated", fmt.Sprint(n))
		}
		c.Delete("a", "deleted")
		c.Delete("a", "recreated")
		c.Set("a", "recreated", "new")
		c.Set("a", "recreated", "newer")
		c.Set("a", "added", "1")
		c.Set("a", "added", "2")
		c.Set("a", "unseen", "1")
		c.Set("a", "unseen", "2")
		c.Delete("a", "unseen")
		c.Delete("a", "deletedtwice")
		c.Set("a", "deletedtwice", "1")
		c.Delete("a", "deletedtwice")
		synctest.Wait()
		if s := i.Status().Handlers[0]; !s.Coalescing || s.Pending != 6 || s.FellBehind != 0 {
			t.Errorf("status %+v", s)
		}
		close(release)
		synctest.Wait()
		want := []string{"update a/blocker=y", "update a/updated=4", "delete a/deleted=0", "delete a/recreated=0", "add a/recreated=newer",
			"add a/added=2", "add a/unseen=2", "delete a/unseen=2", "delete a/deletedtwice=0"}
		if got := h.log(); !slices.Equal(got, want) {
			t.Errorf("have %q\nwant %q", got, want)
		}
		h.check(t, c.Objects())
	})
}

func TestObjectsThatCameAndWentAreDroppedWhereTheHandlerWantsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		i, stop := run(t, c, Options{})
		defer stop()
		h := newRecorder()
		release := make(chan struct{})
		h.gate = func(string) { <-release }
		add(t, i, h, HandlerOptions{Coalesce: true, DropUnseen: true})
		synctest.Wait()
		c.Set("a", "blocker", "x")
		synctest.Wait()
		for n := range 100 {
			c.Set("a", "unseen", fmt.Sprint(n))
			c.Delete("a", "unseen")
		}
		c.Set("a", "last", "1")
		c.Delete("a", "last")
		c.Set("a", "last", "2")
		synctest.Wait()
		if s := i.Status().Handlers[0]; s.Pending != 1 {
			t.Errorf("status %+v", s)
		}
		close(release)
		synctest.Wait()
		if got, want := h.log(), []string{"add a/blocker=x", "add a/last=2"}; !slices.Equal(got, want) {
			t.Errorf("have %q\nwant %q", got, want)
		}
	})
}

// leftBehind returns an informer with a handler that is blocked, and so far behind that its notices are coalesced.
func leftBehind(t *testing.T, c *served.Collection, opts HandlerOptions) (i *SharedIndexInformer, h *recorder, r *Registration, release chan struct{}, stop func()) {
	t.Helper()
	i = New(corev1.ConfigMaps.Definition(), c, Options{JournalBytes: 100 << 10})
	h = newRecorder()
	release = make(chan struct{})
	h.gate = func(event string) {
		if !strings.Contains(event, "initial") {
			<-release
		}
	}
	r = add(t, i, h, opts)
	stop = start(t, i)
	synctest.Wait()
	for n := range 500 {
		c.Set("a", fmt.Sprint(n%10), strings.Repeat("x", 1000)+fmt.Sprint(n))
	}
	synctest.Wait()
	return i, h, r, release, stop
}

func TestAHandlerThatIsTooFarBehindIsCoalescedUntilItHasCaughtUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		for n := range 10 {
			c.Set("a", fmt.Sprint(n), "0")
		}
		i, h, r, release, stop := leftBehind(t, c, HandlerOptions{})
		defer stop()
		if s := r.Status(); !s.Coalescing || s.FellBehind != 1 || s.Pending < 9 || s.Pending > 10 || s.LagBytes == 0 || s.Since.IsZero() {
			t.Fatalf("status %+v", s)
		}
		fast := newRecorder()
		add(t, i, fast, HandlerOptions{})
		close(release)
		synctest.Wait()
		if s := r.Status(); s.Coalescing || s.FellBehind != 1 || s.Pending != 0 {
			t.Errorf("status %+v", s)
		}
		before := len(h.log())
		if before > 10+1+10 {
			t.Errorf("%d calls, though changes were coalesced", before)
		}
		for n := range 5 {
			c.Set("a", "1", fmt.Sprint(n))
		}
		synctest.Wait()
		if n := len(h.log()); n != before+5 {
			t.Errorf("%d calls for 5 events after it had caught up", n-before)
		}
		h.check(t, c.Objects())
		fast.check(t, c.Objects())
	})
}

func TestAHandlerIsNotCoalescedBecauseAnotherOneLags(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		i := New(corev1.ConfigMaps.Definition(), c, Options{JournalBytes: 50 << 10})
		slow, fast := newRecorder(), newRecorder()
		release := make(chan struct{})
		slow.gate = func(string) { <-release }
		add(t, i, slow, HandlerOptions{Name: "slow"})
		add(t, i, fast, HandlerOptions{Name: "fast"})
		defer start(t, i)()
		synctest.Wait()
		for n := range 300 {
			c.Set("a", fmt.Sprint(n%10), strings.Repeat("x", 1000))
			synctest.Wait()
		}
		for _, s := range i.Status().Handlers {
			if s.Coalescing != (s.Name == "slow") {
				t.Errorf("status %+v", s)
			}
		}
		if n := len(fast.log()); n != 300 {
			t.Errorf("the fast handler was told %d of 300 events", n)
		}
		close(release)
		synctest.Wait()
		slow.check(t, c.Objects())
	})
}

func TestASlowHandlerThatStaysWithinTheBoundGetsEveryEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		i, stop := run(t, c, Options{})
		defer stop()
		h := newRecorder()
		h.gate = func(string) { time.Sleep(time.Second) }
		r := add(t, i, h, HandlerOptions{})
		synctest.Wait()
		for n := range 100 {
			c.Set("a", "1", fmt.Sprint(n))
		}
		synctest.Wait()
		if s := r.Status(); s.Pending < 98 || s.LagBytes == 0 || s.Coalescing {
			t.Errorf("status %+v", s)
		}
		time.Sleep(2 * time.Minute)
		if n := len(h.log()); n != 100 {
			t.Errorf("%d of 100 events", n)
		}
		if s := r.Status(); s.Pending != 0 || s.LagBytes != 0 {
			t.Errorf("status %+v", s)
		}
	})
}

func TestAHandlerThatFallsBehindInItsInitialStateSyncsWhenItHasHadIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		for n := range 20 {
			c.Set("a", fmt.Sprint(n), "0")
		}
		i := New(corev1.ConfigMaps.Definition(), c, Options{JournalBytes: 20 << 10})
		h := newRecorder()
		step := make(chan struct{})
		h.gate = func(string) { <-step }
		r := add(t, i, h, HandlerOptions{})
		defer start(t, i)()
		synctest.Wait()
		for n := range 200 {
			c.Set("a", fmt.Sprint(10+n%15), strings.Repeat("y", 1000))
			synctest.Wait()
		}
		c.Delete("a", "19")
		synctest.Wait()
		if s := r.Status(); !s.Coalescing || s.Synced {
			t.Fatalf("status %+v", s)
		}
		// One initial object was being delivered, 19 are pending, of which one came and went: that takes two calls.
		for range 20 {
			step <- struct{}{}
			synctest.Wait()
		}
		if r.HasSynced() {
			t.Error("the handler has synced before all of the initial state")
		}
		step <- struct{}{}
		synctest.Wait()
		if !r.HasSynced() {
			t.Errorf("the handler has not synced after all of the initial state: %q", h.log())
		}
		close(step)
		synctest.Wait()
		h.check(t, c.Objects())
	})
}

func TestAHandlerThatIsRemovedWhileItIsBehindIsCalledNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, h, r, release, stop := leftBehind(t, served.New(t), HandlerOptions{})
		defer stop()
		r.Remove()
		close(release)
		if err := r.Wait(t.Context()); err != nil {
			t.Error(err)
		}
		if n := len(h.log()); n != 1 {
			t.Errorf("%d calls", n)
		}
	})
}

func TestWhatAHandlerThatNeverReturnsKeepsAliveIsCutDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		for n := range 100 {
			c.Set("a", fmt.Sprint(n), strings.Repeat("0", 1000))
		}
		i := New(corev1.ConfigMaps.Definition(), c, Options{JournalBytes: 100 << 10})
		h := &cutting{recorder: newRecorder()}
		release := make(chan struct{})
		h.gate = func(event string) {
			if !strings.Contains(event, "initial") {
				<-release
			}
		}
		r := add(t, i, h, HandlerOptions{Coalesce: true})
		defer start(t, i)()
		synctest.Wait()
		for n := range 300 {
			c.Set("a", fmt.Sprint(n%100), strings.Repeat("1", 1000)+fmt.Sprint(n))
		}
		for n := range 10 {
			c.Delete("a", fmt.Sprint(50+n))
		}
		synctest.Wait()
		if s := r.Status(); s.LagBytes > 250<<10 || s.Skeletons < 50 || s.Pending < 99 {
			t.Errorf("status %+v", s)
		}
		if err := i.Check(); err != nil {
			t.Error(err)
		}
		close(release)
		synctest.Wait()
		for _, fault := range h.faults {
			if !strings.HasPrefix(fault, "update of") || !strings.Contains(fault, "from") {
				t.Error(fault)
			}
		}
		if h.skeletons == 0 || len(h.known) != 90 {
			t.Errorf("%d skeletons, %d objects known", h.skeletons, len(h.known))
		}
	})
}

// cutting is a handler that checks that skeletons say what they are.
type cutting struct {
	*recorder
	skeletons int
}

func (h *cutting) OnUpdate(old, new resource.Object, resync bool) {
	h.recorder.OnUpdate(old, new, resync)
	h.look(old)
}

func (h *cutting) OnDelete(last resource.Object, finalStateUnknown bool) {
	h.recorder.OnDelete(last, finalStateUnknown)
	if h.look(last) && !finalStateUnknown {
		h.fault("a skeleton is no final state")
	}
}

func (h *cutting) look(o resource.Object) bool {
	if o.(*v1.ConfigMap).Data != nil {
		return false
	}
	h.skeletons++
	if o.GetName() == "" || o.GetNamespace() == "" || o.GetUID() == "" || o.GetResourceVersion() == "" || o.GetLabels() == nil ||
		o.GetObjectKind().GroupVersionKind().Kind != "ConfigMap" {
		h.fault("skeleton %v", o)
	}
	return true
}
