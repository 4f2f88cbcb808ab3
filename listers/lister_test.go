package listers_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/sheaf-dev/sheaf/cache"
	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/cache/store"
	"github.com/sheaf-dev/sheaf/listers"
	"github.com/sheaf-dev/sheaf/resource"
)

var one = resource.Key{Namespace: "a", Name: "one"}

func object(key resource.Key, version, app string) *v1.ConfigMap {
	o := configMaps.New()
	o.Namespace, o.Name, o.ResourceVersion, o.Labels = key.Namespace, key.Name, version, map[string]string{"app": app}
	return o
}

func set(o *v1.ConfigMap) store.Change {
	return store.Change{Op: store.Set, Key: resource.KeyOf(o), Object: o}
}

// names returns what was found, sorted: lists come in no order.
func names(objects []*v1.ConfigMap) []string {
	var found []string
	for _, o := range objects {
		found = append(found, resource.KeyOf(o).String())
	}
	slices.Sort(found)
	return found
}

func TestWhatIsNotThereIsAnErrorThatApimachineryKnows(t *testing.T) {
	_, reader := store.New(store.Options{})
	lister := listers.New[*v1.ConfigMap](configMaps.Definition(), reader)
	for name, get := range map[string]func() (*v1.ConfigMap, error){
		`configmaps "a/one" not found`: func() (*v1.ConfigMap, error) { return lister.Get(one) },
		`configmaps "b/two" not found`: func() (*v1.ConfigMap, error) { return lister.Namespace("b").Get("two") },
		`configmaps "three" not found`: func() (*v1.ConfigMap, error) { return lister.ByName("three") },
	} {
		if o, err := get(); o != nil || !apierrors.IsNotFound(err) || err.Error() != name {
			t.Errorf("have %v, %v, want %s", o, err, name)
		}
	}
}

func TestListsGoBySelectorNamespaceAndIndex(t *testing.T) {
	byApp := func(o resource.Object) ([]string, error) { return []string{o.GetLabels()["app"]}, nil }
	writer, reader := store.New(store.Options{Indexers: map[string]store.IndexFunc{"app": byApp}})
	writer.Apply([]store.Change{
		set(object(one, "1", "web")), set(object(resource.Key{Namespace: "a", Name: "two"}, "2", "db")),
		set(object(resource.Key{Namespace: "b", Name: "one"}, "3", "web")), set(object(resource.Key{Name: "cluster"}, "4", "web")),
	}, "4")
	lister := listers.New[*v1.ConfigMap](configMaps.Definition(), reader)
	web := labels.SelectorFromSet(labels.Set{"app": "web"})
	indexed, err := lister.ByIndex("app", "db")
	if err != nil {
		t.Error(err)
	}
	for what, test := range map[string]struct{ have, want []string }{
		"all":                         {names(lister.List(nil)), []string{"a/one", "a/two", "b/one", "cluster"}},
		"selected":                    {names(lister.List(web)), []string{"a/one", "b/one", "cluster"}},
		"of a namespace":              {names(lister.Namespace("a").List(nil)), []string{"a/one", "a/two"}},
		"selected of a namespace":     {names(lister.Namespace("a").List(web)), []string{"a/one"}},
		"of the cluster scope":        {names(lister.Namespace("").List(nil)), []string{"cluster"}},
		"iterated":                    {names(slices.Collect(lister.All())), []string{"a/one", "a/two", "b/one", "cluster"}},
		"iterated of a namespace":     {names(slices.Collect(lister.Namespace("b").All())), []string{"b/one"}},
		"by index":                    {names(indexed), []string{"a/two"}},
		"selected, nothing matches":   {names(lister.List(labels.SelectorFromSet(labels.Set{"app": "none"}))), nil},
		"of a namespace without any":  {names(lister.Namespace("c").List(nil)), nil},
		"selected in a cluster scope": {names(lister.Namespace("").List(labels.SelectorFromSet(labels.Set{"app": "db"}))), nil},
	} {
		if !slices.Equal(test.have, test.want) {
			t.Errorf("%s: have %q, want %q", what, test.have, test.want)
		}
	}
	if _, err := lister.ByIndex("none", "x"); !errors.Is(err, store.ErrNoIndex) || err.Error() != `cache of configmaps/v1: index "none": no such index` {
		t.Errorf("an index that is not there: %v", err)
	}
	for range lister.All() { // an iteration can be left
		break
	}
}

// whole is a source that selects nothing, and that nobody reads.
type whole struct{ reflector.ListerWatcher }

