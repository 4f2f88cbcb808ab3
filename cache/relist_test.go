package cache

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/cache/internal/served"
	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
)

// relist makes the informer read the full state again.
func relist(c *served.Collection) {
	c.Compact()
	c.End(apierrors.NewResourceExpired("too old"))
	synctest.Wait()
}

func TestWhatIsUnchangedKeepsItsPointerAndNobodyIsCalled(t *testing.T) {
	for _, streaming := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			c := served.New(t)
			c.Set("a", "1", "x")
			c.Set("a", "2", "x")
			h := newRecorder()
			i := New(corev1.ConfigMaps.Definition(), c, Options{Reflector: reflector.Options{NoStreaming: !streaming}})
			add(t, i, h, HandlerOptions{})
			defer start(t, i)()
			synctest.Wait()
			before, _ := i.Reader().Get(key("a/1"))
			calls := len(h.log())
			relist(c)
			after, _ := i.Reader().Get(key("a/1"))
			if before == nil || before != after {
				t.Errorf("the pointer changed from %p to %p", before, after)
			}
			if got := h.log(); len(got) != calls {
				t.Errorf("calls: %q", got[calls:])
			}
			if reads := i.Status().Scopes[0].Reads; reads["expired"] != 1 {
				t.Errorf("reads %v", reads)
			}
		})
	}
}

func TestWhatHappenedWhileNobodyWatchedIsToldAsTheDifference(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		for _, name := range []string{"deleted", "recreated", "same", "updated"} {
			c.Set("a", name, "0")
		}
		h := newRecorder()
		i := New(corev1.ConfigMaps.Definition(), c, Options{})
		add(t, i, h, HandlerOptions{})
		defer start(t, i)()
		synctest.Wait()
		calls := len(h.log())
		c.Hold()
		c.Set("a", "updated", "1")
		c.Set("a", "updated", "2")
		c.Delete("a", "deleted")
		c.Delete("a", "recreated")
		c.Set("a", "recreated", "1")
		c.Set("a", "added", "0")
		relist(c)
		c.Release()
		synctest.Wait()
		got := h.log()[calls:]
		slices.Sort(got)
		want := []string{"add a/added=0", "add a/recreated=1", "delete a/deleted=0 unknown", "delete a/recreated=0 unknown", "update a/updated=2"}
		if !slices.Equal(got, want) {
			t.Errorf("have %q\nwant %q", got, want)
		}
		h.check(t, c.Objects())
		same(t, i, c)
	})
}

func TestAReaderSeesTheOldStateOrTheNewOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		for _, name := range []string{"1", "2", "3"} {
			c.Set("a", name, "old")
		}
		i, stop := run(t, c, Options{Reflector: reflector.Options{NoStreaming: true, PageSize: 1}})
		defer stop()
		synctest.Wait()
		c.Hold()
		c.Fault("list", apitest.Delay(time.Second))
		for _, name := range []string{"1", "2", "3"} {
			c.Set("a", name, "new")
		}
		c.Compact()
		c.End(apierrors.NewResourceExpired("too old"))
		states := map[string]bool{}
		for range 100 {
			time.Sleep(50 * time.Millisecond)
			state := map[string]bool{}
			for o := range i.Reader().All() {
				state[o.GetLabels()["value"]] = true
			}
			if len(state) != 1 {
				t.Fatalf("half a state: %v", state)
			}
			for value := range state {
				states[value] = true
			}
		}
		if len(states) != 2 {
			t.Errorf("states seen: %v", states)
		}
	})
}

func TestARestoredServerThatReissuesVersionsIsSeenAsItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		c.Set("a", "1", "x")
		past := c.ResourceVersion()
		lost := c.Set("a", "1", "lost")
		h := newRecorder()
		i := New(corev1.ConfigMaps.Definition(), c, Options{})
		add(t, i, h, HandlerOptions{})
		defer start(t, i)()
		synctest.Wait()
		if err := c.RestoreTo(past); err != nil {
			t.Fatal(err)
		}
		if again := c.Set("a", "1", "another"); again != lost {
			t.Fatalf("version %s was not given out again, but %s", lost, again)
		}
		time.Sleep(time.Minute) // the watch is open again, from a version that now means something else
		relist(c)
		time.Sleep(time.Minute)
		same(t, i, c)
		h.check(t, c.Objects())
	})
}

