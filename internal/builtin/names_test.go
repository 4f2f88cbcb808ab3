package builtin

import (
	"fmt"
	"slices"
	"testing"

	"go.uber.org/goleak"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEveryRowIsFound(t *testing.T) {
	for _, r := range table {
		got := NamesOf(schema.GroupResource{Group: r.group, Resource: r.resource})
		if !slices.Equal(got.Short, r.names.Short) || !slices.Equal(got.Categories, r.names.Categories) || len(got.Short)+len(got.Categories) == 0 {
			t.Errorf("NamesOf(%s.%s) = %+v, want %+v", r.resource, r.group, got, r.names)
		}
	}
}

func TestAResourceWithoutOtherNamesHasNone(t *testing.T) {
	for _, gr := range []schema.GroupResource{{Resource: "secrets"}, {Group: "example.com", Resource: "pods"}} {
		if got := NamesOf(gr); got.Short != nil || got.Categories != nil {
			t.Errorf("NamesOf(%v) = %+v", gr, got)
		}
	}
}

func TestNamesAreTheCallers(t *testing.T) {
	nodes := schema.GroupResource{Resource: "nodes"}
	NamesOf(nodes).Short[0] = "changed"
	if got := NamesOf(nodes).Short[0]; got != "no" {
		t.Errorf("the short name of nodes is %q", got)
	}
}

func ExampleNamesOf() {
	fmt.Println(NamesOf(schema.GroupResource{Group: "apps", Resource: "deployments"}))
	// Output: {[deploy] [all]}
}
