package discovery

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestOpenAPIDocumentsAreReadByTheTableOfThem(t *testing.T) {
	_, client := script(t, map[string]page{
		"/openapi/v2":              {body: `{"swagger":"2.0"}`},
		"/openapi/v3":              {contentType: "text/plain; charset=utf-8", body: `{"paths":{"apis/apps/v1":{"serverRelativeURL":"/openapi/v3/apis/apps/v1?hash=7"},"api/v1":{"serverRelativeURL":"/openapi/v3/api/v1?hash=8"},"bad":{"serverRelativeURL":"https://elsewhere/"}}}`},
		"/openapi/v3/apis/apps/v1": {body: `{"openapi":"3.0.0"}`},
	})
	ctx := t.Context()
	if v2, err := client.OpenAPIV2(ctx); err != nil || string(v2) != `{"swagger":"2.0"}` {
		t.Error(string(v2), err)
	}
	v3, err := client.OpenAPIV3(ctx)
	if err != nil || !slices.Equal(v3.Paths(), []string{"api/v1", "apis/apps/v1", "bad"}) {
		t.Fatal(v3, err)
	}
	if apps, err := v3.GroupVersion(ctx, schema.GroupVersion{Group: "apps", Version: "v1"}); err != nil || string(apps) != `{"openapi":"3.0.0"}` {
		t.Error(string(apps), err)
	}
	for path, want := range map[string]string{
		"api/v1":       "no such path",
		"apis/apps/v2": `the server has no OpenAPI document "apis/apps/v2"`,
		"bad":          "must be a path",
	} {
		if _, err := v3.Document(ctx, path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: have %v", path, err)
		}
	}
}

func TestAServerWithoutOpenAPISaysSo(t *testing.T) {
	_, client := script(t, map[string]page{})
	_, err2 := client.OpenAPIV2(t.Context())
	_, err3 := client.OpenAPIV3(t.Context())
	_, errVersion := client.Version(t.Context())
	_, other := script(t, map[string]page{"/openapi/v3": {contentType: "text/html", body: "<html>"}})
	_, errPage := other.OpenAPIV3(t.Context())
	if errPage == nil || !strings.Contains(errPage.Error(), `of content type "text/html", cannot be read`) {
		t.Errorf("have %v", errPage)
	}
	for want, err := range map[string]error{"ask for the OpenAPI document: ": err2, "ask for the OpenAPI documents: ": err3, "ask for the server's version: ": errVersion} {
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("have %v", err)
		}
	}
}
