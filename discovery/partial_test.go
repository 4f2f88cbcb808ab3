package discovery

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/rest"
)

// The documents of a small server: pods, and things in two versions of which the server prefers the one that it lists last.
const (
	coreVersions = `{"kind":"APIVersions","versions":["v1"]}`
	coreV1       = `{"kind":"APIResourceList","groupVersion":"v1","resources":[
		{"name":"pods/eviction","namespaced":true,"kind":"Eviction","group":"policy","version":"v1","verbs":["create"]},
		{"name":"pods","singularName":"pod","namespaced":true,"kind":"Pod","verbs":["get","list"],"shortNames":["po"]},
		{"name":"pods/log","namespaced":true,"kind":"Pod","verbs":["get"]}]}`
	groupNames = `{"kind":"APIGroupList","apiVersion":"v1","groups":[{"name":"example.com","preferredVersion":{"groupVersion":"example.com/v1","version":"v1"},
		"versions":[{"groupVersion":"example.com/v1beta1","version":"v1beta1"},{"groupVersion":"example.com/v1","version":"v1"}]}]}`
	thingsV1      = `{"kind":"APIResourceList","groupVersion":"example.com/v1","resources":[{"name":"things","kind":"Thing","verbs":["get"]}]}`
	thingsV1beta1 = `{"kind":"APIResourceList","groupVersion":"example.com/v1beta1","resources":[
		{"name":"things","kind":"Thing","verbs":["get"]},{"name":"oddities","kind":"Oddity","verbs":["get"]}]}`
)

func oldServer() map[string]page {
	return map[string]page{
		"/api": {body: coreVersions}, "/api/v1": {body: coreV1}, "/apis": {body: groupNames},
		"/apis/example.com/v1": {body: thingsV1}, "/apis/example.com/v1beta1": {body: thingsV1beta1},
	}
}

func TestAServerWithoutAggregatedDocumentsIsAskedVersionByVersion(t *testing.T) {
	server, client := script(t, oldServer())
	catalog, err := client.Catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for r := range catalog.Resources() {
		have = append(have, fmt.Sprintf("%s %s %v", r.Resource.GroupVersion(), r.Resource.Resource, r.Preferred))
	}
	want := "v1 pods true|example.com/v1 things true|example.com/v1beta1 things false|example.com/v1beta1 oddities true"
	if got := strings.Join(have, "|"); got != want {
		t.Errorf("have %s\nwant %s", got, want)
	}
	pods, err := catalog.Resource(schema.GroupVersionResource{Version: "v1", Resource: "pods"})
	if err != nil || len(pods.Subresources) != 2 || pods.Kind.Kind != "Pod" || !Namespaced(pods) {
		t.Errorf("%+v %v", pods, err)
	}
	if eviction := pods.Subresources[0]; eviction.Kind != (schema.GroupVersionKind{Group: "policy", Version: "v1", Kind: "Eviction"}) {
		t.Errorf("%+v", eviction)
	}
	if server.count("/apis/example.com/v1") != 1 {
		t.Error("a version was asked for more than once")
	}
}

// slowServer answers legacy discovery of 30 groups, each after a second.
type slowServer struct{}

func (slowServer) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(time.Second)
	body := `{"kind":"APIResourceList","resources":[{"name":"things","kind":"Thing"}]}`
	switch r.URL.Path {
	case "/api":
		body = coreVersions
	case "/apis":
		var groups []string
		for i := range 30 {
			groups = append(groups, fmt.Sprintf(`{"name":"g%d","versions":[{"groupVersion":"g%d/v1","version":"v1"}]}`, i, i))
		}
		body = `{"kind":"APIGroupList","groups":[` + strings.Join(groups, ",") + `]}`
	}
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func TestVersionsAreAskedForEightAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := rest.NewClient(&rest.Config{Host: "https://example.com", Transport: slowServer{}})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		catalog, err := New(c, Options{}).Catalog(t.Context())
		if err != nil || catalog.Err() != nil || len(catalog.Groups()) != 31 {
			t.Fatal(catalog, err)
		}
		if took := time.Since(start); took != 5*time.Second { // the names, and 30 versions eight by eight
			t.Errorf("it took %v", took)
		}
	})
}

func TestAFailingVersionLeavesTheRest(t *testing.T) {
	pages := oldServer()
	pages["/apis/example.com/v1"] = page{code: http.StatusServiceUnavailable, contentType: "text/html", body: "<h1>gone fishing</h1>"}
	_, client := script(t, pages)
	catalog, err := client.Catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	things := schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "things"}
	_, err = catalog.Resource(things)
	var failed *FailedError
	if !errors.As(err, &failed) || failed.GroupVersion != things.GroupVersion() || meta.IsNoMatchError(err) || !apierrors.IsServiceUnavailable(err) {
		t.Errorf("have %v", err)
	}
	if all := catalog.Err(); !errors.As(all, &failed) || !strings.HasPrefix(all.Error(), "discover example.com/v1: ") {
		t.Errorf("have %v", all)
	}
	for _, there := range []schema.GroupVersionResource{
		{Version: "v1", Resource: "pods"}, {Group: "example.com", Version: "v1beta1", Resource: "things"},
	} {
		if _, err := catalog.Resource(there); err != nil {
			t.Error(err)
		}
	}
	if _, err := catalog.Resource(schema.GroupVersionResource{Version: "v1", Resource: "pots"}); !meta.IsNoMatchError(err) {
		t.Errorf("have %v", err)
	}
}

