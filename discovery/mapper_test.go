package discovery

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/apitest"
)

func newMapper(t *testing.T) *Mapper {
	t.Helper()
	_, client := real(t, apitest.Options{Resources: []apitest.Definer{widgets}})
	return NewMapper(NewCache(client, CacheOptions{}), MapperOptions{})
}

func TestLookupUnderstandsWhatPeopleType(t *testing.T) {
	mapper := newMapper(t)
	for text, want := range map[string]string{
		"pods": "/v1 pods", "pod": "/v1 pods", "po": "/v1 pods", "Pod": "/v1 pods", "PODS": "/v1 pods", "pods.v1.": "/v1 pods",
		"deploy": "apps/v1 deployments", "deployment": "apps/v1 deployments", "deployments.apps": "apps/v1 deployments",
		"deployments.v1.apps": "apps/v1 deployments", "deploy.app": "apps/v1 deployments",
		"events": "/v1 events", "ev": "/v1 events", "events.events.k8s.io": "events.k8s.io/v1 events",
		"hpa": "autoscaling/v2 horizontalpodautoscalers", "hpa.v1.autoscaling": "autoscaling/v1 horizontalpodautoscalers",
		"widget": "example.com/v1 widgets", "widgets.example.com": "example.com/v1 widgets", "widgets.v1.example.com": "example.com/v1 widgets",
	} {
		r, err := mapper.Lookup(t.Context(), text)
		if have := r.Resource.Group + "/" + r.Resource.Version + " " + r.Resource.Resource; err != nil || have != want {
			t.Errorf("%s: have %s, %v; want %s", text, have, err, want)
		}
	}
	for _, text := range []string{"", "pots", "pods.apps", "deployments.v3.apps.k8s.io", "pods.v9."} {
		_, err := mapper.Lookup(t.Context(), text)
		if !meta.IsNoMatchError(err) || !strings.HasPrefix(err.Error(), fmt.Sprintf("find the resource %q: ", text)) {
			t.Errorf("%s: have %v", text, err)
		}
	}
}

func TestCategoriesHaveEachResourceOnce(t *testing.T) {
	mapper := newMapper(t)
	for _, name := range []string{"all", "ALL"} {
		all, err := mapper.Category(t.Context(), name)
		hpas := 0
		for _, r := range all {
			if r.Resource == "horizontalpodautoscalers" {
				hpas++
			}
		}
		if err != nil || hpas != 1 || !slices.Contains(all, schema.GroupResource{Resource: "pods"}) {
			t.Errorf("have %v, %v", all, err)
		}
	}
	if none, err := mapper.Category(t.Context(), "none"); err != nil || len(none) != 0 {
		t.Errorf("have %v, %v", none, err)
	}
}

func TestKindsAndNamesAreFoundExactly(t *testing.T) {
	mapper := newMapper(t)
	hpaV1 := schema.GroupVersion{Group: "autoscaling", Version: "v1"}
	if r, err := mapper.Kind(t.Context(), hpaV1.WithKind("HorizontalPodAutoscaler")); err != nil || r.Resource != hpaV1.WithResource("horizontalpodautoscalers") {
		t.Errorf("%+v %v", r, err)
	}
	if r, err := mapper.Resource(t.Context(), hpaV1.WithResource("horizontalpodautoscalers")); err != nil || r.Kind != hpaV1.WithKind("HorizontalPodAutoscaler") {
		t.Errorf("%+v %v", r, err)
	}
	if _, err := mapper.Kind(t.Context(), hpaV1.WithKind("Deployment")); !meta.IsNoMatchError(err) {
		t.Errorf("have %v", err)
	}
	if _, err := mapper.Resource(t.Context(), hpaV1.WithResource("deployments")); !meta.IsNoMatchError(err) {
		t.Errorf("have %v", err)
	}
}

