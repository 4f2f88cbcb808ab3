package decode

import (
	"bytes"
	"strings"
	"testing"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/sheaf-dev/sheaf/resource/builtin"
)

func TestEncodedObjectsAreReadBack(t *testing.T) {
	for _, def := range append(builtin.Definitions(), widgetDef) {
		filler := newFiller(4)
		for _, f := range formatsOf(def) {
			o := randomObject(def, filler)
			want, err := official(t, def, f, bytesOf(t, f, o))
			if err != nil {
				t.Fatal(err)
			}
			body, err := Encode(def, mediaTypeOf(f), o)
			if err != nil {
				t.Fatal(err)
			}
			if !o.GetObjectKind().GroupVersionKind().Empty() {
				t.Fatalf("%s: the object was changed", def)
			}
			have, err := For(def).Object(mediaTypeOf(f), body)
			if err != nil {
				t.Fatal(err)
			}
			mustEqual(t, want, have)
		}
	}
}

func TestBodiesSayWhatTheyAre(t *testing.T) {
	scale := &autoscalingv1.Scale{TypeMeta: metav1.TypeMeta{APIVersion: "autoscaling/v1", Kind: "Scale"}}
	for want, o := range map[string]any{
		`"kind":"Pod","apiVersion":"v1"`:               &corev1.Pod{},
		`"kind":"DeleteOptions","apiVersion":"v1"`:     &metav1.DeleteOptions{},
		`"kind":"Scale","apiVersion":"autoscaling/v1"`: scale,
	} {
		body, err := Encode(podDef, MediaTypeJSON, o)
		if err != nil || !strings.Contains(string(body), want) {
			t.Errorf("%s, %v: want %s", body, err, want)
		}
		body, err = Encode(podDef, MediaTypeProtobuf, o)
		if err != nil {
			t.Fatal(err)
		}
		var unknown runtime.Unknown
		if err := unknown.Unmarshal(bytes.TrimPrefix(body, magic)); err != nil || !strings.Contains(want, `"kind":"`+unknown.Kind+`","apiVersion":"`+unknown.APIVersion+`"`) {
			t.Errorf("%s: %+v, %v", want, unknown.TypeMeta, err)
		}
	}
	u := &unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{"name": "a"}}}
	body, err := Encode(mapDef, MediaTypeJSON, u)
	if err != nil || !strings.Contains(string(body), `"kind":"Pod"`) || len(u.Object) != 1 {
		t.Errorf("%s, %v, %v", body, u, err)
	}
}

func TestWhatCannotBeEncodedIsNamed(t *testing.T) {
	for want, encode := range map[string]func() ([]byte, error){
		"needs its apiVersion and kind set": func() ([]byte, error) { return Encode(podDef, MediaTypeJSON, &corev1.Node{}) },
		"want a pointer":                    func() ([]byte, error) { return Encode(podDef, MediaTypeJSON, corev1.Pod{}) },
		"cannot be written as protobuf":     func() ([]byte, error) { return Encode(mapDef, MediaTypeProtobuf, &unstructured.Unstructured{}) },
		"text/plain":                        func() ([]byte, error) { return Encode(podDef, "text/plain", &corev1.Pod{}) },
	} {
		if body, err := encode(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s, %v: want %q", body, err, want)
		}
	}
}
