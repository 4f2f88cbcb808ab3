package openapi

import (
	"encoding/json"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// CustomKind is what a document says about a custom resource.
type CustomKind struct {
	GVK        schema.GroupVersionKind
	Resource   string
	Namespaced bool
	Schema     json.RawMessage // nil: any object
}

// CustomDocument returns the OpenAPI v3 document of the custom resources of one group version: their schemas, and of their paths what
// clients look for.
func CustomDocument(kinds []CustomKind) ([]byte, error) {
	schemas, paths := map[string]any{}, map[string]any{}
	for _, k := range kinds {
		name := modelName(k.GVK)
		model := map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}
		if k.Schema != nil {
			clear(model)
			if err := json.Unmarshal(k.Schema, &model); err != nil {
				return nil, err
			}
		}
		properties, _ := model["properties"].(map[string]any)
		if properties == nil {
			properties = map[string]any{}
		}
		properties["apiVersion"], properties["kind"] = map[string]any{"type": "string"}, map[string]any{"type": "string"}
		properties["metadata"] = map[string]any{"type": "object", "description": "Standard object's metadata."}
		model["properties"] = properties
		gvk := map[string]any{"group": k.GVK.Group, "version": k.GVK.Version, "kind": k.GVK.Kind}
		model["x-kubernetes-group-version-kind"] = []any{gvk}
		schemas[name] = model
		path := "/apis/" + k.GVK.GroupVersion().String() + "/" + k.Resource
		if k.Namespaced {
			path = "/apis/" + k.GVK.GroupVersion().String() + "/namespaces/{namespace}/" + k.Resource
		}
		paths[path], paths[path+"/{name}"] = operations(gvk, "post"), operations(gvk, "put", "patch")
	}
	return json.Marshal(map[string]any{
		"openapi": "3.0.0", "info": map[string]any{"title": "Kubernetes CRD Swagger", "version": "v0.1.0"},
		"paths": paths, "components": map[string]any{"schemas": schemas},
	})
}

// operations describes the methods of a path by the parameters that matter to kubectl.
func operations(gvk map[string]any, methods ...string) map[string]any {
	var parameters []any
	for _, name := range []string{"dryRun", "fieldManager", "fieldValidation"} {
		parameters = append(parameters, map[string]any{"name": name, "in": "query", "schema": map[string]any{"type": "string", "uniqueItems": true}})
	}
	out := map[string]any{}
	for _, method := range methods {
		out[method] = map[string]any{
			"parameters": parameters, "x-kubernetes-group-version-kind": gvk, "responses": map[string]any{"200": map[string]any{"description": "OK"}},
		}
	}
	return out
}

// modelName is the name of a kind's schema: its group reversed, version and kind.
func modelName(gvk schema.GroupVersionKind) string {
	parts := strings.Split(gvk.Group, ".")
	for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
		parts[i], parts[j] = parts[j], parts[i]
	}
	return strings.Join(append(parts, gvk.Version, gvk.Kind), ".")
}