func (whole) Selection() (func(resource.Object) bool, error) {
	return func(resource.Object) bool { return true }, nil
}

func TestASnapshotOfAListerDoesNotChange(t *testing.T) {
	writer, reader := store.New(store.Options{})
	writer.Apply([]store.Change{set(object(one, "1", "web"))}, "1")
	informer := cache.New(configMaps.Definition(), whole{}, cache.Options{})
	view, err := cache.NewView(informer)
	if err != nil {
		t.Fatal(err)
	}
	for name, source := range map[string]listers.Source{"reader": reader, "view": view} {
		lister := listers.New[*v1.ConfigMap](configMaps.Definition(), source)
		before := len(lister.List(nil))
		kept := lister.Snapshot()
		later := object(resource.Key{Namespace: "a", Name: name}, "9", "web")
		writer.Apply([]store.Change{set(later)}, "9")
		if err := view.Wrote(t.Context(), later); err != nil {
			t.Fatal(err)
		}
		if len(lister.List(nil)) != before+1 || len(kept.List(nil)) != before {
			t.Errorf("%s: %d objects became %d, in the snapshot %d", name, before, len(lister.List(nil)), len(kept.List(nil)))
		}
		if _, err := kept.Get(resource.KeyOf(later)); !apierrors.IsNotFound(err) {
			t.Errorf("%s: the snapshot has what came later: %v", name, err)
		}
	}
}

func TestAnObjectThatIsNotCurrentComesWithAnErrorThatSaysWhy(t *testing.T) {
	writer, reader := store.New(store.Options{})
	bad := errors.New("its bytes make no sense")
	two := resource.Key{Namespace: "a", Name: "two"}
	writer.Apply([]store.Change{set(object(one, "1", "web")), {Op: store.MarkStale, Key: one, Err: bad}, {Op: store.MarkStale, Key: two, Err: bad}}, "2")
	lister := listers.New[*v1.ConfigMap](configMaps.Definition(), reader)
	var stale *listers.StaleError
	o, err := lister.Get(one)
	if o == nil || o.ResourceVersion != "1" || !errors.As(err, &stale) || !errors.Is(err, bad) || stale.Key != one {
		t.Errorf("with a good state from before: %v, %v", o, err)
	}
	if want := `configmaps/v1 "a/one" is not current: its bytes make no sense`; err == nil || err.Error() != want {
		t.Errorf("the error says %v, want %s", err, want)
	}
	if o, err := lister.Get(two); o != nil || !errors.As(err, &stale) || apierrors.IsNotFound(err) {
		t.Errorf("without one: %v, %v", o, err)
	}
}

// TestAnObjectAndWhyItIsNotCurrentAreOfOneState has a writer that says of each version in turn that it is not current.
func TestAnObjectAndWhyItIsNotCurrentAreOfOneState(t *testing.T) {
	writer, reader := store.New(store.Options{})
	writer.Apply([]store.Change{set(object(one, "0", "web"))}, "0")
	lister := listers.New[*v1.ConfigMap](configMaps.Definition(), reader)
	stop := make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() {
		for n := 1; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			version := strconv.Itoa(n)
			writer.Apply([]store.Change{set(object(one, version, "web"))}, version)
			writer.Apply([]store.Change{{Op: store.MarkStale, Key: one, Err: errors.New(version)}}, version)
		}
	})
	defer writing.Wait()
	defer close(stop)
	for range 100_000 {
		o, err := lister.Get(one)
		var stale *listers.StaleError
		switch {
		case o == nil:
			t.Fatal(err)
		case errors.As(err, &stale) && stale.Err.Error() != o.ResourceVersion:
			t.Fatalf("version %s is not current because of version %v", o.ResourceVersion, stale.Err)
		}
	}
}

func TestGetDoesNotAllocate(t *testing.T) {
	writer, reader := store.New(store.Options{})
	writer.Apply([]store.Change{set(object(one, "1", "web"))}, "1")
	lister := listers.New[*v1.ConfigMap](configMaps.Definition(), reader)
	if n := testing.AllocsPerRun(100, func() {
		if _, err := lister.Get(one); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkGet(b *testing.B) {
	writer, reader := store.New(store.Options{})
	var changes []store.Change
	for n := range 10_000 {
		changes = append(changes, set(object(resource.Key{Namespace: "a", Name: fmt.Sprint(n)}, "1", "web")))
	}
	writer.Apply(changes, "1")
	lister := listers.New[*v1.ConfigMap](configMaps.Definition(), reader).Namespace("a")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := lister.Get("5000"); err != nil {
			b.Fatal(err)
		}
	}
}