func TestAnInformerOfSeveralNamespacesIsOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		c.Set("a", "1", "x")
		c.Set("b", "1", "x")
		c.Set("c", "1", "x")
		h := newRecorder()
		i := New(corev1.ConfigMaps.Definition(), nil, Options{Scopes: []Scope{{"a", c.In("a")}, {"b", c.In("b")}}})
		r := add(t, i, h, HandlerOptions{})
		blocked := c.Inject(apitest.Fault{On: apitest.Match{Verb: "watch", Namespace: "b"}, Do: apitest.TooManyRequests(5 * time.Second)})
		defer start(t, i)()
		synctest.Wait()
		if i.HasSynced() || r.HasSynced() || i.Reader().Len() != 1 {
			t.Errorf("with one of two namespaces: synced %t, handler %t, %d objects", i.HasSynced(), r.HasSynced(), i.Reader().Len())
		}
		blocked.Remove()
		time.Sleep(time.Minute)
		if !i.HasSynced() || !r.HasSynced() || i.Reader().Len() != 2 {
			t.Errorf("with both namespaces: synced %t, handler %t, %d objects", i.HasSynced(), r.HasSynced(), i.Reader().Len())
		}
		c.Set("a", "2", "x")
		c.Set("b", "2", "x")
		c.Delete("b", "1")
		c.Set("c", "2", "x")
		synctest.Wait()
		relist(c)
		time.Sleep(time.Minute)
		want := []string{"add a/1=x initial", "add b/1=x initial", "add a/2=x", "add b/2=x", "delete b/1=x"}
		got := h.log()
		slices.Sort(got[2:])
		if !slices.Equal(got, want) {
			t.Errorf("have %q\nwant %q", got, want)
		}
		if s := i.Status(); len(s.Scopes) != 2 || s.Objects != 3 || !strings.Contains(s.String(), "namespace b") {
			t.Errorf("status %v", s)
		}
		c.Delete("a", "1")
		synctest.Wait()
		if got := i.Reader().Len(); got != 2 {
			t.Errorf("%d objects", got)
		}
	})
}

func TestTheVersionOfSeveralNamespacesIsWhatAllOfThemHaveReached(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		c.Set("a", "1", "x")
		i := New(corev1.ConfigMaps.Definition(), nil, Options{Scopes: []Scope{{"a", c.In("a")}, {"b", c.In("b")}}})
		defer start(t, i)()
		synctest.Wait()
		before := i.Reader().ResourceVersion()
		written := c.Set("a", "2", "x")
		synctest.Wait()
		if now := i.Reader().ResourceVersion(); now != before {
			t.Errorf("one namespace has moved the version from %s to %s", before, now)
		}
		c.Bookmark()
		synctest.Wait()
		if now := i.Reader().ResourceVersion(); now != written {
			t.Errorf("both have reached %s, the version is %s", written, now)
		}
	})
}

func TestAResourceThatIsDeletedAndReturnsIsFollowedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		c.Set("a", "1", "x")
		c.Set("a", "2", "x")
		h := newRecorder()
		i := New(corev1.ConfigMaps.Definition(), c, Options{})
		add(t, i, h, HandlerOptions{})
		defer start(t, i)()
		synctest.Wait()
		missing := c.Fault("watch", apitest.Fail(apierrors.NewNotFound(schema.GroupResource{Resource: "configmaps"}, "")))
		c.Delete("a", "1")
		c.Delete("a", "2")
		c.End(nil)
		time.Sleep(time.Hour)
		if s := i.Status(); s.Scopes[0].Phase != reflector.Missing || !strings.Contains(s.String(), "resource missing") {
			t.Errorf("status %v", s)
		}
		c.Set("a", "1", "y")
		c.Compact()
		missing.Remove()
		time.Sleep(2 * time.Minute)
		same(t, i, c)
		h.check(t, c.Objects())
	})
}

func TestAChangedUIDUnderOneKeyIsADeleteAndAnAdd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		c.Set("a", "1", "first")
		h := newRecorder()
		i := New(corev1.ConfigMaps.Definition(), c, Options{})
		r := add(t, i, h, HandlerOptions{})
		defer start(t, i)()
		synctest.Wait()
		before, _ := i.Reader().Get(resource.Key{Namespace: "a", Name: "1"})
		c.Hold()
		c.Delete("a", "1")
		c.Set("a", "1", "second")
		relist(c)
		c.Release()
		synctest.Wait()
		after, _ := i.Reader().Get(resource.Key{Namespace: "a", Name: "1"})
		if before.GetUID() == after.GetUID() || r.Status().Calls != 3 {
			t.Errorf("from %v to %v: %q", before, after, h.log())
		}
		h.check(t, c.Objects())
	})
}
