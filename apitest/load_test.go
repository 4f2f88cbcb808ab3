package apitest_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/resource"
	resources "github.com/sheaf-dev/sheaf/resource/core/v1"
)

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

func TestManifestsAreLoadedInTheOrderThatTheyNeed(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, srv *apitest.Server, c client) {
		err := srv.Load(fstest.MapFS{
			"a.yaml": file("apiVersion: gadgets.io/v1\nkind: Gadget\nmetadata: {name: g}\nspec: {size: 5}\n"),
			"sub/b.yml": file("# only a comment\n---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: one}}\n" +
				"- {apiVersion: v1, kind: Pod, metadata: {name: p, namespace: other}, status: {phase: Running}}\n"),
			"c.json": file(`{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"gadgets.gadgets.io"},"spec":{"group":"gadgets.io",
				"scope":"Namespaced","names":{"plural":"gadgets","kind":"Gadget"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":
				{"type":"object","properties":{"spec":{"type":"object","properties":{"size":{"type":"integer"},"color":{"type":"string","default":"red"}}}}}}}]}}`),
			"README.md": file("not a manifest"),
		})
		if err != nil {
			t.Fatal(err)
		}
		pod, err := apitest.In(srv, resources.Pods).Get(resource.Key{Namespace: "other", Name: "p"})
		if err != nil || pod.Status.Phase != "Running" {
			t.Fatal(pod, err)
		}
		var gadget struct{ Spec struct{ Color string } }
		c.must(200, &gadget, "GET", "/apis/gadgets.io/v1/namespaces/default/gadgets/g", nil)
		if gadget.Spec.Color != "red" {
			t.Fatal(gadget)
		}
		c.must(200, nil, "GET", configMaps+"/one", nil)
	})
}

func TestABadManifestIsNamed(t *testing.T) {
	for text, want := range map[string]string{
		"a: [":            "did not find",
		"kind: ConfigMap": "without kind or apiVersion",
		"{apiVersion: v1, kind: Nothing, metadata: {name: a}}":            "Kind=Nothing is not served",
		"{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, dat: {}}": `unknown field "dat"`,
		"{apiVersion: v1, kind: ConfigMap}":                               "no name",
		"{apiVersion: v1, kind: ConfigMap, data: 5}":                      "cannot unmarshal",
	} {
		err := apitest.New(apitest.Options{}).Load(fstest.MapFS{"dir/bad.yaml": file(text)})
		if err == nil || !strings.Contains(err.Error(), "dir/bad.yaml") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
