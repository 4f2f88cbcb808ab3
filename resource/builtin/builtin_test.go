package builtin_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/resource/builtin"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
)

func TestTheTableHasEveryGroupVersionAndResourceOfTheAPI(t *testing.T) {
	versions := map[schema.GroupVersion]bool{}
	for _, def := range builtin.Definitions() {
		versions[def.GroupVersionResource().GroupVersion()] = true
	}
	if got := len(builtin.Definitions()); got != 162 || len(versions) != 55 {
		t.Errorf("%d resources in %d group-versions, want 162 in 55", got, len(versions))
	}
}

func TestTheTableIsSortedAndEachResourceAndKindIsThereOnce(t *testing.T) {
	defs := builtin.Definitions()
	compare := func(a, b *resource.Definition) int {
		x, y := a.GroupVersionResource(), b.GroupVersionResource()
		return cmp.Or(cmp.Compare(x.Group, y.Group), cmp.Compare(x.Version, y.Version), cmp.Compare(x.Resource, y.Resource))
	}
	for i := 1; i < len(defs); i++ {
		if compare(defs[i-1], defs[i]) >= 0 {
			t.Errorf("%v is before %v", defs[i-1], defs[i])
		}
	}
}

func TestABuiltinResourceIsFoundByItsNameAndByItsKind(t *testing.T) {
	for _, def := range builtin.Definitions() {
		if found, ok := builtin.ForResource(def.GroupVersionResource()); !ok || found != def {
			t.Errorf("ForResource(%v) = %v, %v", def.GroupVersionResource(), found, ok)
		}
		if found, ok := builtin.ForKind(def.GroupVersionKind()); !ok || found != def {
			t.Errorf("ForKind(%v) = %v, %v", def.GroupVersionKind(), found, ok)
		}
	}
	if def, ok := builtin.ForResource(schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "widgets"}); ok {
		t.Errorf("a custom resource is built in: %v", def)
	}
}

func TestTheTableHoldsTheDefinitionsOfTheTypedResources(t *testing.T) {
	def, _ := builtin.ForResource(corev1.Pods.Definition().GroupVersionResource())
	if def != corev1.Pods.Definition() {
		t.Errorf("the table has %p, the package %p", def, corev1.Pods.Definition())
	}
}

func TestAllBuiltinTypesSpeakProtobufAndAreNamedAsTheirGoTypes(t *testing.T) {
	for _, def := range builtin.Definitions() {
		if !def.Protobuf() {
			t.Errorf("%v does not speak protobuf", def)
		}
		if def.GoType().Name() != def.GroupVersionKind().Kind {
			t.Errorf("%v: kind %s, Go type %s", def, def.GroupVersionKind().Kind, def.GoType())
		}
	}
}

func TestTheSliceIsTheCallers(t *testing.T) {
	clear(builtin.Definitions())
	if slices.Contains(builtin.Definitions(), nil) {
		t.Error("a caller's change shows in the table")
	}
}

func ExampleForResource() {
	def, found := builtin.ForResource(schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"})
	fmt.Println(found, def.GroupVersionKind().Kind, def.Scope())
	// Output: true Deployment namespaced
}
