package resource_test

import (
	"encoding/json"
	"reflect"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	quantity "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/randfill"

	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/resource/builtin"
)

func TestACopyEqualsItsOriginalAndSharesNothingWithIt(t *testing.T) {
	original := newWidget()
	original.Spec.private = nil
	same := newWidget()
	same.Spec.private = nil

	c := resource.Copy(original)
	if !reflect.DeepEqual(c, original) {
		t.Errorf("the copy differs:\n%+v\n%+v", c, original)
	}
	for _, path := range sharedMemory(reflect.ValueOf(original), reflect.ValueOf(c), "widget", true) {
		t.Errorf("%s is shared", path)
	}
	if c.Spec.Empty == nil {
		t.Error("an empty slice became nil")
	}
	c.Spec.Size.Add(quantity.MustParse("1"))
	c.Spec.Tags["k"] = "changed"
	*c.Spec.Owner = "changed"
	c.Spec.Things[0].(Part).Children[0].Name = "changed"
	if !reflect.DeepEqual(original, same) {
		t.Errorf("changes of the copy changed the original: %+v", original)
	}
}

func TestUnexportedFieldsAreCopiedShallowly(t *testing.T) {
	original := newWidget()
	if c := resource.Copy(original); c.Spec.private != original.Spec.private {
		t.Errorf("the unexported pointer is %p, want %p", c.Spec.private, original.Spec.private)
	}
}

func TestCopyOfNilIsNil(t *testing.T) {
	if c := resource.Copy[*Widget](nil); c != nil {
		t.Errorf("typed nil: %v", c)
	}
	if c := resource.Copy[resource.Object](nil); c != nil {
		t.Errorf("nil interface: %v", c)
	}
}

// podWithNotes has the methods of the Pod that it embeds, among them one that copies the Pod alone.
type podWithNotes struct {
	corev1.Pod
	Notes map[string]string
}

func TestAStructThatEmbedsAnAPITypeIsCopiedWhole(t *testing.T) {
	original := &podWithNotes{Notes: map[string]string{"a": "b"}, Pod: corev1.Pod{Spec: corev1.PodSpec{NodeName: "n", NodeSelector: map[string]string{"x": "y"}}}}
	check := func(t *testing.T, copied resource.Object) {
		c, ok := copied.(*podWithNotes)
		if !ok {
			t.Fatalf("the copy is a %T", copied)
		}
		if !reflect.DeepEqual(c, original) {
			t.Errorf("the copy differs: %+v", c)
		}
		if paths := sharedMemory(reflect.ValueOf(original), reflect.ValueOf(c), "pod", true); len(paths) > 0 {
			t.Errorf("shared: %q", paths)
		}
	}
	t.Run("as its own type", func(t *testing.T) { check(t, resource.Copy(original)) })
	t.Run("as an Object", func(t *testing.T) { check(t, resource.Copy[resource.Object](original)) })
}

func TestUntypedObjectsAreCopiedByTheirOwnMethods(t *testing.T) {
	u := &unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{"name": "n"}, "list": []any{int64(1)}}}
	p := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: "n", Labels: map[string]string{"a": "b"}}}
	for _, original := range []resource.Object{u, p} {
		c := resource.Copy(original)
		if !reflect.DeepEqual(c, original) {
			t.Errorf("%T: the copy differs: %+v", original, c)
		}
		if paths := sharedMemory(reflect.ValueOf(original), reflect.ValueOf(c), "object", true); len(paths) > 0 {
			t.Errorf("%T shares %q", original, paths)
		}
	}
}

func TestCopyingByStructureEqualsTheGeneratedCopyOfEveryBuiltinType(t *testing.T) {
	filler := newFiller(1)
	for _, def := range builtin.Definitions() {
		for range 5 {
			original := def.New()
			filler.Fill(original)
			byMethod, byStructure := resource.Copy(original), resource.CopyByStructure(original)
			if !reflect.DeepEqual(byMethod, original) {
				t.Fatalf("%s: the generated copy differs from its original", def)
			}
			if !reflect.DeepEqual(byStructure, byMethod) {
				t.Fatalf("%s: the copy by structure differs from the generated copy", def)
			}
			if paths := sharedMemory(reflect.ValueOf(original), reflect.ValueOf(byStructure), def.GroupVersionKind().Kind, true); len(paths) > 0 {
				t.Fatalf("the copy by structure of %s shares %q", def, paths)
			}
		}
	}
}

// newFiller returns a source of random objects, the same for the same seed.
func newFiller(seed int64) *randfill.Filler {
	return randfill.NewWithSeed(seed).NilChance(.3).NumElements(1, 3).MaxDepth(12).Funcs(
		func(q *quantity.Quantity, c randfill.Continue) {
			texts := []string{"1", "250m", "3Gi", "0.123456789012345678901", "123456789012345678901234567890"}
			*q = quantity.MustParse(texts[c.Intn(len(texts))])
		},
		func(m *metav1.Time, c randfill.Continue) { m.Time = time.Unix(c.Int63n(1<<33), 0) },
		func(m *metav1.MicroTime, c randfill.Continue) { m.Time = time.Unix(c.Int63n(1<<33), 0) },
		func(r *runtime.RawExtension, c randfill.Continue) {
			r.Raw = []byte(c.String(0))
			if c.Bool() {
				r.Object = &corev1.Binding{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"a": c.String(0)}}}
			}
		},
	)
}

func TestCopyMayBeCalledConcurrentlyAlsoForNewTypes(t *testing.T) {
	type fresh struct { // compiled during this test
		metav1.TypeMeta
		metav1.ObjectMeta
		Parts []Part
	}
	original := &fresh{Parts: []Part{{Name: "a", Next: &Part{Name: "b"}}}}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				if c := resource.Copy(original); !reflect.DeepEqual(c, original) {
					t.Errorf("the copy differs: %+v", c)
				}
			}
		})
	}
	wg.Wait()
}

func FuzzCopyOfWhateverJSONDecodesTo(f *testing.F) {
	seed, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"name": "n", "labels": map[string]string{"a": "b"}},
		"spec": map[string]any{
			"Size": "1.5Gi", "Port": 80, "Replicas": 3, "Names": []string{"x"}, "Grid": [][]int{{1}, nil},
			"ByName": map[string]any{"p": map[string]any{"Next": map[string]any{"Name": "q"}}}, "Tags": map[string]string{"t": "u"},
			"Anything": map[string]any{"list": []any{1, nil, "x", map[string]any{}}}, "Things": []any{nil, true, []any{}},
		},
		"status": map[string]any{"Since": "2026-01-02T03:04:05Z", "Conditions": []any{map[string]any{"type": "Ready"}}},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, text []byte) {
		original := new(Widget)
		if err := json.Unmarshal(text, original); err != nil {
			return // not a widget
		}
		c := resource.Copy(original)
		if !equality.Semantic.DeepEqual(c, original) { // the copy of a decimal has another layout
			t.Errorf("the copy differs:\n%+v\n%+v", c, original)
		}
		if paths := sharedMemory(reflect.ValueOf(original), reflect.ValueOf(c), "widget", true); len(paths) > 0 {
			t.Errorf("shared: %q", paths)
		}
	})
}
