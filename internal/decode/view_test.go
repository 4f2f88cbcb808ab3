package decode

import (
	"bytes"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kjson "sigs.k8s.io/json"

	"github.com/sheaf-dev/sheaf/resource"
)

// podView holds of a pod what a scheduler's dashboard would, with deviations from the full type that a view may have: values for
// pointers, members of embedded structs, plain strings.
type podView struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		NodeName string `json:"nodeName"`
		Priority int32  `json:"priority"`
		Volumes  []struct {
			Name     string                       `json:"name"`
			EmptyDir *corev1.EmptyDirVolumeSource `json:"emptyDir"`
			HostPath struct {
				Path string `json:"path"`
			} `json:"hostPath"`
		} `json:"volumes"`
		NodeSelector map[string]string `json:"nodeSelector"`
		Containers   []struct {
			Image string `json:"image"`
		} `json:"containers"`
	} `json:"spec"`
	Status struct {
		Phase      string                `json:"phase"`
		StartTime  *metav1.Time          `json:"startTime"`
		Conditions []corev1.PodCondition `json:"conditions"`
	} `json:"status"`
}

var podViewDef = resource.View[*podView](resource.Define[*corev1.Pod]("", "v1", "pods", "Pod", resource.Namespaced, resource.WithProtobuf())).Definition()

func TestViewHoldsItsPartOfTheObjectInBothFormats(t *testing.T) {
	filler := newFiller(11)
	table := NewTable(0)
	for range 50 {
		pod := randomObject(podDef, filler)
		raw := bytesOf(t, formatJSON, pod)
		want := &podView{}
		if err := kjson.UnmarshalCaseSensitivePreserveInts(raw, want); err != nil {
			t.Fatal(err)
		}
		podViewDef.SetKind(want)
		for _, d := range []*Decoder{For(podViewDef), For(podViewDef, Shared(table)), For(podViewDef, Shared(table))} {
			have, err := d.decode(encodedOf(formatJSON, raw))
			if err != nil {
				t.Fatal(err)
			}
			mustEqual(t, want, have)
			have, err = planned(d, encodedOf(formatProtobuf, bytesOf(t, formatProtobuf, pod)))
			if err != nil {
				t.Fatal(err)
			}
			// JSON keeps what protobuf does not (an empty list is not none) and the other way round: both are compared as JSON.
			podViewDef.SetKind(have)
			full, err := official(t, podDef, formatProtobuf, bytesOf(t, formatProtobuf, pod))
			if err != nil {
				t.Fatal(err)
			}
			if a, b := asView(t, full), asView(t, have); !bytes.Equal(a, b) {
				t.Fatalf("want %s\nhave %s", a, b)
			}
		}
	}
	if table.Stats().Hits == 0 {
		t.Error("nothing was shared")
	}
}

// asView returns what a view of the object is in JSON.
func asView(t *testing.T, o any) []byte {
	t.Helper()
	view := &podView{}
	if err := kjson.UnmarshalCaseSensitivePreserveInts(bytesOf(t, formatJSON, o), view); err != nil {
		t.Fatal(err)
	}
	podViewDef.SetKind(view)
	return bytesOf(t, formatJSON, view)
}

func TestViewIsReadFromListsAndWatches(t *testing.T) {
	d := For(podViewDef)
	if d.Accept() != For(podDef).Accept() {
		t.Errorf("accept: %s", d.Accept())
	}
	n := 0
	_, err := d.List(MediaTypeProtobuf, bytes.NewReader(seal(t, "PodList", podList(3))), nil, func(item Item) error {
		if v, ok := item.Object.(*podView); item.Err != nil || !ok || v.Kind != "Pod" || v.Spec.NodeName == "" {
			t.Fatalf("%+v", item)
		}
		n++
		return nil
	})
	if err != nil || n != 3 {
		t.Fatal(n, err)
	}
}

func TestUnusualProtobufOfAViewIsItsError(t *testing.T) {
	raw := bytesOf(t, formatProtobuf, &podList(1).Items[0])
	if _, err := For(podViewDef).decode(encodedOf(formatProtobuf, append(bytes.Clone(raw), raw...))); err == nil {
		t.Error("no error")
	}
}
