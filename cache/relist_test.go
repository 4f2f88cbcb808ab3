package cache

import (
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/cache/internal/fake"
	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/resource"
)

// relist makes the informer read the full state again.
func relist(c *fake.Collection) {
	c.Compact()
	c.End(apierrors.NewResourceExpired("too old"))
	synctest.Wait()
}

func TestWhatIsUnchangedKeepsItsPointerAndNobodyIsCalled(t *testing.T) {
	for _, streaming := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			c := fake.New()
			c.Set("a", "1", "x")
			c.Set("a", "2", "x")
			h := newRecorder()
			i := New(fake.ConfigMaps.Definition(), c, Options{Reflector: reflector.Options{NoStreaming: !streaming}})
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
		c := fake.New()
		for _, name := range []string{"deleted", "recreated", "same", "updated"} {
			c.Set("a", name, "0")
		}
		h := newRecorder()
		i := New(fake.ConfigMaps.Definition(), c, Options{})
		add(t, i, h, HandlerOptions{})
		defer start(t, i)()
		synctest.Wait()
		calls := len(h.log())
		c.Lock(func() { c.Hold = func() bool { return true } })
		c.Set("a", "updated", "1")
		c.Set("a", "updated", "2")
		c.Delete("a", "deleted")
		c.Delete("a", "recreated")
		c.Set("a", "recreated", "1")
		c.Set("a", "added", "0")
		c.Lock(func() { c.Hold = nil })
		relist(c)
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
		c := fake.New()
		for _, name := range []string{"1", "2", "3"} {
			c.Set("a", name, "old")
		}
		i, stop := run(t, c, Options{Reflector: reflector.Options{NoStreaming: true, PageSize: 1}})
		defer stop()
		synctest.Wait()
		c.Lock(func() {
			c.Hold = func() bool { return true }
			c.Faults.List = func(metav1.ListOptions) error { time.Sleep(time.Second); return nil }
		})
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
		c := fake.New()
		c.Set("a", "1", "x")
		past := c.Save()
		lost := c.Set("a", "1", "lost")
		h := newRecorder()
		i := New(fake.ConfigMaps.Definition(), c, Options{})
		add(t, i, h, HandlerOptions{})
		defer start(t, i)()
		synctest.Wait()
		c.Restore(past)
		if again := c.Set("a", "1", "another"); again != lost {
			t.Fatalf("version %s was not given out again, but %s", lost, again)
		}
		relist(c)
		time.Sleep(time.Minute)
		same(t, i, c)
		h.check(t, c.Objects())
	})
}

func TestAnInformerOfSeveralNamespacesIsOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := fake.New()
		c.Set("a", "1", "x")
		c.Set("b", "1", "x")
		c.Set("c", "1", "x")
		h := newRecorder()
		i := New(fake.ConfigMaps.Definition(), nil, Options{Scopes: []Scope{{"a", c.In("a")}, {"b", c.In("b")}}})
		r := add(t, i, h, HandlerOptions{})
		block := true
		c.Faults.Watch = func(opts metav1.ListOptions) error {
			if block && opts.FieldSelector == "b" {
				return apierrors.NewTooManyRequests("later", 5)
			}
			return nil
		}
		defer start(t, i)()
		synctest.Wait()
		if i.HasSynced() || r.HasSynced() || i.Reader().Len() != 1 {
			t.Errorf("with one of two namespaces: synced %t, handler %t, %d objects", i.HasSynced(), r.HasSynced(), i.Reader().Len())
		}
		c.Lock(func() { block = false })
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
		c := fake.New()
		c.Set("a", "1", "x")
		i := New(fake.ConfigMaps.Definition(), nil, Options{Scopes: []Scope{{"a", c.In("a")}, {"b", c.In("b")}}})
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
		c := fake.New()
		c.Set("a", "1", "x")
		c.Set("a", "2", "x")
		h := newRecorder()
		i := New(fake.ConfigMaps.Definition(), c, Options{})
		add(t, i, h, HandlerOptions{})
		defer start(t, i)()
		synctest.Wait()
		missing := true
		c.Lock(func() {
			c.Faults.Watch = func(metav1.ListOptions) error {
				if missing {
					return apierrors.NewNotFound(schema.GroupResource{Resource: "configmaps"}, "")
				}
				return nil
			}
		})
		c.Delete("a", "1")
		c.Delete("a", "2")
		c.End(io.EOF)
		time.Sleep(time.Hour)
		if s := i.Status(); s.Scopes[0].Phase != reflector.Missing || !strings.Contains(s.String(), "resource missing") {
			t.Errorf("status %v", s)
		}
		c.Set("a", "1", "y")
		c.Compact()
		c.Lock(func() { missing = false })
		time.Sleep(2 * time.Minute)
		same(t, i, c)
		h.check(t, c.Objects())
	})
}

func TestAChangedUIDUnderOneKeyIsADeleteAndAnAdd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := fake.New()
		c.Set("a", "1", "first")
		h := newRecorder()
		i := New(fake.ConfigMaps.Definition(), c, Options{})
		r := add(t, i, h, HandlerOptions{})
		defer start(t, i)()
		synctest.Wait()
		before, _ := i.Reader().Get(resource.Key{Namespace: "a", Name: "1"})
		c.Lock(func() { c.Hold = func() bool { return true } })
		c.Delete("a", "1")
		c.Set("a", "1", "second")
		c.Lock(func() { c.Hold = nil })
		relist(c)
		after, _ := i.Reader().Get(resource.Key{Namespace: "a", Name: "1"})
		if before.GetUID() == after.GetUID() || r.Status().Calls != 3 {
			t.Errorf("from %v to %v: %q", before, after, h.log())
		}
		h.check(t, c.Objects())
	})
}
