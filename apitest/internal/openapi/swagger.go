package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// Swagger returns the OpenAPI v2 document that says the same as all the captured v3 documents and the custom ones, which have been made by
// CustomDocument.
func Swagger(version string, custom map[string][]byte) ([]byte, error) {
	whole := swagger{maps.Clone(captured().Paths), maps.Clone(captured().Definitions)}
	for _, path := range slices.Sorted(maps.Keys(custom)) {
		part, err := convertDocument(custom[path])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		maps.Copy(part.Definitions, captured().Definitions) // what both have in common
		maps.Copy(whole.Definitions, part.Definitions)
		maps.Copy(whole.Paths, part.Paths)
	}
	return json.Marshal(map[string]any{
		"swagger": "2.0", "info": map[string]any{"title": "Kubernetes", "version": version},
		"paths": whole.Paths, "definitions": whole.Definitions,
		"security": []any{map[string]any{"BearerToken": []string{}}},
		"securityDefinitions": map[string]any{
			"BearerToken": map[string]any{"type": "apiKey", "name": "authorization", "in": "header", "description": "Bearer Token authentication"},
		},
	})
}

// swagger are the parts of an OpenAPI v2 document that come from the documents of v3: JSON by path and by name.
type swagger struct {
	Paths, Definitions map[string]json.RawMessage
}

// captured are the converted documents of the built-in types.
var captured = sync.OnceValue(func() swagger {
	whole := swagger{map[string]json.RawMessage{}, map[string]json.RawMessage{}}
	for path, doc := range Documents() {
		part, err := convertDocument(doc)
		if err != nil {
			panic(fmt.Sprintf("apitest: convert the captured OpenAPI document %s: %v", path, err)) // it is part of the program
		}
		maps.Copy(whole.Paths, part.Paths)
		for name, definition := range part.Definitions {
			whole.Definitions[name] = withKindsOf(definition, whole.Definitions[name])
		}
	}
	return whole
})

// withKindsOf returns a definition that serves as all the kinds that it and another part's definition of the same name serve as: each
// document of v3 names those of its own group.
func withKindsOf(definition, other json.RawMessage) json.RawMessage {
	if other == nil || bytes.Equal(other, definition) {
		return definition
	}
	const key = "x-kubernetes-group-version-kind"
	var a, b map[string]any
	if json.Unmarshal(definition, &a) != nil || json.Unmarshal(other, &b) != nil {
		return definition
	}
	kinds, _ := a[key].([]any)
	more, _ := b[key].([]any)
	for _, kind := range more {
		if !slices.ContainsFunc(kinds, func(k any) bool { return reflect.DeepEqual(k, kind) }) {
			kinds = append(kinds, kind)
		}
	}
	if len(kinds) == 0 {
		return definition
	}
	a[key] = kinds
	merged, err := json.Marshal(a)
	if err != nil {
		return definition
	}
	return merged
}

func convertDocument(doc []byte) (swagger, error) {
	var in struct {
		Paths      map[string]map[string]any
		Components struct{ Schemas map[string]any }
	}
	if err := json.Unmarshal(doc, &in); err != nil {
		return swagger{}, err
	}
	out := swagger{map[string]json.RawMessage{}, map[string]json.RawMessage{}}
	for name, schema := range in.Components.Schemas {
		data, err := json.Marshal(convertSchema(schema))
		if err != nil {
			return swagger{}, err
		}
		out.Definitions[name] = data
	}
	for path, item := range in.Paths {
		data, err := json.Marshal(convertPath(item))
		if err != nil {
			return swagger{}, err
		}
		out.Paths[path] = data
	}
	return out, nil
}

// convertPath converts the methods of a path and the parameters that they share.
func convertPath(item map[string]any) map[string]any {
	for key, value := range item {
		if key == "parameters" {
			item[key] = convertParameters(value)
		} else if operation, ok := value.(map[string]any); ok {
			convertOperation(operation)
		}
	}
	return item
}

// convertOperation converts a method in place: bodies of requests become parameters, and media types are listed once for all answers.
func convertOperation(operation map[string]any) {
	parameters := convertParameters(operation["parameters"])
	if body, ok := operation["requestBody"].(map[string]any); ok {
		schema, types := content(body["content"])
		parameter := map[string]any{"name": "body", "in": "body", "schema": convertSchema(schema)}
		if required, ok := body["required"]; ok {
			parameter["required"] = required
		}
		parameters = append([]any{parameter}, parameters...)
		operation["consumes"] = types
		delete(operation, "requestBody")
	} else {
		operation["consumes"] = []string{"*/*"}
	}
	if len(parameters) > 0 {
		operation["parameters"] = parameters
	}
	var produces []string
	responses, _ := operation["responses"].(map[string]any)
	for _, response := range responses {
		answer, _ := response.(map[string]any)
		schema, types := content(answer["content"])
		if schema != nil {
			answer["schema"] = convertSchema(schema)
		}
		delete(answer, "content")
		produces = append(produces, types...)
	}
	slices.Sort(produces)
	operation["produces"] = slices.Compact(produces)
	operation["schemes"] = []string{"https"}
}

// content returns the schema of a body, which is the same in all its media types, and these.
func content(value any) (schema any, types []string) {
	media, _ := value.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(media)) {
		types = append(types, name)
		if described, ok := media[name].(map[string]any); ok && described["schema"] != nil {
			schema = described["schema"]
		}
	}
	return schema, types
}

// convertParameters moves what the schemas of parameters say into the parameters.
func convertParameters(value any) []any {
	list, _ := value.([]any)
	for _, item := range list {
		parameter, _ := item.(map[string]any)
		if schema, ok := parameter["schema"].(map[string]any); ok {
			maps.Copy(parameter, schema)
			delete(parameter, "schema")
		}
	}
	return list
}

// unspeakable are what a schema of OpenAPI v2 does not say, or what the server does not let it say since old clients stumble over it.
var unspeakable = []string{"default", "nullable", "oneOf", "anyOf", "allOf", "not"}

// convertSchema converts a schema, which it changes.
func convertSchema(value any) any {
	schema, ok := value.(map[string]any)
	if !ok {
		return value
	}
	simplify(schema)
	if ref, ok := schema["$ref"].(string); ok {
		schema["$ref"] = strings.Replace(ref, "#/components/schemas/", "#/definitions/", 1)
	}
	for _, key := range []string{"items", "additionalProperties"} {
		if inner, ok := schema[key]; ok {
			schema[key] = convertSchema(inner)
		}
	}
	properties, _ := schema["properties"].(map[string]any)
	for name, property := range properties {
		properties[name] = convertSchema(property)
	}
	return schema
}

// simplify drops from a schema what cannot be said.
func simplify(schema map[string]any) {
	_, choice := schema["oneOf"]
	if all, ok := schema["allOf"].([]any); ok && len(all) == 1 {
		if ref, ok := all[0].(map[string]any); ok && ref["$ref"] != nil {
			schema["$ref"] = ref["$ref"]
		}
	}
	anything, number := schema["x-kubernetes-preserve-unknown-fields"] == true, schema["x-kubernetes-int-or-string"] == true
	if schema["nullable"] == true || anything || number {
		for _, key := range []string{"type", "items", "properties"} {
			delete(schema, key)
		}
	}
	for _, key := range unspeakable {
		delete(schema, key)
	}
	if choice && schema["type"] == nil && !anything && !number {
		schema["type"] = "string" // numbers that may be written as text
	}
}
