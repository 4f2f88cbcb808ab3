package cache

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/sheaf-dev/sheaf/cache/internal/served"
	"github.com/sheaf-dev/sheaf/resource"
)

// withDetector runs a test with an informer whose mutation detector is on.
func withDetector(t *testing.T, opts Options, test func(c *served.Collection, i *SharedIndexInformer, found func() []Mutation)) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		c.Set("a", "1", "x")
		c.Set("a", "2", "x")
		var mutations []Mutation
		opts.Mutations = MutationOptions{Detect: true, OnMutation: func(m Mutation) { mutations = append(mutations, m) }}
		i, stop := run(t, c, opts)
		defer stop()
		synctest.Wait()
		test(c, i, func() []Mutation {
			i.Status() // makes what the test has changed visible to the detector
			time.Sleep(time.Second)
			synctest.Wait()
			return mutations
		})
	})
}

func TestAReaderThatChangesACachedObjectIsFound(t *testing.T) {
	withDetector(t, Options{}, func(c *served.Collection, i *SharedIndexInformer, found func() []Mutation) {
		if m := found(); len(m) > 0 {
			t.Fatalf("found %v, though nobody has changed anything", m)
		}
		o, _ := i.Reader().Get(key("a/1"))
		o.(*v1.ConfigMap).Data["value"] = "changed"
		m := found()
		if len(m) != 1 || m[0].Key != key("a/1") || m[0].ResourceVersion != o.GetResourceVersion() || !strings.Contains(m[0].Error(), "changed") {
			t.Fatalf("found %v", m)
		}
		if m := found(); len(m) != 1 {
			t.Errorf("one change was found %d times", len(m))
		}
		if n := i.Status().Mutations; n != 1 {
			t.Errorf("the status counts %d", n)
		}
	})
}

func TestAChangeThroughASharedPartIsFoundInEachObjectThatHasIt(t *testing.T) {
	shared := map[string]string{"value": "shared"}
	share := func(o resource.Object) (resource.Object, error) {
		o.(*v1.ConfigMap).Data = shared
		return o, nil
	}
	withDetector(t, Options{Transform: share}, func(c *served.Collection, i *SharedIndexInformer, found func() []Mutation) {
		o, _ := i.Reader().Get(key("a/1"))
		o.(*v1.ConfigMap).Data["value"] = "changed"
		if m := found(); len(m) != 2 || m[0].Key == m[1].Key {
			t.Errorf("found %v", m)
		}
	})
}

func TestAHandlerThatChangesAnOldStateIsFoundForAWhile(t *testing.T) {
	withDetector(t, Options{}, func(c *served.Collection, i *SharedIndexInformer, found func() []Mutation) {
		o, _ := i.Reader().Get(key("a/1"))
		p, _ := i.Reader().Get(key("a/2"))
		c.Set("a", "1", "y")
		c.Delete("a", "2")
		synctest.Wait()
		p.SetName("changed")
		if m := found(); len(m) != 1 || m[0].Key != key("a/2") {
			t.Errorf("found %v", m)
		}
		time.Sleep(2 * retention)
		i.Status() // the detector has looked at it before
		o.SetName("changed")
		if m := found(); len(m) != 1 {
			t.Errorf("found %v long after the object has left", m)
		}
		d := i.committer.detector
		d.mu.Lock()
		defer d.mu.Unlock()
		if n := len(d.known); n != 1 {
			t.Errorf("%d objects are still watched", n)
		}
	})
}

func TestAChangeJustBeforeTheStopIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		c.Set("a", "1", "x")
		found := 0
		i, stop := run(t, c, Options{Mutations: MutationOptions{Detect: true, Interval: time.Hour, OnMutation: func(Mutation) { found++ }}})
		synctest.Wait()
		o, _ := i.Reader().Get(key("a/1"))
		o.SetLabels(nil)
		stop()
		if found != 1 {
			t.Errorf("found %d", found)
		}
	})
}

func TestADifferenceNamesEachPlace(t *testing.T) {
	was := &v1.Pod{Spec: v1.PodSpec{NodeName: "n1", Containers: []v1.Container{{Name: "c", Image: "a"}}, NodeSelector: map[string]string{"x": "1", "y": "2"}}}
	is := was.DeepCopy()
	is.Labels = map[string]string{"new": "label"}
	is.Spec.NodeName = "n2"
	is.Spec.Containers[0].Image = "b"
	delete(is.Spec.NodeSelector, "x")
	want := strings.Join([]string{
		`Labels[new]: - (none) + "label"`, `Spec.Containers[0].Image: - "a" + "b"`, `Spec.NodeSelector[x]: - "1" + (none)`, `Spec.NodeName: - "n1" + "n2"`,
	}, "\n")
	if got := difference(was, is); got != want {
		t.Errorf("have\n%s\nwant\n%s", got, want)
	}
	if got := difference(was, was.DeepCopy()); got != "" {
		t.Errorf("equal objects differ: %s", got)
	}
}
