package resource_test

import (
	"fmt"
	"reflect"
	"time"

	corev1 "k8s.io/api/core/v1"
	quantity "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/sheaf-dev/sheaf/resource"
)

// Widget is a custom resource as a user writes it: no generated method, and a bit of everything that a Go struct can hold.
type Widget struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec   WidgetSpec    `json:"spec"`
	Status *WidgetStatus `json:"status,omitempty"`
}

type WidgetSpec struct {
	common   // unexported, with exported fields that hold references
	Size     quantity.Quantity
	Port     intstr.IntOrString
	Replicas *int32
	Names    []string
	Empty    []string
	Grid     [2][]int
	ByName   map[string]*Part
	Nested   map[string]map[string][]string
	Points   map[Point]string
	Root     Part
	Template corev1.PodTemplateSpec
	Limits   corev1.ResourceList
	Raw      runtime.RawExtension
	Anything any
	Things   []any
	Labels   StringMap
	private  *int
	Notify   func()
}

// Part contains itself.
type Part struct {
	Name     string
	Children []Part
	Next     *Part
	Index    map[string]Part
}

type Point struct{ X, Y int }

type StringMap map[string]string

type common struct {
	Tags  map[string]string
	Owner *string
}

type WidgetStatus struct {
	Since      metav1.Time
	Exact      *metav1.MicroTime
	Conditions []metav1.Condition
}

func newWidget() *Widget {
	replicas, owner, hidden := int32(3), "me", 7
	since := metav1.NewTime(time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("here", 3600)))
	part := Part{
		Name:     "root",
		Children: []Part{{Name: "a", Next: &Part{Name: "b"}}, {Name: "c", Children: []Part{{Name: "d"}}}},
		Index:    map[string]Part{"e": {Name: "e", Children: []Part{{}}}},
	}
	w := &Widget{
		ObjectMeta: metav1.ObjectMeta{Name: "w", Namespace: "ns", Labels: map[string]string{"a": "b"}, OwnerReferences: []metav1.OwnerReference{{Name: "o", Controller: new(bool)}}},
		Spec: WidgetSpec{
			common:   common{Tags: map[string]string{"k": "v"}, Owner: &owner},
			Size:     quantity.MustParse("123456789012345678901234567890"), // too large for an integer: it is backed by a pointer
			Port:     intstr.FromString("http"),
			Replicas: &replicas,
			Names:    []string{"x", "y"},
			Empty:    []string{},
			Grid:     [2][]int{{1, 2}, {3}},
			ByName:   map[string]*Part{"p": &part, "nil": nil},
			Nested:   map[string]map[string][]string{"a": {"b": {"c"}}, "nil": nil},
			Points:   map[Point]string{{1, 2}: "here"},
			Root:     part,
			Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Args: []string{"-v"}}}}},
			Limits:   corev1.ResourceList{"cpu": quantity.MustParse("0.123456789012345678901")},
			Raw:      runtime.RawExtension{Raw: []byte(`{}`)},
			Anything: map[string]any{"list": []any{int64(1), "two", nil, 3.5, true}, "part": &Part{Name: "held"}},
			Things:   []any{Part{Children: []Part{{}}}, &replicas, []byte("bytes"), nil, "text"},
			Labels:   StringMap{"l": "m"},
			private:  &hidden,
			Notify:   nil,
		},
		Status: &WidgetStatus{Since: since, Exact: &metav1.MicroTime{Time: since.Time}, Conditions: []metav1.Condition{{Type: "Ready", LastTransitionTime: since}}},
	}
	return w
}

var widgets = resource.Define[*Widget]("example.com", "v1", "widgets", "Widget", resource.Namespaced)

// sharedMemory returns the paths under which a change of one value would show in the other. Time zones are never changed;
// unexported fields are followed only if hidden is set.
func sharedMemory(a, b reflect.Value, path string, hidden bool) []string {
	if !a.IsValid() || !b.IsValid() || a.Type() != b.Type() || a.Type() == reflect.TypeFor[*time.Location]() {
		return nil
	}
	var found []string
	follow := func(x, y reflect.Value, step string) {
		found = append(found, sharedMemory(x, y, path+step, hidden)...)
	}
	switch a.Kind() {
	case reflect.Pointer:
		if a.IsNil() || b.IsNil() {
			return nil
		}
		if a.UnsafePointer() == b.UnsafePointer() && a.Type().Elem().Size() > 0 {
			return []string{path}
		}
		follow(a.Elem(), b.Elem(), "")
	case reflect.Interface:
		follow(a.Elem(), b.Elem(), "")
	case reflect.Map:
		if !a.IsNil() && a.UnsafePointer() == b.UnsafePointer() {
			return []string{path}
		}
		for _, key := range a.MapKeys() {
			follow(a.MapIndex(key), b.MapIndex(key), fmt.Sprintf("[%v]", key))
		}
	case reflect.Slice:
		if a.Cap() > 0 && a.UnsafePointer() == b.UnsafePointer() {
			return []string{path}
		}
		fallthrough
	case reflect.Array:
		for i := range min(a.Len(), b.Len()) {
			follow(a.Index(i), b.Index(i), fmt.Sprintf("[%d]", i))
		}
	case reflect.Struct:
		for i := range a.NumField() {
			if f := a.Type().Field(i); hidden || f.IsExported() || f.Anonymous {
				follow(a.Field(i), b.Field(i), "."+f.Name)
			}
		}
	}
	return found
}
