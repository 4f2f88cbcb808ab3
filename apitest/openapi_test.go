package apitest_test

import (
	"encoding/json"
	"net/http"
	"testing"

	openapiv2 "github.com/google/gnostic-models/openapiv2"
	"google.golang.org/protobuf/proto"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/discovery"
	"github.com/sheaf-dev/sheaf/rest"
)

const gizmos = `{"metadata":{"name":"gizmos.shop.example.com"},"spec":{"group":"shop.example.com","scope":"Namespaced","names":{"plural":"gizmos","kind":"Gizmo"},
	"versions":[{"name":"v1","served":true,"storage":true,"subresources":{"status":{}},"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{
	"size":{"type":"integer","default":2,"description":"How big."},"color":{"type":"string","nullable":true,"enum":["red"]},"port":{"x-kubernetes-int-or-string":true}}}}}}}]}}`

func TestOneDocumentDescribesBuiltInAndCustomKinds(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, srv *apitest.Server, c client) {
		c.must(201, nil, "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", []byte(gizmos))
		base, err := rest.NewClientForHTTP(srv.Config(), c.http)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := discovery.New(base, discovery.Options{}).OpenAPIV2(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var read struct {
			Swagger     string
			Paths       map[string]map[string]any
			Definitions map[string]struct {
				Properties map[string]json.RawMessage
			}
		}
		if err := json.Unmarshal(doc, &read); err != nil || read.Swagger != "2.0" {
			t.Fatal(err, read.Swagger)
		}
		for path, method := range map[string]string{
			"/api/v1/namespaces/{namespace}/pods/{name}": "patch", "/version/": "get",
			"/apis/shop.example.com/v1/namespaces/{namespace}/gizmos/{name}/status": "put",
		} {
			if read.Paths[path][method] == nil {
				t.Errorf("nothing is said about %s %s", method, path)
			}
		}
		for name, want := range map[string]string{
			"io.k8s.api.apps.v1.Deployment": `{"$ref":"#/definitions/io.k8s.api.apps.v1.DeploymentSpec","description":"Specification of the desired behavior of the Deployment."}`,
			"com.example.shop.v1.Gizmo":     `{"properties":{"color":{"enum":["red"]},"port":{"x-kubernetes-int-or-string":true},"size":{"description":"How big.","type":"integer"}},"type":"object"}`,
		} {
			if got := string(read.Definitions[name].Properties["spec"]); got != want {
				t.Errorf("%s: %s, want %s", name, got, want)
			}
		}
	})
}

func TestOpenAPIDocumentsAreNegotiatedAndKept(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, _ *apitest.Server, c client) {
		const mediaType = "application/com.github.proto-openapi.spec.v2"
		answer := c.open("GET", "/openapi/v2", nil)
		etag := answer.Header.Get("ETag")
		_ = answer.Body.Close()
		for _, accept := range []string{mediaType + "@v1.0+protobuf", mediaType + ".v1.0+protobuf, application/json"} {
			code, data := c.do("GET", "/openapi/v2", nil, "Accept", accept)
			var doc openapiv2.Document
			if err := proto.Unmarshal(data, &doc); err != nil || code != http.StatusOK || doc.Swagger != "2.0" || len(doc.Definitions.AdditionalProperties) < 500 {
				t.Fatal(code, err)
			}
		}
		if code, data := c.do("GET", "/openapi/v2", nil, "If-None-Match", etag); code != http.StatusNotModified || len(data) > 0 {
			t.Fatal(code, len(data))
		}
		for _, path := range []string{"/openapi/v2", "/openapi/v3/api/v1"} {
			if code, data := c.do("GET", path, nil, "Accept", "text/html"); code != http.StatusNotAcceptable || len(data) > 0 {
				t.Fatal(path, code, len(data))
			}
		}
	})
}

func TestOpenAPIDocumentsFollowTheDefinitions(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, _ *apitest.Server, c client) {
		described := func() (v2, v3 bool) {
			var whole struct{ Definitions map[string]any }
			c.must(200, &whole, "GET", "/openapi/v2", nil)
			var list struct{ Paths map[string]any }
			c.must(200, &list, "GET", "/openapi/v3", nil)
			return whole.Definitions["com.example.shop.v1.Gizmo"] != nil, list.Paths["apis/shop.example.com/v1"] != nil
		}
		const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
		for range 2 {
			if v2, v3 := described(); v2 || v3 {
				t.Errorf("without the definition: %t in version 2, %t in version 3", v2, v3)
			}
			c.must(201, nil, "POST", definitions, []byte(gizmos))
			if v2, v3 := described(); !v2 || !v3 {
				t.Errorf("with the definition: %t in version 2, %t in version 3", v2, v3)
			}
			c.must(200, nil, "DELETE", definitions+"/gizmos.shop.example.com", nil)
		}
	})
}
