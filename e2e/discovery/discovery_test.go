package discovery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/discovery"
	"github.com/sheaf-dev/sheaf/e2e/cluster"
	"github.com/sheaf-dev/sheaf/resource/builtin"
	"github.com/sheaf-dev/sheaf/rest"
)

// answers counts status codes.
type answers struct {
	mu    sync.Mutex // owns codes
	codes map[int]int
}

func (a *answers) add(_ context.Context, r rest.RequestInfo) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.codes == nil {
		a.codes = map[int]int{}
	}
	a.codes[r.Code]++
}

// taken returns the counts since the last time.
func (a *answers) taken() map[int]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := a.codes
	a.codes = nil
	return out
}

func do(t *testing.T, method, target, body string) {
	t.Helper()
	answer, err := server.Do(t.Context(), method, target, body)
	if err != nil || answer.Code >= 300 {
		t.Fatalf("%s %s: %d %s %v", method, target, answer.Code, answer.Body, err)
	}
}

// eventually waits for the server's documents to follow a change.
func eventually(t *testing.T, what string, done func() error) {
	t.Helper()
	cluster.Eventually(t, 90*time.Second, what, done)
}

const crd = `{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"%[1]ss.e2e.example.com"},
	"spec":{"group":"e2e.example.com","scope":"Namespaced","names":{"plural":"%[1]ss","singular":"%[1]s","kind":"%[2]s","shortNames":["%[3]s"],"categories":["gadgetry"]},
	"versions":[{"name":"v1alpha1","served":true,"storage":false,"schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}},
		{"name":"v1","served":true,"storage":true,"subresources":{"status":{},"scale":{"specReplicasPath":".spec.replicas","statusReplicasPath":".status.replicas"}},
		"schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}]}}`

