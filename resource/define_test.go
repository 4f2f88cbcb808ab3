package resource_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/resource"
)

// notAPointerToAStruct has an Object's methods all the same.
type notAPointerToAStruct map[string]*corev1.Pod

func (notAPointerToAStruct) GetObjectKind() schema.ObjectKind { return schema.EmptyObjectKind }

func TestADefinitionThatCannotWorkPanicsInOneSentence(t *testing.T) {
	type pod = *corev1.Pod
	type value struct {
		notAPointerToAStruct
		metav1.Object
	}
	const namespaced = resource.Namespaced
	for _, c := range []struct {
		want   string
		define func()
	}{
		{"the type must be a pointer to a struct", func() { resource.Define[value]("g", "v1", "pods", "Pod", namespaced) }},
		{"the type must be a pointer to a struct", func() { resource.Define[resource.Object]("g", "v1", "pods", "Pod", namespaced) }},
		{"the group and the version must be given apart", func() { resource.Define[pod]("g/v1", "v1", "pods", "Pod", namespaced) }},
		{"the group and the version must be given apart", func() { resource.Define[pod]("g", "g/v1", "pods", "Pod", namespaced) }},
		{"the version is empty", func() { resource.Define[pod]("g", "", "pods", "Pod", namespaced) }},
		{"the resource must be a plural in lower case", func() { resource.Define[pod]("g", "v1", "Pods", "Pod", namespaced) }},
		{"the resource must be a plural in lower case", func() { resource.Define[pod]("g", "v1", "", "Pod", namespaced) }},
		{"the resource must be a plural in lower case", func() { resource.Define[pod]("g", "v1", "pods/status", "Pod", namespaced) }},
		{"the kind is empty", func() { resource.Define[pod]("g", "v1", "pods", "", namespaced) }},
		{"the scope must be Namespaced or Cluster", func() { resource.Define[pod]("g", "v1", "pods", "Pod", 0) }},
	} {
		func() {
			defer func() {
				text := fmt.Sprint(recover())
				if !strings.Contains(text, c.want) || !strings.HasPrefix(text, "resource.Define[") || strings.Contains(text, "\n") {
					t.Errorf("panic %q, want one line that says %q", text, c.want)
				}
			}()
			c.define()
		}()
	}
}

func TestANewObjectKnowsItsKind(t *testing.T) {
	w := widgets.New()
	if got := w.GroupVersionKind().String(); got != "example.com/v1, Kind=Widget" {
		t.Errorf("typed: %s", got)
	}
	untyped := resource.Define[*unstructured.Unstructured]("example.com", "v1", "widgets", "Widget", resource.Namespaced)
	if u := untyped.New(); u.GetAPIVersion() != "example.com/v1" || u.GetKind() != "Widget" {
		t.Errorf("untyped: %s %s", u.GetAPIVersion(), u.GetKind())
	}
}

func TestADefinitionSaysWhatWasDefined(t *testing.T) {
	def := widgets.Definition()
	if got := def.String(); got != "widgets.example.com/v1" {
		t.Errorf("String() = %q", got)
	}
	if def.GroupVersionResource() != (schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "widgets"}) {
		t.Errorf("GroupVersionResource() = %v", def.GroupVersionResource())
	}
	if !def.Namespaced() || def.Scope().String() != "namespaced" || resource.Cluster.String() != "cluster" {
		t.Errorf("Scope() = %v", def.Scope())
	}
	if def.Verbs() != resource.AllVerbs || def.GoType() != reflect.TypeFor[Widget]() {
		t.Errorf("verbs %v, type %v", def.Verbs(), def.GoType())
	}
	if def.Protobuf() {
		t.Error("a custom resource speaks protobuf")
	}
}

func TestATypeWithAStatusHasTheSubresourceUnlessToldOtherwise(t *testing.T) {
	type stateless struct {
		metav1.TypeMeta
		metav1.ObjectMeta
	}
	names := func(def *resource.Definition) string {
		var all []string
		for _, s := range def.Subresources() {
			all = append(all, s.Name)
		}
		return strings.Join(all, " ")
	}
	scaled := resource.WithSubresources(resource.StatusSubresource(), resource.ScaleSubresource())
	for _, c := range []struct {
		def  *resource.Definition
		want string
	}{
		{widgets.Definition(), "status"},
		{resource.Define[*stateless]("g", "v1", "things", "Thing", resource.Cluster).Definition(), ""},
		{resource.Define[*Widget]("g", "v1", "widgets", "Widget", resource.Cluster, resource.WithSubresources()).Definition(), ""},
		{resource.Define[*Widget]("g", "v1", "widgets", "Widget", resource.Cluster, scaled).Definition(), "scale status"},
	} {
		if got := names(c.def); got != c.want {
			t.Errorf("%v has %q, want %q", c.def, got, c.want)
		}
	}
	scale, ok := resource.Define[*Widget]("g", "v1", "widgets", "Widget", resource.Cluster, scaled).Definition().Subresource("scale")
	if !ok || scale.Kind.String() != "autoscaling/v1, Kind=Scale" || !scale.Verbs.Has(resource.VerbGet|resource.VerbUpdate|resource.VerbPatch) {
		t.Errorf("scale: %+v", scale)
	}
	if _, ok := widgets.Definition().Subresource("scale"); ok {
		t.Error("widgets have a scale that nobody gave them")
	}
}

func TestProtobufNeedsATypeThatCanSpeakIt(t *testing.T) {
	pods := resource.Define[*corev1.Pod]("", "v1", "pods", "Pod", resource.Namespaced, resource.WithProtobuf())
	custom := resource.Define[*Widget]("g", "v1", "widgets", "Widget", resource.Namespaced, resource.WithProtobuf())
	if !pods.Definition().Protobuf() || custom.Definition().Protobuf() {
		t.Errorf("pods %v, widgets %v; want true, false", pods.Definition().Protobuf(), custom.Definition().Protobuf())
	}
}

func TestWhatADefinitionReturnsCannotChangeIt(t *testing.T) {
	subresources := []resource.Subresource{{Name: "z"}, {Name: "a"}}
	def := resource.Define[*Widget]("g", "v1", "widgets", "Widget", resource.Namespaced, resource.WithSubresources(subresources...)).Definition()
	subresources[0].Name = "changed"
	def.Subresources()[0].Name = "changed"
	if got := def.Subresources(); got[0].Name != "a" || got[1].Name != "z" {
		t.Errorf("subresources %v", got)
	}
}
