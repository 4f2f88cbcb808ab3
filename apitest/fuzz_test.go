package apitest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/apitest"
	resources "github.com/sheaf-dev/sheaf/resource/core/v1"
)

const asTable = "application/json;as=Table;g=meta.k8s.io;v=v1"

// FuzzRequest sends any request: the answer is never a panic, never an empty error, and an error in JSON is a metav1.Status.
func FuzzRequest(f *testing.F) {
	for _, seed := range []struct{ method, path, contentType, accept, body string }{
		{"GET", configMaps, "", "application/json", ""},
		{"GET", configMaps + "?watch=1&timeoutSeconds=1", "", "application/vnd.kubernetes.protobuf;stream=watch", ""},
		{"GET", configMaps + "?limit=1&continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJhIn0", "", "*/*", ""},
		{"GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dx&labelSelector=a+in+(b)&resourceVersion=1&resourceVersionMatch=Exact", "", "application/json;as=Table;g=meta.k8s.io;v=v1", ""},
		{"POST", configMaps, "application/json", "", `{"metadata":{"name":"x"},"data":{"a":"b"}}`},
		{"POST", "/apis/example.com/v1/namespaces/default/widgets", "application/json", "", `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"x","labels":null},"spec":[]}`},
		{"POST", configMaps, "application/vnd.kubernetes.protobuf", "application/vnd.kubernetes.protobuf", "k8s\x00\n\x0f\n\x02v1\x12\tConfigMap\x12\x05\n\x03\n\x01x\x1a\x00\"\x00"},
		{"PUT", configMaps + "/a", "application/yaml", "application/yaml", "metadata: {name: a}\n"},
		{"PATCH", configMaps + "/a", "application/json-patch+json", "", `[{"op":"add","path":"/metadata/labels/x","value":{}}]`},
		{"PATCH", configMaps + "/a", mergePatch, "", `{"metadata":{"finalizers":["x"],"ownerReferences":[{}]}}`},
		{"PATCH", "/api/v1/namespaces/default/pods/p", "application/strategic-merge-patch+json", "", `{"spec":{"containers":[{"name":"c","$patch":"delete"}],"$setElementOrder/containers":[{"name":"c"}]}}`},
		{"PATCH", configMaps + "/a?fieldManager=x&force=1", "application/apply-patch+yaml", "", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {x: z}}"},
		{"PATCH", "/apis/apps/v1/namespaces/default/deployments/d/scale", mergePatch, "", `{"spec":{"replicas":2}}`},
		{"POST", "/api/v1/namespaces/default/pods/p/eviction", "application/json", "", `{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"p"}}`},
		{"DELETE", configMaps + "?propagationPolicy=Orphan", "application/json", "", `{"gracePeriodSeconds":0,"preconditions":{"uid":"x"}}`},
		{"POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", "application/json", "", `{"metadata":{"name":"as.b.c"},"spec":{"group":"b.c","scope":"Cluster","names":{"plural":"as","kind":"A"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}}]}}`},
		{"POST", "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers", "application/json", asTable, `{"metadata":{"name":"a"},"spec":{"metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization"}}}]},"status":{"currentMetrics":[{}]}}`},
		{"POST", "/apis/events.k8s.io/v1/namespaces/default/events", "application/json", asTable, `{"metadata":{"name":"a"},"series":{"count":3,"lastObservedTime":null},"regarding":{}}`},
		{"POST", "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", "application/json", asTable, `{"metadata":{"name":"a"},"ports":[{"port":null}],"endpoints":[{"addresses":[]}]}`},
		{"GET", "/apis/apps/v1/namespaces/default/deployments/d/scale", "", asTable, ""},
		{"GET", "/readyz?verbose&exclude=etcd", "", "", ""},
		{"GET", "/apis", "", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", ""},
		{"GET", "/openapi/v3/apis/example.com/v1", "", "", ""},
		{"GET", "//api///v1/namespaces/../%2e%2e/pods", "", "", ""},
	} {
		f.Add(seed.method, seed.path, seed.contentType, seed.accept, seed.body)
	}
	f.Fuzz(func(t *testing.T, method, path, contentType, accept, body string) {
		target, err := url.ParseRequestURI(path)
		if err != nil || !strings.HasPrefix(path, "/") || strings.ContainsAny(method, " \t\r\n") || method == "" {
			return // net/http would not let it through
		}
		srv := apitest.New(apitest.Options{Resources: withWidget.Resources, CollectGarbage: true})
		put(t, srv, "a")
		if err := apitest.In(srv, resources.Pods).Put(productionPod(0)); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		r := (&http.Request{Method: method, URL: target, Host: "srv", Header: http.Header{"Content-Type": {contentType}, "Accept": {accept}}, Body: http.NoBody}).WithContext(ctx)
		if body != "" {
			r.Body = readCloser{bytes.NewReader([]byte(body))}
		}
		w := httptest.NewRecorder()
		srv.ServeHTTP(w, r)
		// The real server refuses to send its OpenAPI documents in another format without a word.
		wordless := w.Code == http.StatusNotAcceptable && strings.HasPrefix(target.Path, "/openapi/")
		if w.Code >= 400 && w.Body.Len() == 0 && !wordless {
			t.Fatalf("%d without a body", w.Code)
		}
		var status metav1.Status
		if w.Code >= 400 && w.Header().Get("Content-Type") == "application/json" && (json.Unmarshal(w.Body.Bytes(), &status) != nil || status.Kind != "Status") {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	})
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

// FuzzDefinition defines any resource and creates any object of it.
func FuzzDefinition(f *testing.F) {
	f.Add("as", "b.c", "A", "v1", `{"type":"object","properties":{"spec":{"type":"object","properties":{"n":{"type":"integer","default":1,"minimum":0}}}}}`, `{"spec":{"n":5,"m":6}}`)
	f.Add("As", "", "", "", `{"type":"object","x-kubernetes-preserve-unknown-fields":true}`, `{"spec":null}`)
	f.Add("as", "b.c", "A", "v1", `{"type":"object","properties":{"l":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],"items":{"type":"object"}}}}`, `{"l":[{"k":1},{},5,null]}`)
	f.Add("as", "b.c", "A", "v1", `{"type":"object","properties":{"m":{"type":"object","additionalProperties":{"type":"string","pattern":"["}}}}`, `{"m":{"x":"y"}}`)
	f.Fuzz(func(t *testing.T, plural, group, kind, version, schema, object string) {
		var parsed, body map[string]any
		if json.Unmarshal([]byte(schema), &parsed) != nil || json.Unmarshal([]byte(object), &body) != nil || body == nil {
			return
		}
		srv := apitest.New(apitest.Options{})
		post := func(path string, body any) int {
			data, err := json.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			w := httptest.NewRecorder()
			srv.ServeHTTP(w, &http.Request{Method: "POST", URL: &url.URL{Path: path}, Header: http.Header{"Content-Type": {"application/json"}}, Body: readCloser{bytes.NewReader(data)}})
			return w.Code
		}
		code := post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", map[string]any{"metadata": map[string]any{"name": plural + "." + group}, "spec": map[string]any{
			"group": group, "scope": "Cluster", "names": map[string]any{"plural": plural, "kind": kind},
			"versions": []any{map[string]any{"name": version, "served": true, "storage": true, "schema": map[string]any{"openAPIV3Schema": parsed}}}}})
		if code != http.StatusCreated {
			return
		}
		body["apiVersion"], body["kind"], body["metadata"] = group+"/"+version, kind, map[string]any{"name": "x"}
		if code := post("/apis/"+group+"/"+version+"/"+plural, body); code != http.StatusCreated && code != http.StatusUnprocessableEntity && code != http.StatusBadRequest {
			t.Fatalf("%d for %s by %s", code, object, schema)
		}
	})
}