// install makes a custom resource, whose plural is the singular with an s, and removes it at the test's end.
func install(t *testing.T, singular, kind, short string) {
	t.Helper()
	do(t, "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", fmt.Sprintf(crd, singular, kind, short))
	t.Cleanup(func() {
		answer, err := server.Do(context.Background(), "DELETE", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"+singular+"s.e2e.example.com", "")
		if err != nil || answer.Code >= 300 {
			t.Errorf("%d %v", answer.Code, err)
		}
	})
}

func TestAnyoneMayDiscoverInTwoRequests(t *testing.T) {
	client, seen := newClient(t, cluster.Guest, discovery.Options{})
	first, err := client.Catalog(t.Context())
	if err != nil || first.Err() != nil {
		t.Fatal(err, first.Err())
	}
	if codes := seen.taken(); !maps.Equal(codes, map[int]int{200: 2}) {
		t.Errorf("the server answered %v", codes)
	}
	second, err := client.Refresh(t.Context(), first)
	if codes := seen.taken(); err != nil || !maps.Equal(codes, map[int]int{304: 2}) || !reflect.DeepEqual(second.Groups(), first.Groups()) {
		t.Errorf("the server answered %v; %v", codes, err)
	}
}

func TestTheLegacyFormSaysTheSame(t *testing.T) {
	client, _ := newClient(t, cluster.Admin, discovery.Options{})
	aggregated, err := client.Catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	old, seen := newClient(t, cluster.Admin, discovery.Options{Legacy: true})
	legacy, err := old.Catalog(t.Context())
	if err != nil || legacy.Err() != nil {
		t.Fatal(err, legacy.Err())
	}
	if n := seen.taken()[200]; n < 30 {
		t.Errorf("only %d requests", n)
	}
	have, want := map[schema.GroupVersionResource]string{}, map[schema.GroupVersionResource]string{}
	for r := range legacy.Resources() {
		have[r.Resource] = asText(r)
	}
	for r := range aggregated.Resources() {
		want[r.Resource] = asText(r)
	}
	for name, w := range want {
		if h := have[name]; h != w {
			t.Errorf("%s\nlegacy     %s\naggregated %s", name, h, w)
		}
	}
	if len(have) != len(want) {
		t.Errorf("%d resources in legacy form, %d in aggregated", len(have), len(want))
	}
}

// asText is a resource as text, with its lists in one order.
func asText(r discovery.APIResource) string {
	r.Subresources = slices.Clone(r.Subresources)
	slices.SortFunc(r.Subresources, func(a, b discovery.Subresource) int { return strings.Compare(a.Name, b.Name) })
	data, _ := json.Marshal(r)
	return string(data)
}

// Whatever the server has and this project knows, the server describes as it is defined here.
func TestBuiltInDefinitionsAreWhatTheServerSays(t *testing.T) {
	client, _ := newClient(t, cluster.Admin, discovery.Options{})
	catalog, err := client.Catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, want := range builtin.Definitions() {
		r, err := catalog.Resource(want.GroupVersionResource())
		if meta.IsNoMatchError(err) {
			continue
		}
		have, err := discovery.Define[*unstructured.Unstructured](r)
		if err != nil {
			t.Fatal(err)
		}
		compared++
		if d := have.Definition(); d.GroupVersionKind() != want.GroupVersionKind() || d.Scope() != want.Scope() || d.Verbs() != want.Verbs() {
			t.Errorf("%s: the server says %s %s %s, the definition %s %s %s", want, d.GroupVersionKind(), d.Scope(), d.Verbs(),
				want.GroupVersionKind(), want.Scope(), want.Verbs())
		}
	}
	if compared < 60 {
		t.Errorf("only %d resources were compared", compared)
	}
}

func TestACustomResourceIsFoundOnceItIsThere(t *testing.T) {
	client, _ := newClient(t, cluster.Guest, discovery.Options{})
	mapper := discovery.NewMapper(discovery.NewCache(client, discovery.CacheOptions{}), discovery.MapperOptions{MissInterval: time.Millisecond})
	if _, err := mapper.Lookup(t.Context(), "gizmo"); !meta.IsNoMatchError(err) {
		t.Fatal(err)
	}
	install(t, "gizmo", "Gizmo", "gz")
	v1 := schema.GroupVersion{Group: "e2e.example.com", Version: "v1"}
	var found discovery.APIResource
	eventually(t, "find the resource", func() (err error) {
		found, err = mapper.Lookup(t.Context(), "gz")
		return err
	})
	scale, ok := found.Subresource("scale")
	if found.Resource != v1.WithResource("gizmos") || found.Kind != v1.WithKind("Gizmo") || !discovery.Namespaced(found) ||
		!ok || scale.Kind.Kind != "Scale" || scale.Kind.Group != "autoscaling" {
		t.Errorf("have %+v", found)
	}
	if r, err := mapper.Kind(t.Context(), v1.WithKind("Gizmo")); err != nil || r.Resource != found.Resource {
		t.Error(r, err)
	}
	in, err := mapper.Category(t.Context(), "gadgetry")
	if err != nil || !slices.Equal(in, []schema.GroupResource{v1.WithResource("gizmos").GroupResource()}) {
		t.Error(in, err)
	}
	if mappings, err := mapper.RESTMappings(v1.WithKind("Gizmo").GroupKind()); err != nil || len(mappings) != 2 || mappings[1].Resource.Version != "v1alpha1" {
		t.Error(mappings, err)
	}
}

func TestAWatchedCacheFollowsDefinitions(t *testing.T) {
	client, _ := newClient(t, cluster.Admin, discovery.Options{})
	cache := discovery.NewCache(client, discovery.CacheOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { cache.Run(ctx) })
	doodads := schema.GroupVersionResource{Group: "e2e.example.com", Version: "v1", Resource: "doodads"}
	look := func() error {
		catalog, err := cache.Catalog(ctx)
		if err != nil {
			return err
		}
		_, err = catalog.Resource(doodads)
		return err
	}
	if err := look(); !meta.IsNoMatchError(err) {
		t.Fatal(err)
	}
	t.Run("while it is there", func(t *testing.T) {
		install(t, "doodad", "Doodad", "dd")
		eventually(t, "find the resource", look)
	})
	eventually(t, "miss the resource", func() error {
		if err := look(); !meta.IsNoMatchError(err) {
			return fmt.Errorf("have %w", err)
		}
		return nil
	})
}

func TestAnAPIServerBehindThatIsDownIsAFailureOfItsVersionOnly(t *testing.T) {
	do(t, "POST", "/apis/apiregistration.k8s.io/v1/apiservices", `{"metadata":{"name":"v1.down.example.com"},"spec":{"group":"down.example.com","version":"v1",
		"groupPriorityMinimum":100,"versionPriority":100,"service":{"namespace":"default","name":"nowhere"},"insecureSkipTLSVerify":true}}`)
	t.Cleanup(func() {
		if answer, err := server.Do(context.Background(), "DELETE", "/apis/apiregistration.k8s.io/v1/apiservices/v1.down.example.com", ""); err != nil || answer.Code >= 300 {
			t.Errorf("%d %v", answer.Code, err)
		}
	})
	down := schema.GroupVersion{Group: "down.example.com", Version: "v1"}
	for _, legacy := range []bool{false, true} {
		client, _ := newClient(t, cluster.Admin, discovery.Options{Legacy: legacy})
		var catalog *discovery.Catalog
		eventually(t, "see the failure", func() (err error) {
			catalog, err = client.Catalog(t.Context())
			if err == nil && catalog.Err() == nil {
				err = errors.New("no failure")
			}
			return err
		})
		var failed *discovery.FailedError
		if err := catalog.Err(); !errors.As(err, &failed) || failed.GroupVersion != down || legacy == errors.Is(err, discovery.ErrStale) {
			t.Errorf("legacy %v: have %v", legacy, err)
		}
		if _, err := catalog.Resource(down.WithResource("things")); !errors.As(err, &failed) {
			t.Errorf("legacy %v: have %v", legacy, err)
		}
		if _, err := catalog.Resource(schema.GroupVersionResource{Version: "v1", Resource: "pods"}); err != nil {
			t.Error(err)
		}
	}
}

func TestOpenAPIDocumentsDescribeTheResources(t *testing.T) {
	client, _ := newClient(t, cluster.Admin, discovery.Options{})
	v2, err := client.OpenAPIV2(t.Context())
	if err != nil || !strings.Contains(string(v2), "io.k8s.api.core.v1.Pod") {
		t.Errorf("%.100s %v", v2, err)
	}
	table, err := client.OpenAPIV3(t.Context())
	if err != nil || !slices.Contains(table.Paths(), "api/v1") {
		t.Fatal(table, err)
	}
	v3, err := table.GroupVersion(t.Context(), schema.GroupVersion{Group: "apps", Version: "v1"})
	if err != nil || !strings.Contains(string(v3), "io.k8s.api.apps.v1.Deployment") {
		t.Errorf("%.100s %v", v3, err)
	}
	info, err := client.Version(t.Context())
	if want, _ := server.KubeVersion(t.Context()); err != nil || info.GitVersion != want {
		t.Errorf("have %v, %v; want %s", info, err, want)
	}
}
