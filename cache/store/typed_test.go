package store

import (
	"fmt"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/sheaf-dev/sheaf/resource"
)

// crowd returns a snapshot of 120 objects: in three namespaces, of two apps, on four nodes.
func crowd(opts Options) Snapshot {
	opts.Indexers = map[string]IndexFunc{"node": byAnnotation("node")}
	writer, reader := New(opts)
	var changes []Change
	for i := range 120 {
		o := object(fmt.Sprint("n", i%3), fmt.Sprint("o", i), map[string]string{"app": fmt.Sprint("a", i%2)})
		changes = append(changes, put(annotated(o, map[string]string{"node": fmt.Sprint(i % 4)})))
	}
	writer.Replace(changes, "1")
	return reader.Snapshot()
}

var ofOneApp = labels.SelectorFromSet(labels.Set{"app": "a1"})

func TestATypedListHasTheObjectsOfTheUntypedOne(t *testing.T) {
	untyped := func(objects []*metav1.PartialObjectMetadata) (list []resource.Object) {
		for _, o := range objects {
			list = append(list, o)
		}
		return list
	}
	for _, noLabelIndex := range []bool{false, true} {
		s := crowd(Options{NoLabelIndex: noLabelIndex})
		for name, query := range map[string]struct {
			selector  labels.Selector
			namespace string
			want      int
		}{
			"all": {nil, "", 120}, "one namespace": {nil, "n1", 40}, "no namespace": {nil, "n9", 0},
			"a label": {ofOneApp, "", 60}, "a label in a namespace": {ofOneApp, "n2", 20}, "nothing": {labels.Nothing(), "", 0},
		} {
			typed, list := untyped(List[*metav1.PartialObjectMetadata](s, query.selector, query.namespace)), s.List(query.selector, query.namespace)
			if len(list) != query.want || !slices.Equal(typed, list) {
				t.Errorf("%s, without label index %t: %d typed, %d untyped, want %d", name, noLabelIndex, len(typed), len(list), query.want)
			}
		}
		for index, want := range map[string]int{"node": 30, NamespaceIndex: 40} {
			value := map[string]string{"node": "3", NamespaceIndex: "n0"}[index]
			typed, err := ByIndex[*metav1.PartialObjectMetadata](s, index, value)
			list, err2 := s.ByIndex(index, value)
			if err != nil || err2 != nil || len(list) != want || !slices.Equal(untyped(typed), list) {
				t.Errorf("index %s: %d typed %v, %d untyped %v, want %d", index, len(typed), err, len(list), err2, want)
			}
		}
	}
}

func TestATypedListOpensPackedObjects(t *testing.T) {
	w, r, packer := compactStore(Options{Indexers: map[string]IndexFunc{"node": byAnnotation("node")}})
	o := annotated(object("a", "x", map[string]string{"app": "a1"}), map[string]string{"node": "1"})
	w.Apply([]Change{put(mustPack(packer, o))}, "1")
	s := r.Snapshot()
	byNode, err := ByIndex[*metav1.PartialObjectMetadata](s, "node", "1")
	if err != nil {
		t.Fatal(err)
	}
	for name, list := range map[string][]*metav1.PartialObjectMetadata{
		"all": List[*metav1.PartialObjectMetadata](s, nil, ""), "namespace": List[*metav1.PartialObjectMetadata](s, nil, "a"),
		"label": List[*metav1.PartialObjectMetadata](s, ofOneApp, ""), "index": byNode,
	} {
		if len(list) != 1 || list[0].Labels["app"] != "a1" {
			t.Errorf("%s: %v", name, list)
		}
	}
}

func TestATypedListIsOneAllocation(t *testing.T) {
	s := crowd(Options{})
	for name, query := range map[string]func() int{
		"namespace": func() int { return len(List[*metav1.PartialObjectMetadata](s, nil, "n1")) },
		"index": func() int {
			found, _ := ByIndex[*metav1.PartialObjectMetadata](s, "node", "2")
			return len(found)
		},
		"untyped index": func() int {
			found, _ := s.ByIndex("node", "2")
			return len(found)
		},
	} {
		if n := testing.AllocsPerRun(100, func() {
			if query() == 0 {
				t.Fatal("nothing found")
			}
		}); n != 1 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestATypedListOfAnotherTypePanics(t *testing.T) {
	s := crowd(Options{})
	defer func() {
		if recover() == nil {
			t.Error("objects became what they are not")
		}
	}()
	List[*unstructured.Unstructured](s, nil, "n1")
}
