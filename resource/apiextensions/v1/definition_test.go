package v1_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"go.uber.org/goleak"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/sheaf-dev/sheaf/resource"
	apiextensionsv1 "github.com/sheaf-dev/sheaf/resource/apiextensions/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// everything has each field of the API.
const everything = `{
	"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"widgets.example.com"},
	"spec":{
		"group":"example.com","scope":"Namespaced","preserveUnknownFields":true,
		"names":{"plural":"widgets","singular":"widget","shortNames":["wd"],"kind":"Widget","listKind":"WidgetList","categories":["all"]},
		"versions":[{
			"name":"v1","served":true,"storage":true,"deprecated":true,"deprecationWarning":"old",
			"schema":{"openAPIV3Schema":{"type":"object","x-unheard-of":[1,2.5,{"deep":null}]}},
			"subresources":{"status":{},"scale":{"specReplicasPath":".spec.replicas","statusReplicasPath":".status.replicas","labelSelectorPath":".status.selector"}},
			"additionalPrinterColumns":[{"name":"Size","type":"integer","format":"int32","description":"how large","priority":1,"jsonPath":".spec.size"}],
			"selectableFields":[{"jsonPath":".spec.color"}]}],
		"conversion":{"strategy":"Webhook","webhook":{"conversionReviewVersions":["v1"],"clientConfig":{
			"url":"https://example.com","caBundle":"Y2E=","service":{"namespace":"n","name":"s","path":"/p","port":8443}}}}},
	"status":{
		"conditions":[{"type":"Established","status":"True","lastTransitionTime":"2026-01-02T03:04:05Z","reason":"r","message":"m","observedGeneration":3}],
		"acceptedNames":{"plural":"widgets","kind":"Widget"},"storedVersions":["v1"],"observedGeneration":3}}`

func TestNoFieldOfADefinitionIsLost(t *testing.T) {
	def := apiextensionsv1.CustomResourceDefinitions.New()
	if err := json.Unmarshal([]byte(everything), def); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(resource.Copy(def))
	if err != nil {
		t.Fatal(err)
	}
	var want, got any
	if json.Unmarshal([]byte(everything), &want) != nil || json.Unmarshal(again, &got) != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %s\nwant %s", again, everything)
	}
}

func TestACopyOfADefinitionSharesNothing(t *testing.T) {
	def := &apiextensionsv1.CustomResourceDefinition{Spec: apiextensionsv1.Spec{Versions: []apiextensionsv1.Version{{
		Schema: &apiextensionsv1.Validation{OpenAPIV3Schema: &runtime.RawExtension{Raw: []byte(`{"type":"object"}`)}},
	}}}}
	clone := resource.Copy(def)
	clone.Spec.Versions[0].Schema.OpenAPIV3Schema.Raw[2] = 'X'
	if got := string(def.Spec.Versions[0].Schema.OpenAPIV3Schema.Raw); got != `{"type":"object"}` {
		t.Errorf("the original became %s", got)
	}
}

func TestADefinitionIsEstablishedWhenTheServerSaysSo(t *testing.T) {
	for status, want := range map[metav1.ConditionStatus]bool{metav1.ConditionTrue: true, metav1.ConditionFalse: false, "": false} {
		def := &apiextensionsv1.CustomResourceDefinition{}
		if status != "" {
			def.Status.Conditions = []metav1.Condition{{Type: "NamesAccepted", Status: "True"}, {Type: "Established", Status: status}}
		}
		if def.Established() != want {
			t.Errorf("%q: got %v", status, def.Established())
		}
	}
}

func Example() {
	widgets := &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: "widgets.example.com"},
		Spec: apiextensionsv1.Spec{
			Group: "example.com",
			Names: apiextensionsv1.Names{Plural: "widgets", Kind: "Widget"},
			Scope: "Namespaced",
			Versions: []apiextensionsv1.Version{{
				Name: "v1", Served: true, Storage: true,
				Schema: &apiextensionsv1.Validation{OpenAPIV3Schema: &runtime.RawExtension{
					Raw: []byte(`{"type":"object","properties":{"spec":{"type":"object","properties":{"size":{"type":"integer"}}}}}`),
				}},
			}},
		},
	}
	fmt.Println(apiextensionsv1.CustomResourceDefinitions, widgets.Name, widgets.Established())
	// Output: customresourcedefinitions.apiextensions.k8s.io/v1 widgets.example.com false
}
