package apply

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"

	"github.com/sheaf-dev/sheaf/resource"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type widgetSpec struct {
	Size     int32              `json:"size"`
	Optional int32              `json:"optional,omitempty"`
	Zero     int64              `json:"zero,omitzero"`
	On       bool               `json:"enabled"`
	Text     string             `json:"text"`
	Set      *int32             `json:"set"`
	Unset    *int32             `json:"unset"`
	Empty    map[string]string  `json:"empty"`
	Counts   map[int]int32      `json:"counts"`
	When     metav1.Time        `json:"when"`
	At       *metav1.MicroTime  `json:"at"`
	Data     []byte             `json:"data"`
	Any      any                `json:"any"`
	Port     intstr.IntOrString `json:"port"`
	Parts    []part             `json:"parts"`
	ByName   map[string]part    `json:"byName"`
	Inner    part               `json:"inner"`
	Deep     *part              `json:"deep"`
	Bare     string
	Hidden   string `json:"-"`
	private  string
}

type part struct {
	Name  string  `json:"name"`
	Count float64 `json:"count"`
}

type widget struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              widgetSpec   `json:"spec"`
	Status            widgetStatus `json:"status"`
}

type widgetStatus struct {
	Ready bool `json:"ready"`
	Seen  int  `json:"seen"`
}

var widgets = resource.Define[*widget]("example.com", "v1", "widgets", "Widget", resource.Namespaced)

// named returns a widget of which nothing but the name is set.
func named() *widget { return &widget{ObjectMeta: metav1.ObjectMeta{Name: "x"}} }

func ptr[T any](v T) *T { return &v }

// asRead is what a server sends, with all that it fills in.
func asRead(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: "a", Name: name, UID: "u", ResourceVersion: "5", Generation: 3, GenerateName: "x-",
		CreationTimestamp: metav1.NewTime(time.Unix(1e9, 0)), DeletionTimestamp: &metav1.Time{Time: time.Unix(1e9, 0)}, DeletionGracePeriodSeconds: ptr(int64(5)),
		ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "me"}},
		Labels:        map[string]string{"role": ""}, Annotations: map[string]string{}, Finalizers: []string{"f"},
		OwnerReferences: []metav1.OwnerReference{{APIVersion: "v1", Kind: "Pod", Name: "o", UID: types.UID("ou"), Controller: ptr(false)}},
	}
}

// same compares JSON with YAML.
func same(t *testing.T, have []byte, want string) bool {
	t.Helper()
	var h, w any
	if err := json.Unmarshal(have, &h); err != nil {
		t.Errorf("%v in %s", err, have)
	}
	if err := yaml.Unmarshal([]byte(strings.ReplaceAll(want, "\t", "")), &w); err != nil {
		t.Fatalf("%v in %s", err, want)
	}
	return reflect.DeepEqual(h, w)
}
