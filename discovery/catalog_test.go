package discovery

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/resource/builtin"
)

func TestTheWholeCatalogTakesTwoRequests(t *testing.T) {
	server, client := real(t, apitest.Options{Resources: []apitest.Definer{widgets}})
	catalog, err := client.Catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(server.Requests(apitest.Match{})); n != 2 {
		t.Errorf("%d requests", n)
	}
	if err := catalog.Err(); err != nil {
		t.Error(err)
	}
	if groups := catalog.Groups(); groups[0].Name != "" || len(groups) < 20 {
		t.Errorf("the core group does not come first of %d groups", len(groups))
	}
}

// Every built-in resource, and one that is not, is found and comes out as it is defined.
func TestDefinitionsComeBackFromTheCatalog(t *testing.T) {
	_, client := real(t, apitest.Options{Resources: []apitest.Definer{widgets}})
	for _, legacy := range []bool{false, true} {
		catalog, err := New(client.Server(), Options{Legacy: legacy}).Catalog(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		served := 0
		for _, want := range append(builtin.Definitions(), widgets.Definition()) {
			found, err := catalog.Resource(want.GroupVersionResource())
			if meta.IsNoMatchError(err) {
				continue // the embedded server serves not quite all
			}
			if err != nil {
				t.Fatal(err)
			}
			served++
			r, err := Define[*unstructured.Unstructured](found)
			if err != nil {
				t.Fatal(err)
			}
			have := r.Definition()
			if have.GroupVersionKind() != want.GroupVersionKind() || have.Scope() != want.Scope() || have.Verbs() != want.Verbs() ||
				!slices.Equal(have.Subresources(), want.Subresources()) {
				t.Errorf("have %s %s %s %v\nwant %s %s %s %v", have, have.Scope(), have.Verbs(), have.Subresources(),
					want, want.Scope(), want.Verbs(), want.Subresources())
			}
		}
		if served < 60 {
			t.Errorf("only %d resources were compared", served)
		}
	}
}

func TestLegacyDiscoveryFindsTheSame(t *testing.T) {
	server, client := real(t, apitest.Options{Resources: []apitest.Definer{widgets}})
	aggregated, err := client.Catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	server.ForgetRequests()
	legacy, err := New(client.Server(), Options{Legacy: true}).Catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(legacy.Groups(), aggregated.Groups()) {
		t.Errorf("legacy:\n%v\naggregated:\n%v", legacy.Groups(), aggregated.Groups())
	}
	versions := 0
	for _, g := range legacy.Groups() {
		versions += len(g.Versions)
	}
	if n := len(server.Requests(apitest.Match{})); n != versions+2 {
		t.Errorf("%d requests for %d versions", n, versions)
	}
}

func TestFiltersChooseResources(t *testing.T) {
	_, client := real(t, apitest.Options{Resources: []apitest.Definer{widgets}})
	catalog, err := client.Catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	names := func(filters ...Filter) []string {
		var out []string
		for r := range catalog.Resources(filters...) {
			out = append(out, r.Resource.GroupVersion().String()+" "+r.Resource.Resource)
		}
		return out
	}
	all, preferred := names(), names(Preferred)
	if len(preferred) >= len(all) || !slices.Contains(all, "autoscaling/v1 horizontalpodautoscalers") {
		t.Errorf("%d resources, %d preferred", len(all), len(preferred))
	}
	if slices.Contains(preferred, "autoscaling/v1 horizontalpodautoscalers") || !slices.Contains(preferred, "autoscaling/v2 horizontalpodautoscalers") {
		t.Errorf("preferred are %v", preferred)
	}
	inNamespaces := names(Preferred, Namespaced)
	if slices.Contains(inNamespaces, "v1 nodes") || !slices.Contains(inNamespaces, "v1 pods") {
		t.Errorf("in namespaces are %v", inNamespaces)
	}
	writable := names(Supporting(resource.VerbGet | resource.VerbUpdate))
	if slices.Contains(writable, "example.com/v1 widgets") || !slices.Contains(writable, "v1 pods") {
		t.Errorf("writable are %v", writable)
	}
	if in := names(InCategory("all")); !slices.Contains(in, "apps/v1 deployments") || slices.Contains(in, "v1 secrets") {
		t.Errorf("in category all are %v", in)
	}
	for r := range catalog.Resources() {
		if r.Resource.Resource == "" {
			t.Error("a resource without a name")
		}
		break // ending early is fine
	}
}

func TestSubresourcesAreFoundByName(t *testing.T) {
	_, client := real(t, apitest.Options{})
	resources, err := client.GroupVersion(t.Context(), schema.GroupVersion{Group: "apps", Version: "v1"})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(resources, func(r APIResource) bool { return r.Resource.Resource == "deployments" })
	scale, ok := resources[i].Subresource("scale")
	if want := (schema.GroupVersionKind{Group: "autoscaling", Version: "v1", Kind: "Scale"}); !ok || scale.Kind != want {
		t.Errorf("have %v %v", scale, ok)
	}
	if _, ok := resources[i].Subresource("log"); ok {
		t.Error("a deployment has no log")
	}
	_, err = client.GroupVersion(t.Context(), schema.GroupVersion{Group: "apps", Version: "v7"})
	if err == nil || !strings.HasPrefix(err.Error(), "discover apps/v7: ") {
		t.Error(err)
	}
}

func TestTheServerSaysItsVersion(t *testing.T) {
	_, client := real(t, apitest.Options{Version: "v1.35.0"})
	if info, err := client.Version(t.Context()); err != nil || info.GitVersion != "v1.35.0" {
		t.Error(info, err)
	}
}

func TestWhatCannotBeAResourceIsNotDefined(t *testing.T) {
	pods := schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	pod := schema.GroupVersionKind{Version: "v1", Kind: "Pod"}
	for want, r := range map[string]APIResource{
		`define Pods as the server describes it: its name is "Pods"`:       {Resource: pods.GroupVersion().WithResource("Pods"), Kind: pod, Scope: resource.Cluster},
		`define pods as the server describes it: it has no objects`:        {Resource: pods, Scope: resource.Cluster},
		`define pods as the server describes it: it has no version`:        {Resource: schema.GroupVersionResource{Resource: "pods"}, Kind: pod, Scope: resource.Cluster},
		`its objects are of another group and version, batch/v1, Kind=Pod`: {Resource: pods, Kind: schema.GroupVersionKind{Group: "batch", Version: "v1", Kind: "Pod"}, Scope: resource.Cluster},
		`define pods as the server describes it: its scope is unknown`:     {Resource: pods, Kind: pod},
		`define pods.a/b as the server describes it: its group is "a/b", its version "v1"`: {
			Resource: schema.GroupVersionResource{Group: "a/b", Version: "v1", Resource: "pods"}, Kind: pod, Scope: resource.Cluster},
		`define pods/log as the server describes it: its name is "pods/log"`: {Resource: pods.GroupVersion().WithResource("pods/log"), Kind: pod, Scope: resource.Cluster},
		`define .example.com as the server describes it: its name is ""`:     {Resource: schema.GroupVersionResource{Group: "example.com", Version: "v1"}, Kind: pod},
	} {
		if _, err := Define[*metav1.PartialObjectMetadata](r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("have %v\nwant %s", err, want)
		}
	}
}
