package dynamic_test

import (
	"reflect"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/sheaf-dev/sheaf/dynamic"
	coreresource "github.com/sheaf-dev/sheaf/resource/core/v1"
)

func TestObjectsAreConvertedBothWays(t *testing.T) {
	w := widgets.New()
	w.Name, w.Spec = "x", widgetSpec{Size: 1 << 60, Ratio: 2, Parts: map[string]int64{"a": 1}}
	untyped, err := dynamic.Untyped(w)
	if err != nil {
		t.Fatal(err)
	}
	if size, _, err := unstructured.NestedInt64(untyped.Object, "spec", "size"); err != nil || size != 1<<60 {
		t.Error(size, err)
	}
	back, err := dynamic.Typed(widgets, untyped)
	if err != nil || !reflect.DeepEqual(back, w) {
		t.Errorf("have %+v, %v", back, err)
	}
	w.Spec.Parts["a"] = 2
	untyped.SetName("y")
	if back.Spec.Parts["a"] != 1 || back.Name != "x" {
		t.Error("the copies share memory")
	}
}

func TestWhatCannotBeConvertedIsAnErrorThatNamesTheObject(t *testing.T) {
	_, err1 := dynamic.Untyped(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "x"}})
	_, err2 := dynamic.Typed(coreresource.Pods, anvil())
	wrong := anvil()
	wrong.Object["spec"] = map[string]any{"size": "large"}
	_, err3 := dynamic.Typed(widgets, wrong)
	unwritable := anvil()
	unwritable.Object["spec"] = func() {}
	_, err4 := dynamic.Untyped(unwritable)
	_, err5 := dynamic.Typed(widgets, unwritable)
	for want, err := range map[string]error{
		`convert "x": the object has no apiVersion and kind`:                     err1,
		`convert "anvil": decode pods/v1: the server sent example.com/v1 Widget`: err2,
		`convert "anvil": decode widgets.example.com/v1: `:                       err3,
		`convert "anvil": json: `:                                                err4,
		`convert "anvil": json: unsupported type: func()`:                        err5,
	} {
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("have %v\nwant %s", err, want)
		}
	}
}
