package store

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/sheaf-dev/sheaf/resource"
)

func TestApplySaysWhatEachChangeDid(t *testing.T) {
	w, _ := New(Options{})
	first, second := object("a", "one", nil), object("a", "one", map[string]string{"x": "y"})
	key := resource.KeyOf(first)
	absent := resource.Key{Name: "absent"}
	got := w.Apply([]Change{
		put(first), put(second), {Op: Keep, Key: key}, {Op: MarkStale, Key: key}, drop(first), put(first),
		{Op: Keep, Key: absent}, {Op: Delete, Key: absent}, {Op: MarkStale, Key: absent},
	}, "1")
	want := []Applied{
		{key, nil, first}, {key, first, second}, {key, second, second}, {key, second, second}, {key, second, nil}, {key, nil, first},
		{absent, nil, nil}, {absent, nil, nil}, {absent, nil, nil},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	mustCheck(t, w)
}

func TestReplaceDeletesWhatIsNotNamedInKeyOrderAndInOneStep(t *testing.T) {
	w, r := New(Options{})
	var changes []Change
	for _, name := range []string{"d", "b", "c", "a", "e"} {
		changes = append(changes, put(object("n", name, nil)))
	}
	w.Apply(changes, "1")
	before := r.Snapshot()
	kept, renewed := changes[2], put(object("n", "e", nil))
	applied := w.Replace([]Change{renewed, {Op: Keep, Key: kept.Key}, put(object("n", "new", nil))}, "2")
	var did []string
	for _, a := range applied {
		did = append(did, fmt.Sprintf("%s %t %t", a.Key.Name, a.Old != nil, a.New != nil))
	}
	if want := []string{"e true true", "c true true", "new false true", "a true false", "b true false", "d true false"}; !slices.Equal(did, want) {
		t.Errorf("did %v, want %v", did, want)
	}
	if applied[3].Old != changes[3].Object {
		t.Error("the last state of a deleted object is missing")
	}
	wantKeys(t, slices.Collect(before.All()), "n/a", "n/b", "n/c", "n/d", "n/e")
	wantKeys(t, slices.Collect(r.All()), "n/c", "n/e", "n/new")
	mustCheck(t, w)
}

func TestAStaleKeyKeepsItsLastGoodStateAndSaysWhy(t *testing.T) {
	w, r := New(Options{})
	good := object("a", "one", nil)
	key, unborn := resource.KeyOf(good), resource.Key{Namespace: "b", Name: "unborn"}
	broken := errors.New("cannot decode")
	w.Apply([]Change{put(good), {Op: MarkStale, Key: key, Err: broken}, {Op: MarkStale, Key: unborn}}, "1")
	held := r.Snapshot()
	if o, found := held.Get(key); !found || o != good || held.Stale(key) != broken {
		t.Errorf("last good state %v, stale: %v", o, held.Stale(key))
	}
	if _, found := held.Get(unborn); found || held.Stale(unborn) != ErrStale || held.Len() != 1 {
		t.Errorf("a key without a good state: found %t, stale: %v", found, held.Stale(unborn))
	}
	if got := maps.Collect(held.StaleKeys()); len(got) != 2 {
		t.Errorf("stale keys %v", got)
	}
	mustCheck(t, w)
	for name, heal := range map[string]Change{"set": put(good), "keep": {Op: Keep, Key: key}, "delete": drop(good)} {
		w.Apply([]Change{put(good), {Op: MarkStale, Key: key, Err: broken}, heal}, "2")
		if err := r.Stale(key); err != nil {
			t.Errorf("%s leaves it stale: %v", name, err)
		}
		mustCheck(t, w)
	}
	w.Replace(nil, "3")
	if got := maps.Collect(r.Snapshot().StaleKeys()); len(got) != 0 {
		t.Errorf("after an empty list: %v", got)
	}
	if held.Stale(key) != broken || held.Stale(unborn) != ErrStale {
		t.Error("the held snapshot has changed")
	}
	mustCheck(t, w)
}

func TestAHeldSnapshotOfALargeNamespaceDoesNotChange(t *testing.T) {
	w, r := New(Options{Indexers: nodes("node")})
	var changes []Change
	for i := range 4 * chunkSize {
		changes = append(changes, *onNode(fmt.Sprint("first-", i), "n1"))
	}
	w.Apply(changes, "1")
	held := r.Snapshot()
	for batch := range 10 {
		later := make([]Change, 0, 400)
		for i := range 200 {
			later = append(later, Change{Op: Delete, Key: changes[(i*7+batch*100)%len(changes)].Key}, *onNode(fmt.Sprint("later-", batch, "-", i), "n1"))
		}
		w.Apply(later, "2")
		mustCheck(t, w)
	}
	want := make([]resource.Object, 0, len(changes))
	for _, c := range changes {
		want = append(want, c.Object)
	}
	indexed, err := held.ByIndex("node", "n1")
	if err := errors.Join(err, same(indexed, want), same(held.List(nil, "a"), want), same(slices.Collect(held.Namespace("a")), want)); err != nil {
		t.Error(err)
	}
	if now := r.List(nil, "a"); len(now) != r.Len() || same(now, want) == nil {
		t.Errorf("%d objects now", len(now))
	}
}

func TestAnEmptyVersionKeepsTheFormerOne(t *testing.T) {
	w, r := New(Options{})
	w.Apply(nil, "5")
	w.Apply([]Change{put(object("a", "one", nil))}, "")
	if r.ResourceVersion() != "5" || r.Len() != 1 {
		t.Errorf("version %q", r.ResourceVersion())
	}
	w.Replace(nil, "")
	if r.ResourceVersion() != "5" || r.Len() != 0 {
		t.Errorf("version %q", r.ResourceVersion())
	}
}

func TestASelectorVisitsNoMoreGroupsThanItsSmallestRequirementHas(t *testing.T) {
	w, r := New(Options{})
	var changes []Change
	for i := range 200 {
		all := map[string]string{"all": "yes", "tenth": fmt.Sprint(i / 20), "own": fmt.Sprint(i)}
		if i < 3 {
			all["rare"] = fmt.Sprint(i)
		}
		changes = append(changes, put(object(fmt.Sprint("n", i/50), fmt.Sprint("o", i), all)))
	}
	w.Apply(changes, "1")
	for text, want := range map[string]int{
		"own=7": 1, "own=7,all=yes": 1, "all,tenth=4,own": 20, "tenth in (1,2)": 40, "rare": 3, "rare,all": 3, "all=yes,rare": 3, "rare,own=1": 1,
		"all,tenth in (1,2,3,4,5,6,7,8)": 50, "own!=7": 50, "tenth>3,rare": 3,
	} {
		selector, err := labels.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		v := r.Snapshot().v
		requirements, _ := selector.Requirements()
		var wishes []wish
		for i := range requirements {
			one, _ := v.groups.wish(&requirements[i])
			wishes = append(wishes, one)
		}
		home, _ := v.groups.namespaces.number("", "n0")
		visits := 0
		postings, _ := v.groups.candidates(wishes, home)
		for _, p := range postings {
			v.groups.each(p, func(*group) bool {
				visits++
				return true
			})
		}
		if visits != want {
			t.Errorf("%s in a namespace of 50 visits %d groups, want %d", text, visits, want)
		}
	}
}

func TestASnapshotEstimatesItsMemory(t *testing.T) {
	empty, _ := New(Options{})
	if bytes := (Snapshot{empty.core.current.Load()}).MemoryEstimate(); bytes > 4096 {
		t.Errorf("an empty store has %d bytes", bytes)
	}
	w, r := New(Options{Indexers: nodes("node")})
	var changes []Change
	for i := range 20_000 {
		changes = append(changes, put(annotated(object(fmt.Sprint("namespace-", i/100), fmt.Sprint("some-pod-of-an-app-", i),
			map[string]string{"app": fmt.Sprint(i / 40), "tier": "backend"}), map[string]string{"node": fmt.Sprint(i % 100)})))
	}
	w.Replace(changes, "1")
	if each := r.Snapshot().MemoryEstimate() / 20_000; each < 80 || each > 180 {
		t.Errorf("%d bytes an object", each)
	}
}

func TestGetDoesNotAllocate(t *testing.T) {
	w, r := New(Options{})
	for i := range 100 {
		w.Apply([]Change{put(object("a", fmt.Sprint(i), nil))}, "1")
	}
	key, found := resource.Key{Namespace: "a", Name: "7"}, false
	if n := testing.AllocsPerRun(100, func() { _, found = r.Get(key) }); n != 0 || !found {
		t.Errorf("%v allocations, found: %t", n, found)
	}
}

func TestOperationsHaveNames(t *testing.T) {
	for op, want := range map[Op]string{Set: "set", Keep: "keep", Delete: "delete", MarkStale: "mark stale", 0: "unknown"} {
		if op.String() != want {
			t.Errorf("%d is %q, want %q", op, op, want)
		}
	}
}
