package cache

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/sheaf-dev/sheaf/cache/internal/served"
	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/cache/store"
	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
)

// viewed is an informer whose watch can be held back, and a view of it.
type viewed struct {
	t *testing.T
	*View
	c *served.Collection
	i *SharedIndexInformer
	h *recorder
}

func byValue(o resource.Object) ([]string, error) {
	if o.(*v1.ConfigMap).Data["value"] == "panic" {
		panic("no index")
	}
	return []string{o.(*v1.ConfigMap).Data["value"]}, nil
}

func newView(tb testing.TB, i *SharedIndexInformer) *View {
	tb.Helper()
	v, err := NewView(i)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

// withView runs a test with an informer of two objects, whose watch is held back.
func withView(t *testing.T, opts Options, test func(t *testing.T, v *viewed)) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		c.Set("a", "1", "old")
		c.Set("a", "2", "old")
		v := &viewed{t: t, c: c, h: newRecorder()}
		v.i = New(corev1.ConfigMaps.Definition(), c, opts)
		v.View = newView(t, v.i)
		if err := v.i.AddIndexers(map[string]store.IndexFunc{"value": byValue}); err != nil {
			t.Fatal(err)
		}
		add(t, v.i, v.h, HandlerOptions{})
		stop := start(t, v.i)
		defer stop()
		synctest.Wait()
		c.Hold()
		test(t, v)
	})
}

// catchUp lets the watch go on.
func (v *viewed) catchUp() {
	v.c.Release()
	v.c.Bookmark()
	synctest.Wait()
}

// write writes an object on the server and shows what it answered.
func (v *viewed) write(name, value string) *v1.ConfigMap {
	v.t.Helper()
	v.c.Set("a", name, value)
	o, err := v.c.Get(context.Background(), key("a/"+name))
	if err != nil {
		v.t.Fatal(err)
	}
	if err := v.Wrote(v.t.Context(), o); err != nil {
		v.t.Fatal(err)
	}
	return o.(*v1.ConfigMap)
}

// shows fails the test if the view's answers are not these objects, "name=value", whatever it is asked.
func (v *viewed) shows(want ...string) {
	v.t.Helper()
	slices.Sort(want)
	text := func(objects []resource.Object) []string {
		var out []string
		for _, o := range objects {
			out = append(out, o.GetName()+"="+o.(*v1.ConfigMap).Data["value"])
		}
		slices.Sort(out)
		return out
	}
	s := v.Snapshot()
	var got, indexed []resource.Object
	for _, name := range []string{"1", "2", "3", "4"} {
		if o, ok := s.Get(key("a/" + name)); ok {
			got = append(got, o)
		}
	}
	values, err := s.IndexValues("value")
	if err != nil {
		v.t.Error(err)
	}
	for _, value := range values {
		found, err := s.ByIndex("value", value)
		if err != nil || len(found) == 0 {
			v.t.Errorf("index %s: %v, %v", value, found, err)
		}
		indexed = append(indexed, found...)
	}
	inNamespace, err := s.ByIndex(store.NamespaceIndex, "a")
	if err != nil {
		v.t.Error(err)
	}
	for how, have := range map[string][]string{
		"Get": text(got), "List": text(s.List(nil, "")), "List of the namespace": text(s.List(labels.Everything(), "a")), "All": text(slices.Collect(s.All())),
		"Namespace": text(slices.Collect(s.Namespace("a"))), "ByIndex": text(indexed), "ByIndex of the namespace": text(inNamespace),
	} {
		if !slices.Equal(have, want) {
			v.t.Errorf("%s shows %q, want %q", how, have, want)
		}
	}
	if s.Len() != len(want) {
		v.t.Errorf("Len is %d, want %d", s.Len(), len(want))
	}
}

// empty fails the test if a write is still kept.
func (v *viewed) empty() {
	v.t.Helper()
	time.Sleep(time.Second)
	v.Snapshot()
	if writes := v.writes.Load(); writes != nil {
		v.t.Errorf("the view still keeps %v", *writes)
	}
}

func TestAWriteIsShownAtOnceUntilTheWatchHasBroughtIt(t *testing.T) {
	withView(t, Options{}, func(t *testing.T, v *viewed) {
		v.write("1", "new")
		v.write("3", "created")
		v.shows("1=new", "2=old", "3=created")
		if found := v.List(labels.SelectorFromSet(labels.Set{"value": "new"}), ""); len(found) != 1 {
			t.Errorf("the selector finds %v", found)
		}
		v.catchUp()
		v.shows("1=new", "2=old", "3=created")
		v.empty()
		stored, _ := v.i.Reader().Get(key("a/1"))
		if shown, _ := v.Get(key("a/1")); shown != stored {
			t.Error("the view shows another object than the store has")
		}
		v.h.check(t, v.c.Objects())
		for k, versions := range v.h.versions {
			if slices.Sort(versions); len(slices.Compact(slices.Clone(versions))) != len(versions) {
				t.Errorf("the handler was told versions %q of %s", versions, k)
			}
		}
	})
}

