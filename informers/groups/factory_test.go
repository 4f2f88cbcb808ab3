package groups_test

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/informers/groups"
	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/resource/builtin"
	core "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

const followed = resource.VerbList | resource.VerbWatch

func newFactory(t testing.TB) *groups.SharedInformerFactory {
	t.Helper()
	client, err := rest.NewClient(&rest.Config{Host: "http://server.example"})
	if err != nil {
		t.Fatal(err)
	}
	return groups.NewSharedInformerFactory(client, informers.Options{})
}

// accessor is one resource's accessor, found by reflection.
type accessor struct {
	path  string // "Core V1 Pods"
	value reflect.Value
}

func (a accessor) definition() *resource.Definition {
	informer := a.value.MethodByName("Informer").Call(nil)[0]
	return informer.MethodByName("Definition").Call(nil)[0].Interface().(*resource.Definition)
}

func accessors(f *groups.SharedInformerFactory) []accessor {
	var all []accessor
	factory := reflect.ValueOf(f)
	for i := range factory.NumMethod() {
		// The accessors are the methods without parameters that return a struct of this package.
		method := factory.Type().Method(i)
		if method.Type.NumIn() != 1 || method.Type.NumOut() != 1 || method.Type.Out(0).PkgPath() != factory.Type().Elem().PkgPath() {
			continue
		}
		group := factory.Method(i).Call(nil)[0]
		for j := range group.NumMethod() {
			version := group.Method(j).Call(nil)[0]
			for k := range version.NumMethod() {
				path := strings.Join([]string{method.Name, group.Type().Method(j).Name, version.Type().Method(k).Name}, " ")
				all = append(all, accessor{path, version.Method(k).Call(nil)[0]})
			}
		}
	}
	return all
}

func TestTheFactoryHasTheAccessorsThatClientGoHas(t *testing.T) {
	text, err := os.ReadFile("testdata/client-go-0.37.txt")
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(strings.TrimSpace(string(text)), "\n")
	// client-go has one more: an informer of component statuses, which no server lets anyone watch.
	want = slices.DeleteFunc(want, func(path string) bool { return path == "Core V1 ComponentStatuses" })
	var got []string
	for _, a := range accessors(newFactory(t)) {
		got = append(got, a.path)
	}
	slices.Sort(got)
	if len(want) != 146 || !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestEachAccessorIsThatOfItsOwnResource(t *testing.T) {
	reached := map[*resource.Definition]bool{}
	for _, a := range accessors(newFactory(t)) {
		def := a.definition()
		reached[def] = true
		_, plural, _ := strings.Cut(strings.ToLower(a.path), " v")
		if !strings.HasSuffix(plural, " "+def.GroupVersionResource().Resource) || !strings.HasPrefix("v"+plural, def.GroupVersionResource().Version+" ") {
			t.Errorf("%s is the accessor of %v", a.path, def)
		}
	}
	for _, def := range builtin.Definitions() {
		if reached[def] != def.Verbs().Has(followed) {
			t.Errorf("%v has an accessor: %v; its verbs are %v", def, reached[def], def.Verbs())
		}
	}
}

func TestForResourceKnowsEveryBuiltinResourceThatCanBeFollowed(t *testing.T) {
	f := newFactory(t)
	for _, def := range builtin.Definitions() {
		informer, err := f.ForResource(def.GroupVersionResource())
		if !def.Verbs().Has(followed) {
			if err == nil || !strings.Contains(err.Error(), def.String()) {
				t.Errorf("%v, which cannot be followed: error %v", def, err)
			}
			continue
		}
		if err != nil || informer.Definition() != def {
			t.Errorf("ForResource(%v): %v", def.GroupVersionResource(), err)
		}
	}
	if _, err := f.ForResource(schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "widgets"}); err == nil {
		t.Error("an unknown resource has an informer")
	}
}

func TestAllWaysToAResourceShareOneInformer(t *testing.T) {
	f := newFactory(t)
	shared := f.Core().V1().Pods().Informer().Shared()
	byName, err := f.ForResource(core.Pods.Definition().GroupVersionResource())
	if err != nil {
		t.Fatal(err)
	}
	if byName.Shared() != shared || informers.For(f.SharedInformerFactory, core.Pods).Shared() != shared {
		t.Error("there are several informers of pods")
	}
}

func TestAListersObjectsAreThoseOfItsResource(t *testing.T) {
	pods := newFactory(t).Core().V1().Pods().Lister()
	if got := pods.List(nil); len(got) != 0 {
		t.Errorf("an informer that never ran has %v", got)
	}
	var _ []*corev1.Pod = pods.List(nil)
}
