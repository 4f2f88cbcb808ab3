package cache

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/cache/delta"
	"github.com/sheaf-dev/sheaf/cache/internal/served"
	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/cache/store"
	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
)

func key(text string) resource.Key {
	k, err := resource.ParseKey(text)
	if err != nil {
		panic(err)
	}
	return k
}

func bad(o resource.Object) bool { return o.(*v1.ConfigMap).Data["value"] == "bad" }

// refusing is a transform that refuses bad objects.
func refusing(calls map[string]int) delta.Transform {
	return func(o resource.Object) (resource.Object, error) {
		calls[resource.KeyOf(o).String()+"@"+o.GetResourceVersion()]++
		if bad(o) {
			return nil, errors.New("bad value")
		}
		return o, nil
	}
}

func TestAnObjectThatDoesNotDecodeIsStaleAndNeitherBlocksNorBlindsTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		c.Inject(apitest.Fault{Do: apitest.UndecodableIf(bad)})
		c.Set("a", "1", "good")
		c.Set("a", "2", "bad")
		h := newRecorder()
		i := New(corev1.ConfigMaps.Definition(), c, Options{})
		add(t, i, h, HandlerOptions{})
		defer start(t, i)()
		synctest.Wait()
		if !i.HasSynced() {
			t.Fatal("one bad object keeps the informer from syncing")
		}
		c.Set("a", "1", "bad")
		c.Set("a", "3", "good")
		synctest.Wait()
		if got, want := h.log(), []string{"add a/1=good initial", "add a/3=good"}; !slices.Equal(got, want) {
			t.Errorf("have %q, want %q", got, want)
		}
		s := i.Reader().Snapshot()
		if o, ok := s.Get(key("a/1")); !ok || o.(*v1.ConfigMap).Data["value"] != "good" || s.Stale(key("a/1")) == nil {
			t.Errorf("the last good state: %v, stale: %v", o, s.Stale(key("a/1")))
		}
		if _, ok := s.Get(key("a/2")); ok || s.Stale(key("a/2")) == nil {
			t.Error("an object that was never good is not stale")
		}
		if s.ResourceVersion() != c.ResourceVersion() {
			t.Errorf("the store is at %s, the collection at %s", s.ResourceVersion(), c.ResourceVersion())
		}
		status := i.Status()
		if status.QuarantinedCount != 2 || status.Quarantined[0].Key != key("a/1") || !strings.Contains(status.Quarantined[0].Err.Error(), "decode configmaps") {
			t.Errorf("quarantined: %v", status.Quarantined)
		}
	})
}

func TestALaterEventHealsAQuarantinedObject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		c.Inject(apitest.Fault{Do: apitest.UndecodableIf(bad)})
		c.Set("a", "1", "good")
		c.Set("a", "2", "bad")
		c.Set("a", "3", "bad")
		h := newRecorder()
		i := New(corev1.ConfigMaps.Definition(), c, Options{})
		add(t, i, h, HandlerOptions{})
		defer start(t, i)()
		synctest.Wait()
		c.Set("a", "1", "bad")
		synctest.Wait()
		c.Set("a", "1", "better")
		c.Set("a", "2", "better")
		c.Delete("a", "3")
		synctest.Wait()
		if got, want := h.log(), []string{"add a/1=good initial", "update a/1=better", "add a/2=better"}; !slices.Equal(got, want) {
			t.Errorf("have %q, want %q", got, want)
		}
		if n := i.Status().QuarantinedCount; n != 0 {
			t.Errorf("%d objects are still quarantined", n)
		}
		same(t, i, c)
	})
}