func TestAnEventThatBeatsTheResponseLeavesNothingBehind(t *testing.T) {
	withView(t, Options{}, func(t *testing.T, v *viewed) {
		v.c.Set("a", "1", "new")
		o, _ := v.c.Get(t.Context(), key("a/1"))
		v.c.Set("a", "1", "newer")
		v.catchUp()
		if err := v.Wrote(t.Context(), o); err != nil {
			t.Error(err)
		}
		v.empty()
		v.shows("1=newer", "2=old")
	})
}

func TestAWriteOfSomebodyElseThatIsNewerEndsMine(t *testing.T) {
	withView(t, Options{}, func(t *testing.T, v *viewed) {
		v.write("1", "mine")
		v.c.Set("a", "1", "theirs")
		v.shows("1=mine", "2=old")
		v.catchUp()
		v.shows("1=theirs", "2=old")
		v.empty()
	})
}

func TestAResponseThatComesLateDoesNotHideALaterOne(t *testing.T) {
	withView(t, Options{}, func(t *testing.T, v *viewed) {
		v.c.Set("a", "1", "first")
		first, _ := v.c.Get(t.Context(), key("a/1"))
		v.write("1", "second")
		if err := v.Wrote(t.Context(), first); err != nil {
			t.Error(err)
		}
		v.shows("1=second", "2=old")
	})
}

func TestADeletionHidesTheObjectThatWasThereAndNoOther(t *testing.T) {
	withView(t, Options{}, func(t *testing.T, v *viewed) {
		before, _ := v.Get(key("a/1"))
		v.c.Delete("a", "1")
		v.Deleted(key("a/1"), before.GetUID(), before.GetResourceVersion())
		v.shows("2=old")
		v.write("1", "again")
		v.shows("1=again", "2=old")
		// A second response to the deletion of the first.
		v.Deleted(key("a/1"), before.GetUID(), before.GetResourceVersion())
		v.shows("1=again", "2=old")
		v.catchUp()
		v.shows("1=again", "2=old")
		v.empty()
	})
}

func TestWhatIsMadeAndDeletedBeforeTheWatchBringsItIsNeverShownAgain(t *testing.T) {
	withView(t, Options{}, func(t *testing.T, v *viewed) {
		made := v.write("3", "short-lived")
		v.c.Delete("a", "3")
		v.Deleted(key("a/3"), made.UID, made.ResourceVersion)
		v.shows("1=old", "2=old")
		v.c.HoldWatches(corev1.ConfigMaps, made.ResourceVersion) // the watch brings the first event only
		synctest.Wait()
		if _, there := v.i.Reader().Get(key("a/3")); !there {
			t.Fatal("the watch has not brought the object")
		}
		v.shows("1=old", "2=old")
		v.catchUp()
		v.shows("1=old", "2=old")
		v.empty()
	})
}

// selecting is a source that says what it selects, or why it cannot.
type selecting struct {
	reflector.ListerWatcher
	has func(resource.Object) bool
	err error
}

func (s selecting) Selection() (func(resource.Object) bool, error) { return s.has, s.err }

func everything(resource.Object) bool { return true }

func TestAViewIsRefusedWhereNobodyKnowsWhatTheSourceSelects(t *testing.T) {
	for _, test := range []struct {
		source reflector.ListerWatcher
		want   string // "": there is a view
	}{
		{selecting{has: everything}, ""},
		{newGenerator(0), "view of configmaps/v1: a *cache.generator does not say what it selects"},
		{selecting{err: errors.New("who knows")}, "view of configmaps/v1: who knows"},
	} {
		scopes := []Scope{{"a", selecting{has: everything}}, {"b", test.source}}
		view, err := NewView(New(corev1.ConfigMaps.Definition(), nil, Options{Scopes: scopes}))
		if (view != nil) != (test.want == "") || err != nil && err.Error() != test.want {
			t.Errorf("%+v: view %v, error %v", test.source, view, err)
		}
	}
}

func TestAWriteThatLeavesTheSelectorIsShownAsGone(t *testing.T) {
	withView(t, Options{}, func(t *testing.T, v *viewed) {
		v.parts[0].has = func(o resource.Object) bool { return o.GetLabels()["value"] == "old" }
		v.write("1", "other")
		v.write("3", "other")
		v.write("4", "old")
		v.shows("2=old", "4=old")
	})
}

