package store

import (
	"errors"
	"slices"
	"strconv"
	"testing"

	"github.com/sheaf-dev/sheaf/resource"
)

func nodes(name string) map[string]IndexFunc {
	return map[string]IndexFunc{name: byAnnotation("node")}
}

func onNode(name, node string) *Change {
	c := put(annotated(object("a", name, nil), map[string]string{"node": node}))
	return &c
}

func byIndex(t *testing.T, r *Reader, index, value string) []resource.Object {
	t.Helper()
	found, err := r.ByIndex(index, value)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestAnIndexThatIsAddedLaterFindsWhatIsThereAndWhatComes(t *testing.T) {
	w, r := New(Options{})
	w.Apply([]Change{*onNode("one", "n1"), *onNode("two", "n1,n2")}, "1")
	if err := r.AddIndexers(nodes("node")); err != nil {
		t.Fatal(err)
	}
	w.Apply([]Change{*onNode("three", "n2")}, "2")
	wantKeys(t, byIndex(t, r, "node", "n1"), "a/one", "a/two")
	wantKeys(t, byIndex(t, r, "node", "n2"), "a/three", "a/two")
	mustCheck(t, w)
}

func TestReadersAndTheWriterGoOnWhileAnIndexIsBuilt(t *testing.T) {
	w, r := New(Options{})
	w.Apply([]Change{*onNode("stays", "n1"), *onNode("moves", "n1"), *onNode("goes", "n1")}, "1")
	building, goOn := make(chan struct{}), make(chan struct{})
	first := true
	done := make(chan error)
	go func() {
		done <- r.AddIndexers(map[string]IndexFunc{"node": func(o resource.Object) ([]string, error) {
			if first {
				first = false
				close(building)
				<-goOn
			}
			return byAnnotation("node")(o)
		}})
	}()
	<-building
	w.Apply([]Change{*onNode("moves", "n2"), {Op: Delete, Key: resource.Key{Namespace: "a", Name: "goes"}}, *onNode("comes", "n1")}, "2")
	if r.Len() != 3 || r.ResourceVersion() != "2" {
		t.Errorf("%d objects at %s", r.Len(), r.ResourceVersion())
	}
	if _, err := r.ByIndex("node", "n1"); !errors.Is(err, ErrNoIndex) {
		t.Errorf("an index that is not complete answers: %v", err)
	}
	close(goOn)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	wantKeys(t, byIndex(t, r, "node", "n1"), "a/comes", "a/stays")
	wantKeys(t, byIndex(t, r, "node", "n2"), "a/moves")
	mustCheck(t, w)
}

func TestATakenIndexNameAndANilFunctionAreErrorsThatAddNothing(t *testing.T) {
	_, r := New(Options{Indexers: nodes("node")})
	err := r.AddIndexers(map[string]IndexFunc{"node": byAnnotation("x"), "other": byAnnotation("x")})
	if !errors.Is(err, ErrIndexExists) || err.Error() != `index "node": index exists already` {
		t.Errorf("taken: %v", err)
	}
	if err := r.AddIndexers(map[string]IndexFunc{"other": nil}); err == nil {
		t.Error("nil is accepted")
	}
	if _, err := r.IndexValues("other"); !errors.Is(err, ErrNoIndex) {
		t.Errorf("the other index is there: %v", err)
	}
}

func TestOfTwoThatAddTheSameIndexAtOnceOneGetsAnError(t *testing.T) {
	w, r := New(Options{})
	w.Apply([]Change{*onNode("one", "n1")}, "1")
	inside, goOn := make(chan struct{}), make(chan struct{})
	done := make(chan error)
	for range 2 {
		go func() {
			done <- r.AddIndexers(map[string]IndexFunc{"node": func(resource.Object) ([]string, error) {
				inside <- struct{}{}
				<-goOn
				return nil, nil
			}})
		}()
	}
	<-inside
	<-inside
	close(goOn)
	if first, second := <-done, <-done; (first == nil) == (second == nil) || !errors.Is(errors.Join(first, second), ErrIndexExists) {
		t.Errorf("errors %v and %v", first, second)
	}
}

func TestAnIndexFunctionThatFailsOrPanicsLosesThatObjectForThatIndexOnly(t *testing.T) {
	w, r := New(Options{Indexers: map[string]IndexFunc{"bad": byAnnotation("node"), "good": func(o resource.Object) ([]string, error) {
		return []string{o.GetName()}, nil
	}}})
	w.Apply([]Change{*onNode("fails", "n1"), *onNode("panics", "n1"), *onNode("works", "n1")}, "1")
	w.Apply([]Change{*onNode("fails", "error"), *onNode("panics", "panic")}, "2")
	wantKeys(t, byIndex(t, r, "bad", "n1"), "a/works")
	wantKeys(t, byIndex(t, r, "good", "fails"), "a/fails")
	errs := r.IndexErrors()
	if len(errs) != 2 || !errors.Is(errs[0], errBadAnnotation) {
		t.Fatalf("index errors %v", errs)
	}
	if got := errs[1].Error(); got != `index "bad" of a/panics: index function panicked: bad annotation` {
		t.Errorf("index error %q", got)
	}
	mustCheck(t, w)

	w.Apply([]Change{*onNode("fails", "n1"), {Op: Delete, Key: errs[1].Key}}, "3")
	wantKeys(t, byIndex(t, r, "bad", "n1"), "a/fails", "a/works")
	if errs := r.IndexErrors(); len(errs) != 0 {
		t.Errorf("still there: %v", errs)
	}
	mustCheck(t, w)
}

func TestANilIndexFunctionFromTheStartIsReportedForEachObject(t *testing.T) {
	w, r := New(Options{Indexers: map[string]IndexFunc{"none": nil}})
	w.Apply([]Change{*onNode("one", "n1")}, "1")
	if errs := r.IndexErrors(); len(errs) != 1 || errs[0].Index != "none" {
		t.Errorf("index errors %v", errs)
	}
}

func TestAnIndexFunctionThatChangesItsMindLeavesNothingBehind(t *testing.T) {
	calls := 0
	w, r := New(Options{Indexers: map[string]IndexFunc{"call": func(resource.Object) ([]string, error) {
		calls++
		return []string{strconv.Itoa(calls)}, nil
	}}})
	one := onNode("one", "n1")
	for range 3 {
		w.Apply([]Change{*one, *onNode("one", "n1")}, "1")
		mustCheck(t, w)
	}
	if values, _ := r.IndexValues("call"); len(values) != 1 {
		t.Errorf("one object has the values %v", values)
	}
	w.Apply([]Change{{Op: Delete, Key: one.Key}}, "2")
	if values, _ := r.IndexValues("call"); len(values) != 0 {
		t.Errorf("no object has the values %v", values)
	}
	mustCheck(t, w)
}

func TestNamespacesAreAnIndexUntilAUserTakesTheName(t *testing.T) {
	w, r := New(Options{})
	w.Apply([]Change{put(object("a", "one", nil)), put(object("b", "two", nil)), put(object("", "three", nil))}, "1")
	if values, err := r.IndexValues(NamespaceIndex); err != nil || !slices.Equal(values, []string{"", "a", "b"}) {
		t.Errorf("values %q, %v", values, err)
	}
	wantKeys(t, byIndex(t, r, NamespaceIndex, "a"), "a/one")
	wantKeys(t, byIndex(t, r, NamespaceIndex, ""), "three")
	err := r.AddIndexers(map[string]IndexFunc{NamespaceIndex: func(o resource.Object) ([]string, error) {
		return []string{"mine-" + o.GetNamespace()}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	wantKeys(t, byIndex(t, r, NamespaceIndex, "a"))
	wantKeys(t, byIndex(t, r, NamespaceIndex, "mine-a"), "a/one")
}

func TestAnUnknownIndexIsAnErrorThatNamesIt(t *testing.T) {
	_, r := New(Options{})
	_, err := r.ByIndex("nodes", "n1")
	if !errors.Is(err, ErrNoIndex) || err.Error() != `index "nodes": no such index` {
		t.Errorf("ByIndex: %v", err)
	}
	if _, err := r.IndexValues("nodes"); !errors.Is(err, ErrNoIndex) {
		t.Errorf("IndexValues: %v", err)
	}
}