func TestAQuarantinedObjectIsReadAloneWithBackOffUntilItIsGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		c.Set("a", "1", "bad")
		calls := map[string]int{}
		var healthy atomic.Bool
		i := New(corev1.ConfigMaps.Definition(), c, Options{Transform: func(o resource.Object) (resource.Object, error) {
			if healthy.Load() {
				return o, nil
			}
			return refusing(calls)(o)
		}})
		h := newRecorder()
		add(t, i, h, HandlerOptions{})
		defer start(t, i)()
		time.Sleep(time.Minute)
		gets := c.Asked("get")
		if n := len(gets); n < 4 || n > 8 {
			t.Errorf("it was read %d times in the first minute", n)
		}
		time.Sleep(10 * time.Hour)
		later := c.Asked("get")
		if n := len(later) - len(gets); n < 50 || n > 150 { // every 5 to 10 minutes
			t.Errorf("it was read %d times in 10 hours", n)
		}
		if s := i.Status().Quarantined[0]; s.Attempts != len(later) || s.Next.IsZero() || s.Err == nil {
			t.Errorf("status %+v, want %d attempts", s, len(later))
		}
		healthy.Store(true)
		time.Sleep(11 * time.Minute)
		same(t, i, c)
		if got, want := h.log(), []string{"add a/1=bad"}; !slices.Equal(got, want) {
			t.Errorf("have %q, want %q", got, want)
		}
		if n := i.Status().QuarantinedCount; n != 0 {
			t.Errorf("%d objects are still quarantined", n)
		}
		gets = c.Asked("get")
		time.Sleep(10 * time.Hour)
		if later = c.Asked("get"); len(later) != len(gets) {
			t.Error("a healed object is still read")
		}
	})
}

func TestAStateReadAloneIsNotOverwrittenByTheStreamsPast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		c.Set("a", "1", "good")
		calls := map[string]int{}
		h := newRecorder()
		i := New(corev1.ConfigMaps.Definition(), c, Options{Transform: refusing(calls)})
		add(t, i, h, HandlerOptions{})
		defer start(t, i)()
		synctest.Wait()
		c.Set("a", "1", "bad")
		synctest.Wait()
		c.Hold() // the stream stays behind
		c.Set("a", "1", "old")
		c.Set("a", "1", "new")
		time.Sleep(time.Minute)
		same(t, i, c)
		c.Release()
		c.Set("a", "1", "newest")
		synctest.Wait()
		same(t, i, c)
		if got, want := h.log(), []string{"add a/1=good initial", "update a/1=new", "update a/1=newest"}; !slices.Equal(got, want) {
			t.Errorf("have %q, want %q", got, want)
		}
		for version, n := range calls {
			if n != 1 {
				t.Errorf("%s was transformed %d times", version, n)
			}
		}
	})
}

func TestAnObjectThatVanishesWhileItIsQuarantinedIsDeletedByTheStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		c.Inject(apitest.Fault{Do: apitest.UndecodableIf(bad)})
		c.Set("a", "1", "good")
		h := newRecorder()
		i := New(corev1.ConfigMaps.Definition(), c, Options{})
		add(t, i, h, HandlerOptions{})
		defer start(t, i)()
		synctest.Wait()
		c.Set("a", "1", "bad")
		c.Delete("a", "1") // its last state does not decode either
		synctest.Wait()
		if got, want := h.log(), []string{"add a/1=good initial", "delete a/1=good unknown"}; !slices.Equal(got, want) {
			t.Errorf("have %q, want %q", got, want)
		}
		if n := i.Status().QuarantinedCount; n != 0 || i.Reader().Stale(key("a/1")) != nil {
			t.Errorf("%d objects are still quarantined", n)
		}
	})
}

// withNameless runs a test with an informer of three objects, of a server that sends those that are bad without a readable name.
func withNameless(t *testing.T, test func(t *testing.T, c *served.Collection, i *SharedIndexInformer, h *recorder)) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		c.Inject(apitest.Fault{Do: apitest.NamelessIf(bad)})
		c.Set("a", "gone", "x")
		c.Set("a", "nameless", "x")
		c.Set("a", "plain", "x")
		h := newRecorder()
		i := New(corev1.ConfigMaps.Definition(), c, Options{})
		add(t, i, h, HandlerOptions{})
		defer start(t, i)()
		synctest.Wait()
		test(t, c, i, h)
	})
}

func TestAListWithANamelessObjectDeletesNothingWithoutAsking(t *testing.T) {
	withNameless(t, func(t *testing.T, c *served.Collection, i *SharedIndexInformer, h *recorder) {
		c.Hold()
		c.Set("a", "nameless", "bad")
		c.Delete("a", "gone")
		c.Compact()
		c.End(apierrors.NewResourceExpired("too old"))
		c.Release()
		synctest.Wait()
		status := i.Status()
		if status.Nameless == 0 || status.LastNameless == nil || status.QuarantinedCount != 2 || i.Reader().Len() != 3 {
			t.Errorf("status %+v", status)
		}
		time.Sleep(time.Minute)
		if i.Reader().Len() != 2 || i.Reader().Stale(key("a/nameless")) == nil || i.Reader().Stale(key("a/plain")) != nil {
			t.Errorf("after asking for each: %v", i.Status())
		}
		if got := h.log(); len(got) != 4 || got[3] != "delete a/gone=x unknown" {
			t.Errorf("have %q", got)
		}
		c.Set("a", "nameless", "good")
		synctest.Wait()
		same(t, i, c)
	})
}

