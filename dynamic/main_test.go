package dynamic_test

import (
	"testing"

	"go.uber.org/goleak"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/discovery"
	"github.com/sheaf-dev/sheaf/dynamic"
	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/rest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type widget struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              widgetSpec   `json:"spec"`
	Status            widgetStatus `json:"status,omitzero"`
}

type widgetSpec struct {
	Size  int64            `json:"size,omitempty"`
	Ratio float64          `json:"ratio,omitempty"`
	Parts map[string]int64 `json:"parts,omitempty"`
}

type widgetStatus struct {
	Ready bool `json:"ready,omitempty"`
}

var widgets = resource.Define[*widget]("example.com", "v1", "widgets", "Widget", resource.Namespaced)

// start returns a running embedded server with widgets, a client of it, and one that finds resources.
func start(t *testing.T, opts apitest.Options) (*apitest.Server, *rest.Client, dynamic.Client) {
	t.Helper()
	opts.Resources, opts.CreateNamespaces = []apitest.Definer{widgets}, true
	server := apitest.New(opts).Start(t)
	client, err := rest.NewClient(server.Config())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdle)
	return server, client, finder(client)
}

func finder(client *rest.Client) dynamic.Client {
	cache := discovery.NewCache(discovery.New(client, discovery.Options{}), discovery.CacheOptions{})
	return dynamic.New(client, discovery.NewMapper(cache, discovery.MapperOptions{}))
}

// find returns a resource that is there.
func find(t *testing.T, client dynamic.Client, text string) dynamic.Resource {
	t.Helper()
	r, err := client.Lookup(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// anvil is an untyped widget, as a program would write it.
func anvil() *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "example.com/v1", "kind": "Widget",
		"metadata": map[string]any{"name": "anvil", "namespace": "shop", "labels": map[string]any{"heavy": "yes"}},
		"spec":     map[string]any{"size": int64(5)},
	}}
}