const staleDocument = `{"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","items":[
	{"metadata":{"name":"metrics.k8s.io"},"versions":[{"version":"v1beta1","freshness":"Stale","resources":[
		{"resource":"nodes","responseKind":{"group":"","version":"","kind":"NodeMetrics"},"scope":"Cluster","verbs":["get","list"]}]}]},
	{"metadata":{"name":"apps"},"versions":[{"version":"v1","freshness":"Current","resources":[
		{"resource":"deployments","responseKind":{"group":"apps","version":"v1","kind":"Deployment"},"scope":"Namespaced","singularResource":"deployment","verbs":["get"],
		 "subresources":[{"subresource":"scale","responseKind":{"group":"autoscaling","version":"v1","kind":"Scale"},"verbs":["get"]},{"subresource":"odd","verbs":["get"]}]},
		{"resource":"shells","scope":"Namespaced","verbs":null,"subresources":[{"subresource":"status","verbs":["get"]}]}]}]}]}`

func TestStaleVersionsAreFailuresThatShowWhatWasThere(t *testing.T) {
	_, client := script(t, map[string]page{"/apis": {contentType: aggregatedV2, body: staleDocument}})
	catalog, err := client.Catalog(t.Context()) // and there is no /api, which is no error
	if err != nil {
		t.Fatal(err)
	}
	if err := catalog.Err(); !errors.Is(err, ErrStale) || !strings.HasPrefix(err.Error(), "discover metrics.k8s.io/v1beta1: ") {
		t.Errorf("have %v", err)
	}
	metrics := schema.GroupVersion{Group: "metrics.k8s.io", Version: "v1beta1"}
	if r, err := catalog.Resource(metrics.WithResource("nodes")); err != nil || r.Kind != metrics.WithKind("NodeMetrics") {
		t.Errorf("%+v %v", r, err)
	}
	if _, err := catalog.Resource(metrics.WithResource("pods")); !errors.Is(err, ErrStale) {
		t.Errorf("have %v", err)
	}
	apps := schema.GroupVersion{Group: "apps", Version: "v1"}
	shells, err := catalog.Resource(apps.WithResource("shells"))
	if err != nil || !shells.Kind.Empty() || len(shells.Subresources) != 1 {
		t.Errorf("%+v %v", shells, err)
	}
	deployments, _ := catalog.Resource(apps.WithResource("deployments"))
	if odd, ok := deployments.Subresource("odd"); !ok || !odd.Kind.Empty() {
		t.Errorf("%+v %v", odd, ok)
	}
}

func TestTheBetaFormOfAggregatedDocumentsIsRead(t *testing.T) {
	body := strings.ReplaceAll(staleDocument, "apidiscovery.k8s.io/v2", "apidiscovery.k8s.io/v2beta1")
	_, client := script(t, map[string]page{"/apis": {contentType: strings.Replace(aggregatedV2, "v=v2", "v=v2beta1", 1), body: body}})
	catalog, err := client.Catalog(t.Context())
	if err != nil || len(catalog.Groups()) != 2 {
		t.Errorf("%v %v", catalog, err)
	}
}

func TestWithoutAnyDocumentThereIsNoCatalog(t *testing.T) {
	for name, test := range map[string]struct {
		pages map[string]page
		want  string
		is    func(error) bool
	}{
		"neither path": {map[string]page{}, "no such path", apierrors.IsNotFound},
		"forbidden": {map[string]page{"/api": {body: coreVersions}, "/api/v1": {body: coreV1}, "/apis": {code: http.StatusForbidden,
			body: `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403,"message":"not for you"}`}}, "not for you", apierrors.IsForbidden},
		"a proxy's page": {map[string]page{"/apis": {contentType: "text/html", body: "<html>Please log in</html>"}}, "Please log in", nil},
		"cut short":      {map[string]page{"/apis": {contentType: aggregatedV2, body: staleDocument[:300]}}, "/apis: the answer cannot be read", nil},
		"another thing":  {map[string]page{"/apis": {body: `{"kind":"PodList"}`}}, `want an APIGroupList, have kind "PodList"`, nil},
		"another core":   {map[string]page{"/api": {body: `{"kind":"PodList"}`}}, `want APIVersions, have kind "PodList"`, nil},
	} {
		_, client := script(t, test.pages)
		catalog, err := client.Catalog(t.Context())
		if err == nil || catalog != nil || !strings.HasPrefix(err.Error(), "discover what http://127.0.0.1:") || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: have %v, %v", name, catalog, err)
		}
		if test.is != nil && !test.is(err) {
			t.Errorf("%s: %v is of another kind", name, err)
		}
	}
}

// What answers in the server's place with JSON of its own says nothing about what the server has.
func TestOtherJSONIsNoAnswer(t *testing.T) {
	other := page{body: `{"error":"no upstream"}`}
	_, client := script(t, map[string]page{"/api": other, "/apis": other, "/api/v1": other, "/version": other, "/openapi/v3": other})
	ctx := t.Context()
	_, err1 := client.Catalog(ctx)
	_, err2 := client.GroupVersion(ctx, schema.GroupVersion{Version: "v1"})
	_, err3 := client.Version(ctx)
	_, err4 := client.OpenAPIV3(ctx)
	for want, err := range map[string]error{
		`want APIVersions, have kind ""`:           err1,
		`want an APIResourceList, have kind ""`:    err2,
		"answered without one":                     err3,
		"with something else than a table of them": err4,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("have %v, want %s", err, want)
		}
	}
}