func TestAMapperIsARESTMapper(t *testing.T) {
	var mapper meta.ResettableRESTMapper = newMapper(t)
	hpa := schema.GroupKind{Group: "autoscaling", Kind: "HorizontalPodAutoscaler"}
	mappings, err := mapper.RESTMappings(hpa)
	if err != nil || len(mappings) != 2 || mappings[0].Resource.Version != "v2" || mappings[0].Scope != meta.RESTScopeNamespace {
		t.Errorf("have %v, %v", mappings, err)
	}
	if m, err := mapper.RESTMapping(hpa); err != nil || m.GroupVersionKind.Version != "v2" {
		t.Errorf("have %v, %v", m, err)
	}
	if m, err := mapper.RESTMapping(hpa, runtime.APIVersionInternal, "", "v9", "v1", "v2"); err != nil || m.GroupVersionKind.Version != "v1" {
		t.Errorf("have %v, %v", m, err)
	}
	if _, err := mapper.RESTMapping(hpa, "v9"); !meta.IsNoMatchError(err) {
		t.Errorf("have %v", err)
	}
	if m, err := mapper.RESTMapping(schema.GroupKind{Kind: "Node"}); err != nil || m.Scope != meta.RESTScopeRoot {
		t.Errorf("have %v, %v", m, err)
	}
	partial := schema.GroupVersionResource{Resource: "horizontalpodautoscalers"}
	if kind, err := mapper.KindFor(partial); err != nil || kind != hpa.WithVersion("v2") {
		t.Errorf("have %v, %v", kind, err)
	}
	if kinds, err := mapper.KindsFor(partial); err != nil || len(kinds) != 2 || kinds[1] != hpa.WithVersion("v1") {
		t.Errorf("have %v, %v", kinds, err)
	}
	if r, err := mapper.ResourceFor(schema.GroupVersionResource{Version: "v1", Resource: "hpa"}); err != nil || r.Version != "v1" {
		t.Errorf("have %v, %v", r, err)
	}
	if rs, err := mapper.ResourcesFor(schema.GroupVersionResource{Resource: "events"}); err != nil || len(rs) < 2 || rs[0].Group != "" || rs[1].Group != "events.k8s.io" {
		t.Errorf("have %v, %v", rs, err)
	}
	missing := schema.GroupVersionResource{Resource: "pots"}
	_, err1 := mapper.KindFor(missing)
	_, err2 := mapper.ResourceFor(missing)
	if !meta.IsNoMatchError(err1) || !meta.IsNoMatchError(err2) {
		t.Errorf("have %v, %v", err1, err2)
	}
	for name, want := range map[string]string{"deployments": "deployment", "deployments.apps": "deployment", "widgets": "widget", "endpoints": "endpoints"} {
		if have, err := mapper.ResourceSingularizer(name); err != nil || have != want {
			t.Errorf("have %s, %v", have, err)
		}
	}
	if have, err := mapper.ResourceSingularizer("pots"); have != "pots" || !meta.IsNoMatchError(err) {
		t.Errorf("have %s, %v", have, err)
	}
	mapper.Reset()
	if mapper.(*Mapper).Cache().Fresh() {
		t.Error("fresh after a reset")
	}
}