func TestAWatchOfANamelessObjectReadsTheStateAgainAndBlindsNobody(t *testing.T) {
	withNameless(t, func(t *testing.T, c *served.Collection, i *SharedIndexInformer, h *recorder) {
		c.Set("a", "nameless", "bad")
		synctest.Wait()
		status := i.Status()
		if status.Nameless == 0 || status.Scopes[0].Reads["event without a name"] != 1 || status.Scopes[0].LastFailure.Class != reflector.Nameless {
			t.Errorf("status %+v", status)
		}
		if i.Reader().Stale(key("a/nameless")) == nil || i.Reader().Stale(key("a/plain")) != nil {
			t.Errorf("what changed without a name is not stale, or something else is: %v", status)
		}
		began := time.Now()
		for n := range 600 { // and again and again, while others change
			c.Set("a", "nameless", "bad")
			c.Set("a", "plain", fmt.Sprint(n))
			time.Sleep(time.Second)
			if o, ok := i.Reader().Get(key("a/plain")); !ok || o.(*v1.ConfigMap).Data["value"] != fmt.Sprint(n) {
				t.Fatalf("%v after the first: %v, %v", time.Since(began), o, i.Status())
			}
		}
		// At once, then after 1 to 2 s, 2 to 4 s, 4 to 8 s, …
		if reads := i.Status().Scopes[0].Reads["event without a name"]; reads < 8 || reads > 11 {
			t.Errorf("the state was read %d times for it in ten minutes", reads)
		}
		c.Delete("a", "gone")
		c.Set("a", "nameless", "good")
		time.Sleep(15 * time.Minute)
		same(t, i, c)
	})
}

func TestASourceThatCannotReadSingleObjectsIsHealedByItsStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		c.Inject(apitest.Fault{Do: apitest.UndecodableIf(bad)})
		c.Set("a", "1", "bad")
		i := New(corev1.ConfigMaps.Definition(), struct{ reflector.ListerWatcher }{c}, Options{})
		defer start(t, i)()
		time.Sleep(time.Hour)
		if s := i.Status(); s.QuarantinedCount != 1 || !s.Quarantined[0].Next.IsZero() {
			t.Errorf("status %+v", s.Quarantined)
		}
		c.Set("a", "1", "good")
		synctest.Wait()
		same(t, i, c)
	})
}

func TestAnIndexFunctionThatFailsLosesNobodysEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		h := newRecorder()
		i := New(corev1.ConfigMaps.Definition(), c, Options{})
		add(t, i, h, HandlerOptions{})
		defer start(t, i)()
		synctest.Wait()
		if err := i.AddIndexers(map[string]store.IndexFunc{"value": func(o resource.Object) ([]string, error) {
			if bad(o) {
				panic("bad value")
			}
			return []string{"fine"}, nil
		}}); err != nil {
			t.Fatal(err)
		}
		c.Set("a", "1", "good")
		c.Set("a", "2", "bad")
		synctest.Wait()
		h.check(t, c.Objects())
		same(t, i, c)
		found, err := i.Reader().ByIndex("value", "fine")
		if err != nil || len(found) != 1 {
			t.Errorf("the index finds %v, %v", found, err)
		}
		if errs := i.Status().IndexErrors; len(errs) != 1 || errs[0].Key != key("a/2") || errs[0].Index != "value" {
			t.Errorf("index errors %v", errs)
		}
	})
}

func TestEveryVersionIsTransformedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		calls := map[string]int{}
		for n := range 10 {
			c.Set("a", fmt.Sprint(n), "x")
		}
		i, stop := run(t, c, Options{Transform: refusing(calls)})
		defer stop()
		for n := range 20 {
			synctest.Wait()
			c.Set("a", fmt.Sprint(n%12), fmt.Sprint(n))
			if n%3 == 0 {
				c.Compact()
				c.End(apierrors.NewResourceExpired("too old"))
			}
		}
		time.Sleep(time.Minute)
		same(t, i, c)
		for version, n := range calls {
			if n != 1 {
				t.Errorf("%s was transformed %d times", version, n)
			}
		}
		if len(calls) != 30 {
			t.Errorf("%d versions were transformed, of 30", len(calls))
		}
	})
}
