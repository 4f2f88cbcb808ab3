package cache

import (
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/sheaf-dev/sheaf/cache/delta"
	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
)

func TestADeletionHidesWhatHadTheNameBeforeToo(t *testing.T) {
	withView(t, Options{}, func(t *testing.T, v *viewed) {
		first, _ := v.Get(key("a/1"))
		v.c.Delete("a", "1")
		v.Deleted(key("a/1"), first.GetUID(), first.GetResourceVersion())
		v.shows("2=old")
		v.c.Set("a", "1", "by somebody else")
		second, err := v.c.Get(t.Context(), key("a/1"))
		if err != nil {
			t.Fatal(err)
		}
		v.c.Delete("a", "1")
		v.Deleted(key("a/1"), second.GetUID(), second.GetResourceVersion())
		v.shows("2=old")
		v.Deleted(key("a/1"), first.GetUID(), first.GetResourceVersion()) // an answer that comes late
		v.shows("2=old")
		v.i.committer.commit([]delta.Delta{ // the watch brings the second, and not yet its end
			{Type: delta.Deleted, Key: key("a/1"), ResourceVersion: second.GetResourceVersion()},
			{Type: delta.Added, Key: key("a/1"), Object: second, ResourceVersion: second.GetResourceVersion()},
		})
		v.shows("2=old")
		v.catchUp()
		v.shows("2=old")
		v.empty()
	})
}

func TestADeletionOfAVersionWithoutOrderIsShownUntilTheWatchHasBroughtIt(t *testing.T) {
	withView(t, Options{}, func(t *testing.T, v *viewed) {
		old, _ := v.Get(key("a/1"))
		v.c.Delete("a", "1")
		v.Deleted(key("a/1"), old.GetUID(), "no-order")
		v.shows("2=old")
		v.catchUp()
		v.shows("2=old")
		v.empty()
	})
}

func TestADeletionInANamespaceThatIsNotReadLeavesNothing(t *testing.T) {
	withView(t, Options{}, func(t *testing.T, v *viewed) {
		v.parts = []part{{namespace: "a", has: v.parts[0].has}}
		v.Deleted(key("b/1"), "uid", "1000000")
		v.empty()
	})
}

func TestAWriteThatARestoredServerDoesNotHaveIsShownNoLonger(t *testing.T) {
	withView(t, Options{}, func(t *testing.T, v *viewed) {
		past := v.c.ResourceVersion()
		v.c.Release()
		for range 10 {
			v.c.Set("a", "2", "new")
		}
		synctest.Wait()
		v.c.Hold()
		v.write("1", "lost")
		v.write("3", "lost")
		v.shows("1=lost", "2=new", "3=lost")
		if err := v.c.RestoreTo(past); err != nil {
			t.Fatal(err)
		}
		v.c.Release()
		time.Sleep(time.Minute) // the watch is open again
		relist(v.c)
		time.Sleep(time.Minute)
		v.shows("1=old", "2=old")
		v.empty()
	})
}

func TestATransformThatPanicsOrReturnsNothingHidesAWriteAndIsAnError(t *testing.T) {
	var panics bool
	transform := func(o resource.Object) (resource.Object, error) {
		switch {
		case o.(*v1.ConfigMap).Data["value"] == "old":
			return o, nil
		case panics:
			panic("no")
		}
		return nil, nil
	}
	withView(t, Options{Transform: transform}, func(t *testing.T, v *viewed) {
		v.c.Set("a", "1", "new")
		o, err := v.c.Get(t.Context(), key("a/1"))
		if err != nil {
			t.Fatal(err)
		}
		for _, panics = range []bool{true, false} {
			if err := v.Wrote(t.Context(), o); err == nil {
				t.Errorf("panics %t: no error", panics)
			}
			v.shows("1=old", "2=old")
		}
	})
}

// TestAReaderOfAViewNeverGoesBackWhileTheWatchCatchesUp reads a view all the time while writes are shown, brought by the watch, and let go. It does not
// find every fault each time: what it looks for is a moment between two loads.
func TestAReaderOfAViewNeverGoesBackWhileTheWatchCatchesUp(t *testing.T) {
	g := newGenerator(1)
	i := New(corev1.ConfigMaps.Definition(), selecting{has: everything}, Options{})
	v := newView(t, i)
	k := resource.KeyOf(g.object(0, 1))
	i.committer.commit([]delta.Delta{{Type: delta.Replaced, ResourceVersion: "1", Items: []delta.Item{{Key: k, Object: g.object(0, 1)}}}})
	var written, over atomic.Int64
	var reader sync.WaitGroup
	defer reader.Wait()
	defer over.Store(1)
	reader.Go(func() {
		for over.Load() == 0 {
			want := written.Load()
			o, _ := v.Get(k)
			if have, err := strconv.ParseInt(o.GetResourceVersion(), 10, 64); err != nil || have < want {
				t.Errorf("version %d was written, and then %d is read", want, have)
				return
			}
		}
	})
	for end, version := time.Now().Add(time.Second), 2; time.Now().Before(end); version++ {
		o := g.object(0, version)
		if err := v.Wrote(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		written.Store(int64(version))
		i.committer.commit([]delta.Delta{{Type: delta.Updated, Key: k, Object: o, ResourceVersion: o.ResourceVersion}})
		v.update(resource.Key{Name: "another"}, func(*write) {}) // lets go of what the watch has passed
	}
}