func TestAMissAsksTheServerAgainButNotAllTheTime(t *testing.T) {
	inMemory(t, apitest.Options{}, func(t *testing.T, server *apitest.Server, client *Client) {
		mapper := NewMapper(NewCache(client, CacheOptions{}), MapperOptions{})
		for range 100 {
			if _, err := mapper.Lookup(t.Context(), "pots"); !meta.IsNoMatchError(err) {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if have := codes(server); !slices.Equal(have, []int{200, 304}) {
			t.Errorf("the server answered %v", have)
		}
		for range 100 {
			if _, err := mapper.Lookup(t.Context(), "pods"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		if n := len(codes(server)); n != 2 {
			t.Errorf("%d requests for what is known", n)
		}
		server.Inject(apitest.Fault{On: apitest.Match{Path: "/apis"}, Do: apitest.Fail(fmt.Errorf("out of order"))})
		if _, err := mapper.Lookup(t.Context(), "pots"); !meta.IsNoMatchError(err) || !strings.Contains(err.Error(), "out of order") {
			t.Errorf("have %v", err)
		}
		never := NewMapper(mapper.Cache(), MapperOptions{MissInterval: -1})
		server.ForgetRequests()
		if _, err := never.Lookup(t.Context(), "pots"); !meta.IsNoMatchError(err) || len(codes(server)) != 0 {
			t.Errorf("have %v after %d requests", err, len(codes(server)))
		}
	})
}

func TestAResourceThatComesLaterIsFound(t *testing.T) {
	pages := oldServer()
	pages["/apis"] = page{body: `{"kind":"APIGroupList","groups":[]}`}
	server, client := script(t, pages)
	mapper := NewMapper(NewCache(client, CacheOptions{}), MapperOptions{MissInterval: time.Nanosecond})
	if _, err := mapper.Lookup(t.Context(), "things"); !meta.IsNoMatchError(err) {
		t.Fatal(err)
	}
	server.set("/apis", page{body: groupNames})
	if r, err := mapper.Lookup(t.Context(), "things"); err != nil || r.Resource.Version != "v1" {
		t.Error(r, err)
	}
}

// An API server behind the API server that is down must not look like one that was uninstalled.
func TestWhatMayBeWhereDiscoveryFailedIsNotMissing(t *testing.T) {
	pages := oldServer()
	pages["/apis/example.com/v1"] = page{code: http.StatusServiceUnavailable}
	_, client := script(t, pages)
	mapper := NewMapper(NewCache(client, CacheOptions{}), MapperOptions{MissInterval: -1})
	example := schema.GroupVersion{Group: "example.com", Version: "v1"}
	for name, look := range map[string]func(context.Context) error{
		"by kind": func(ctx context.Context) error { _, err := mapper.Kind(ctx, example.WithKind("Other")); return err },
		"by resource": func(ctx context.Context) error {
			_, err := mapper.Resource(ctx, example.WithResource("others"))
			return err
		},
		"by any name": func(ctx context.Context) error { _, err := mapper.Lookup(ctx, "others"); return err },
		"by mapping": func(ctx context.Context) error {
			_, err := mapper.RESTMappingWithContext(ctx, schema.GroupKind{Group: "example.com", Kind: "Other"})
			return err
		},
	} {
		err := look(t.Context())
		var failed *FailedError
		if !errors.As(err, &failed) || failed.GroupVersion != example || meta.IsNoMatchError(err) {
			t.Errorf("%s: have %v", name, err)
		}
	}
	for name, look := range map[string]func(context.Context) error{
		"another group": func(ctx context.Context) error {
			_, err := mapper.Kind(ctx, schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Other"})
			return err
		},
		"another version": func(ctx context.Context) error {
			_, err := mapper.Kind(ctx, schema.GroupVersionKind{Group: "example.com", Version: "v1beta1", Kind: "Other"})
			return err
		},
	} {
		if err := look(t.Context()); !meta.IsNoMatchError(err) {
			t.Errorf("%s: have %v", name, err)
		}
	}
	if r, err := mapper.Lookup(t.Context(), "things"); err != nil || r.Resource.Version != "v1beta1" {
		t.Error(r, err)
	}
}

func TestAMapperWithoutAServerSaysSo(t *testing.T) {
	_, client := script(t, map[string]page{})
	mapper := NewMapper(NewCache(client, CacheOptions{}), MapperOptions{})
	_, err1 := mapper.Lookup(t.Context(), "pods")
	_, err2 := mapper.Category(t.Context(), "all")
	for _, err := range []error{err1, err2} {
		if err == nil || meta.IsNoMatchError(err) || !strings.Contains(err.Error(), "discover what http://127.0.0.1:") {
			t.Errorf("have %v", err)
		}
	}
}
