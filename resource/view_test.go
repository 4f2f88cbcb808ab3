package resource_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/resource"
)

type meta struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
}

type placeView struct {
	meta
	Spec struct {
		NodeName string `json:"nodeName"`
		Volumes  []struct {
			Name     string `json:"name"`
			HostPath *struct {
				Path string `json:"path"`
			} `json:"hostPath"`
		} `json:"volumes"`
	} `json:"spec"`
}

type misspelt struct {
	meta
	Spec struct {
		NodeNam string `json:"nodeNam"`
	} `json:"spec"`
}

type mistyped struct {
	meta
	Status struct {
		Conditions []struct {
			LastTransitionTime string `json:"lastTransitionTime"`
		} `json:"conditions"`
	} `json:"status"`
}

var fullPods = resource.Define[*corev1.Pod]("", "v1", "pods", "Pod", resource.Namespaced, resource.Builtin())

func TestViewIsAReadOnlyPartOfItsResource(t *testing.T) {
	def := resource.View[*placeView](fullPods).Definition()
	if def.Verbs() != resource.VerbGet|resource.VerbList|resource.VerbWatch || !def.Protobuf() || len(def.Subresources()) != 0 {
		t.Errorf("%s, protobuf %v, subresources %v", def.Verbs(), def.Protobuf(), def.Subresources())
	}
	if def.Full() != fullPods.Definition().GoType() || fullPods.Definition().Full() != nil {
		t.Errorf("full types: %v, %v", def.Full(), fullPods.Definition().Full())
	}
}

func TestViewOfWhatTheResourceLacksIsNamed(t *testing.T) {
	for want, define := range map[string]func(){
		`spec: v1.PodSpec has no member "nodeNam"`:                                     func() { resource.View[*misspelt](fullPods) },
		`status: conditions: lastTransitionTime: a v1.Time cannot be read as a string`: func() { resource.View[*mistyped](fullPods) },
	} {
		func() {
			defer func() {
				if text, _ := recover().(string); !strings.Contains(text, want) {
					t.Errorf("panic %q, want %q", text, want)
				}
			}()
			define()
		}()
	}
}
