package decode

import (
	"reflect"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/resource/builtin"
)

func TestSharingByStructureChangesNoObject(t *testing.T) {
	for _, def := range append(builtin.Definitions(), widgetDef, oddityDef, nestedDef, mapDef) {
		source := def
		if def == mapDef {
			source = podDef
		}
		if def == nestedDef {
			source = widgetDef
		}
		filler := newFiller(9)
		table := NewTable(0)
		for range 2 {
			raw := bytesOf(t, formatJSON, randomSource(source, filler))
			for range 2 {
				want, err := official(t, def, formatJSON, raw)
				if err != nil {
					break
				}
				have, _ := official(t, def, formatJSON, raw)
				table.Share(have)
				mustEqual(t, want, have)
			}
		}
	}
}

func TestEqualPartsAreSharedByStructure(t *testing.T) {
	for _, def := range []*resource.Definition{podDef, mapDef} {
		table := NewTable(0)
		var objects []resource.Object
		for _, pod := range productionPods(40, 40) {
			o, err := For(def).decode(encodedOf(formatJSON, bytesOf(t, formatJSON, pod)))
			if err != nil {
				t.Fatal(err)
			}
			table.Share(o)
			objects = append(objects, o)
		}
		shared := sharedMemory(objects[38], objects[39])
		want := []string{"map[string]string", "[]v1.EnvVar", "*v1.Probe", "v1.ResourceList", "*v1.FieldsV1", "[]string"}
		if def == mapDef {
			want = []string{"map[string]interface {}", "[]interface {}"}
		}
		for _, name := range want {
			if shared[name] == 0 {
				t.Errorf("%s: no %s is shared, only %v", def, name, shared)
			}
		}
	}
}

func TestWhatOnlyLooksEqualIsNotShared(t *testing.T) {
	table := NewTable(0)
	at := time.Unix(1_700_000_000, 0)
	zone := time.FixedZone("somewhere", 3600)
	for range 3 {
		for _, when := range []time.Time{at, at.UTC(), at.In(zone), time.Now()} {
			pod := &corev1.Pod{}
			pod.DeletionTimestamp = &metav1.Time{Time: when}
			table.Share(pod)
			if pod.DeletionTimestamp.Time != when {
				t.Fatalf("%v became %v", when, pod.DeletionTimestamp)
			}
		}
		for _, value := range []any{nil, false, int64(0), 0.0, "", "0", "n", []any{}, map[string]any{}, int32(7), []string{"x"}} {
			u := &unstructured.Unstructured{Object: map[string]any{"a": map[string]any{"b": value}}}
			table.Share(u)
			have := u.Object["a"].(map[string]any)["b"]
			if !reflect.DeepEqual(value, have) {
				t.Errorf("%#v became %#v", value, have)
			}
		}
	}
}

func TestHiddenStateIsLeftAlone(t *testing.T) {
	type hidden struct{ secret *int }
	type object struct {
		metav1.TypeMeta
		metav1.ObjectMeta
		Inner *hidden
	}
	table := NewTable(0)
	var first *hidden
	for range 3 {
		o := &object{Inner: &hidden{new(int)}}
		*o.Inner.secret = 1
		table.Share(o)
		if first == nil {
			first = o.Inner
		} else if o.Inner == first {
			t.Fatal("two objects have one hidden state")
		}
	}
}