func TestAWriteInANamespaceThatIsNotReadIsNotShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		i := New(corev1.ConfigMaps.Definition(), nil, Options{Scopes: []Scope{{"a", c.In("a")}}})
		v := newView(t, i)
		defer start(t, i)()
		synctest.Wait()
		c.Hold()
		c.Set("b", "1", "x")
		o, _ := c.Get(t.Context(), key("b/1"))
		if err := v.Wrote(t.Context(), o); err != nil {
			t.Error(err)
		}
		if v.Len() != 0 {
			t.Error("an object of another namespace is shown")
		}
	})
}

func TestAVersionWithoutOrderIsWaitedFor(t *testing.T) {
	withView(t, Options{}, func(t *testing.T, v *viewed) {
		o := corev1.ConfigMaps.New()
		o.Namespace, o.Name, o.ResourceVersion = "a", "1", "opaque"
		ctx, cancel := context.WithCancelCause(t.Context())
		enough := errors.New("enough")
		go func() {
			synctest.Wait()
			cancel(enough)
		}()
		if err := v.Wrote(ctx, o); !errors.Is(err, enough) {
			t.Errorf("Wrote returned %v", err)
		}
		v.shows("1=old", "2=old")
	})
}

func TestWhatIsShownIsTransformedAndTheCallersObjectIsNot(t *testing.T) {
	trim := func(o resource.Object) (resource.Object, error) {
		if o.(*v1.ConfigMap).Data["value"] == "bad" {
			return nil, errors.New("bad")
		}
		o.(*v1.ConfigMap).Labels = nil
		return o, nil
	}
	withView(t, Options{Transform: trim}, func(t *testing.T, v *viewed) {
		o := v.write("1", "new")
		if shown, _ := v.Get(key("a/1")); shown.GetLabels() != nil || o.Labels == nil {
			t.Errorf("labels shown %v, of the caller's object %v", shown.GetLabels(), o.Labels)
		}
		v.c.Set("a", "2", "bad")
		bad, _ := v.c.Get(t.Context(), key("a/2"))
		if err := v.Wrote(t.Context(), bad); err == nil {
			t.Error("what the transform refuses was shown")
		}
	})
}

func TestAnIndexFunctionThatPanicsHidesTheObjectFromThatIndexOnly(t *testing.T) {
	withView(t, Options{}, func(t *testing.T, v *viewed) {
		v.write("1", "panic")
		if found, err := v.ByIndex("value", "panic"); err != nil || len(found) > 0 {
			t.Errorf("the index finds %v, %v", found, err)
		}
		if _, ok := v.Get(key("a/1")); !ok || v.Len() != 2 {
			t.Error("the object is hidden")
		}
		if err := v.i.Reader().AddIndexers(map[string]store.IndexFunc{"hidden": byValue}); err != nil {
			t.Fatal(err)
		}
		if _, err := v.ByIndex("hidden", "x"); !errors.Is(err, errHiddenIndex) {
			t.Errorf("an index that the view cannot know: %v", err)
		}
		if _, err := v.ByIndex("none", "x"); !errors.Is(err, store.ErrNoIndex) {
			t.Errorf("an index that nobody knows: %v", err)
		}
	})
}

func TestASnapshotOfAViewDoesNotChange(t *testing.T) {
	withView(t, Options{}, func(t *testing.T, v *viewed) {
		v.write("1", "new")
		s := v.Snapshot()
		v.write("1", "newer")
		v.write("3", "new")
		v.catchUp()
		if o, _ := s.Get(key("a/1")); s.Len() != 2 || o.(*v1.ConfigMap).Data["value"] != "new" {
			t.Errorf("the snapshot shows %v of %d objects", o, s.Len())
		}
	})
}

func BenchmarkViewGet(b *testing.B) {
	for _, writes := range []int{0, 10} {
		b.Run(fmt.Sprintf("writes=%d", writes), func(b *testing.B) {
			writer, reader := store.New(store.Options{})
			var changes []store.Change
			for n := range 1000 {
				o := corev1.ConfigMaps.New()
				o.Namespace, o.Name, o.ResourceVersion = "a", fmt.Sprint(n), "1"
				changes = append(changes, store.Change{Op: store.Set, Key: resource.KeyOf(o), Object: o})
			}
			writer.Apply(changes, "1")
			i := New(corev1.ConfigMaps.Definition(), selecting{has: everything}, Options{})
			i.reader = reader
			v := newView(b, i)
			for n := range writes {
				o := corev1.ConfigMaps.New()
				o.Namespace, o.Name, o.ResourceVersion = "a", fmt.Sprint(n), "5"
				if err := v.Wrote(b.Context(), o); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := v.Get(resource.Key{Namespace: "a", Name: "500"}); !ok {
					b.Fatal("not there")
				}
			}
		})
	}
}
