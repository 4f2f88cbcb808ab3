package openapi

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/resource"
)

// CustomKind is what a document says about a kind that is not in the captured ones.
type CustomKind struct {
	Definition *resource.Definition
	Schema     json.RawMessage // nil: any object
}

// CustomDocument returns the OpenAPI v3 document of the custom resources of one group version: their schemas, and of their paths what
// clients look for.
func CustomDocument(kinds []CustomKind) ([]byte, error) {
	schemas, paths := map[string]any{}, map[string]any{}
	for _, k := range kinds {
		model, err := k.model()
		if err != nil {
			return nil, err
		}
		name := modelName(k.Definition.GroupVersionKind())
		schemas[name], schemas[name+"List"] = model, k.listModel(name)
		k.describePaths(paths, name)
	}
	for name, schema := range metadataSchemas() {
		schemas[name] = schema
	}
	return json.Marshal(map[string]any{
		"openapi": "3.0.0", "info": map[string]any{"title": "Kubernetes CRD Swagger", "version": "v0.1.0"},
		"paths": paths, "components": map[string]any{"schemas": schemas},
	})
}

const metaPackage = "io.k8s.apimachinery.pkg.apis.meta.v1."

// coreSchemas are the captured schemas of the core group.
var coreSchemas = sync.OnceValue(func() map[string]json.RawMessage {
	var core struct {
		Components struct{ Schemas map[string]json.RawMessage }
	}
	if err := json.Unmarshal(Documents()["api/v1"], &core); err != nil {
		panic(fmt.Sprintf("apitest: read the captured OpenAPI document api/v1: %v", err)) // it is part of the program
	}
	return core.Components.Schemas
})

// metadataSchemas are the captured schemas of what all kinds have in common.
func metadataSchemas() map[string]json.RawMessage {
	out := map[string]json.RawMessage{}
	for name, schema := range coreSchemas() {
		if strings.HasPrefix(name, metaPackage) {
			out[name] = schema
		}
	}
	return out
}

// describeCommon adds the properties that all kinds, or all lists, have, as some kind or list describes them.
func describeCommon(properties map[string]any, some string) {
	var model struct{ Properties map[string]json.RawMessage }
	_ = json.Unmarshal(coreSchemas()["io.k8s.api.core.v1."+some], &model) // it has been read as a part of the document
	for _, name := range []string{"apiVersion", "kind", "metadata"} {
		properties[name] = model.Properties[name]
	}
}

// model is the schema of the kind.
func (k CustomKind) model() (map[string]any, error) {
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
	describeCommon(properties, "ConfigMap")
	model["properties"] = properties
	model["x-kubernetes-group-version-kind"] = []any{k.gvk("")}
	return model, nil
}

// listModel is the schema of a list of the model.
func (k CustomKind) listModel(model string) map[string]any {
	properties := map[string]any{
		"items": map[string]any{
			"type": "array", "items": map[string]any{"$ref": "#/components/schemas/" + model},
			"description": "List of " + k.Definition.GroupVersionResource().Resource +
				". More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md",
		},
	}
	describeCommon(properties, "ConfigMapList")
	kind := k.Definition.GroupVersionKind().Kind
	return map[string]any{
		"type": "object", "required": []string{"items"}, "properties": properties, "description": kind + "List is a list of " + kind,
		"x-kubernetes-group-version-kind": []any{k.gvk("List")},
	}
}

func (k CustomKind) gvk(suffix string) map[string]any {
	gvk := k.Definition.GroupVersionKind()
	return map[string]any{"group": gvk.Group, "version": gvk.Version, "kind": gvk.Kind + suffix}
}

// describePaths adds the paths of the kind, its subresources' too.
func (k CustomKind) describePaths(paths map[string]any, model string) {
	gvr := k.Definition.GroupVersionResource()
	path := "/apis/" + gvr.GroupVersion().String() + "/" + gvr.Resource
	var in []string
	if k.Definition.Namespaced() {
		paths[path] = k.operations(model, nil, map[string]string{"get": "list"})
		path = "/apis/" + gvr.GroupVersion().String() + "/namespaces/{namespace}/" + gvr.Resource
		in = []string{"namespace"}
	}
	paths[path] = k.operations(model, in, map[string]string{"get": "list", "post": "post", "delete": "deletecollection"})
	in = append(in, "name")
	whole := map[string]string{"get": "get", "put": "put", "patch": "patch", "delete": "delete"}
	paths[path+"/{name}"] = k.operations(model, in, whole)
	delete(whole, "delete")
	if _, ok := k.Definition.Subresource("status"); ok {
		paths[path+"/{name}/status"] = k.operations(model, in, whole)
	}
}

// parameters describes the variables of a path, or the parameters of a method.
func parameters(in string, required bool, names ...string) []any {
	var out []any
	for _, name := range names {
		parameter := map[string]any{"name": name, "in": in, "schema": map[string]any{"type": "string", "uniqueItems": true}}
		if required {
			parameter["required"] = true
		}
		out = append(out, parameter)
	}
	return out
}

// operations describes the methods of a path, each with its action, by what matters to clients.
func (k CustomKind) operations(model string, variables []string, actions map[string]string) map[string]any {
	out := map[string]any{}
	writing := parameters("query", false, "dryRun", "fieldManager", "fieldValidation") // by these kubectl knows what the server can do
	if len(variables) > 0 {
		out["parameters"] = parameters("path", true, variables...)
	}
	for method, action := range actions {
		answer := model
		switch action {
		case "list":
			answer += "List"
		case "delete", "deletecollection":
			answer = metaPackage + "Status"
		}
		operation := map[string]any{
			"x-kubernetes-group-version-kind": k.gvk(""), "x-kubernetes-action": action,
			"responses": map[string]any{"200": map[string]any{"description": "OK", "content": body(answer, "application/json", "application/yaml")}},
		}
		switch method {
		case "post", "put":
			operation["requestBody"] = map[string]any{"content": body(model, "application/json", "application/yaml"), "required": true}
			operation["parameters"] = writing
		case "patch":
			types := []string{"application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json"}
			operation["requestBody"] = map[string]any{"content": body(metaPackage+"Patch", types...), "required": true}
			operation["parameters"] = writing
		}
		out[method] = operation
	}
	return out
}

func body(schema string, mediaTypes ...string) map[string]any {
	out := map[string]any{}
	for _, media := range mediaTypes {
		out[media] = map[string]any{"schema": map[string]any{"$ref": "#/components/schemas/" + schema}}
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
