package openapi_test

import (
	"encoding/json"
	"testing"

	"go.uber.org/goleak"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/apitest/internal/openapi"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheDocumentsDescribeTheBuiltInTypes(t *testing.T) {
	docs := openapi.Documents()
	for _, path := range []string{"api/v1", "apis/apps/v1", "apis/coordination.k8s.io/v1", "apis/resource.k8s.io/v1beta1"} {
		var doc struct {
			OpenAPI string
			Paths   map[string]any
		}
		if err := json.Unmarshal(docs[path], &doc); err != nil || doc.OpenAPI != "3.0.0" || len(doc.Paths) == 0 {
			t.Errorf("%s: %v, version %q, %d paths", path, err, doc.OpenAPI, len(doc.Paths))
		}
	}
}

func TestTheMergeRulesKnowTheKeysOfLists(t *testing.T) {
	pod, ok := openapi.Type(schema.GroupVersionKind{Version: "v1", Kind: "Pod"})
	if !ok || !pod.IsValid() {
		t.Fatal("no rules for pods")
	}
	value, err := pod.FromYAML(`{spec: {containers: [{name: a, ports: [{containerPort: 80}]}]}}`)
	if err != nil {
		t.Fatal(err)
	}
	set, err := value.ToFieldSet()
	if err != nil {
		t.Fatal(err)
	}
	want := `.spec.containers[name="a"].ports[containerPort=80,protocol="TCP"].containerPort`
	found := false
	var all []string
	for path := range set.All() {
		all = append(all, path.String())
		found = found || path.String() == want
	}
	if !found {
		t.Fatal(all)
	}
	if _, ok := openapi.Type(schema.GroupVersionKind{Group: "apps", Version: "v1beta1", Kind: "Deployment"}); ok {
		t.Fatal("rules for what no server serves")
	}
}

func BenchmarkReadTypes(b *testing.B) {
	for b.Loop() {
		openapi.ReadAgain(schema.GroupVersion{Version: "v1"})
	}
}
