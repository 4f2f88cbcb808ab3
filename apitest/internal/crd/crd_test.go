package crd_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/sheaf-dev/sheaf/apitest/internal/crd"
	"github.com/sheaf-dev/sheaf/apitest/internal/kinds"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// define returns the kind of a definition with that schema.
func define(t *testing.T, schema string) *kinds.Kind {
	t.Helper()
	u := definition(t, schema)
	crd.Default(u)
	if problems := crd.Validate(u); len(problems) > 0 {
		t.Fatal(problems)
	}
	_, list, err := crd.Kinds(u)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	return list[0]
}

func definition(t *testing.T, schema string) *unstructured.Unstructured {
	t.Helper()
	u := &unstructured.Unstructured{}
	text := `{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"gadgets.example.com"},"spec":{"group":"example.com","scope":"Cluster",
		"names":{"plural":"gadgets","kind":"Gadget"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":` + schema + `}}]}}`
	if err := json.Unmarshal([]byte(text), &u.Object); err != nil {
		t.Fatal(err)
	}
	return u
}

const schema = `{"type":"object","properties":{"spec":{"type":"object","properties":{
	"n":{"type":"integer","default":3},"keep":{"type":"object","x-kubernetes-preserve-unknown-fields":true},
	"list":{"type":"array","items":{"type":"object","properties":{"on":{"type":"boolean","default":true}}}},
	"map":{"type":"object","additionalProperties":{"type":"object","properties":{"x":{"type":"string"}}}},
	"embedded":{"type":"object","x-kubernetes-embedded-resource":true,"properties":{"spec":{"type":"object"}}}}}}}`

func TestObjectsGetTheFormOfTheirSchema(t *testing.T) {
	k := define(t, schema)
	obj, dropped, err := k.DecodeJSON([]byte(`{"apiVersion":"example.com/v1","kind":"Gadget","metadata":{"name":"g","more":1},"top":1,"spec":{"gone":1,"keep":{"any":[1]},
		"list":[{},{"on":false,"gone":1}],"map":{"a":{"x":"y","gone":1},"b":null},"embedded":{"apiVersion":"v1","kind":"Pod","metadata":{},"spec":{"gone":1},"gone":1}}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"apiVersion": "example.com/v1", "kind": "Gadget", "metadata": map[string]any{"name": "g"}, "spec": map[string]any{
		"n": int64(3), "keep": map[string]any{"any": []any{int64(1)}}, "list": []any{map[string]any{"on": true}, map[string]any{"on": false}}, "map": map[string]any{"a": map[string]any{"x": "y"}},
		"embedded": map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{}, "spec": map[string]any{}}}}
	if got := obj.(*unstructured.Unstructured).Object; !reflect.DeepEqual(got, want) {
		t.Fatalf("\n%v\n%v", got, want)
	}
	var texts []string
	for _, problem := range dropped {
		texts = append(texts, strings.TrimPrefix(problem.Error(), "unknown field "))
	}
	if got := strings.Join(texts, " "); got != `"metadata.more" "spec.embedded.gone" "spec.embedded.spec.gone" "spec.gone" "spec.list[1].gone" "spec.map.a.gone" "top"` {
		t.Fatal(got)
	}
}

func TestADefinitionThatCannotWorkIsRefused(t *testing.T) {
	for change, want := range map[string]string{
		"metadata.name=other": "metadata.name", "spec.scope=Sideways": "spec.scope", "spec.scope=": "spec.scope", "spec.group=Not A Group": "spec.group",
		"spec.names.plural=Gadgets": "spec.names.plural", "spec.names.kind=": "spec.names.kind",
	} {
		u := definition(t, schema)
		path, value, _ := strings.Cut(change, "=")
		if err := unstructured.SetNestedField(u.Object, value, strings.Split(path, ".")...); err != nil {
			t.Fatal(err)
		}
		found := false
		for _, problem := range crd.Validate(u) {
			found = found || problem.Field == want
		}
		if !found {
			t.Errorf("%s: %v", change, crd.Validate(u))
		}
	}
	for _, bad := range []string{`{"type":"string"}`, `{"type":"object","properties":5}`, `{"type":"object","properties":{"x":{"default":{},"type":5}}}`} {
		if problems := crd.Validate(definition(t, bad)); len(problems) == 0 {
			t.Errorf("%s is accepted", bad)
		}
	}
}
