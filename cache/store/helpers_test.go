package store

import (
	"errors"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/resource"
)

// object makes an object. Each call returns a new one, so tests tell versions apart by the pointer.
func object(namespace, name string, labels map[string]string) *metav1.PartialObjectMetadata {
	return &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: labels}}
}

func annotated(o *metav1.PartialObjectMetadata, annotations map[string]string) *metav1.PartialObjectMetadata {
	o.Annotations = annotations
	return o
}

func put(o resource.Object) Change { return Change{Op: Set, Key: resource.KeyOf(o), Object: o} }

func drop(o resource.Object) Change { return Change{Op: Delete, Key: resource.KeyOf(o)} }

// byAnnotation indexes objects by the comma-separated values of an annotation. The values "error" and "panic" do what they say.
func byAnnotation(name string) IndexFunc {
	return func(o resource.Object) ([]string, error) {
		text, there := o.GetAnnotations()[name]
		switch {
		case text == "error":
			return nil, errBadAnnotation
		case text == "panic":
			panic("bad annotation")
		case !there:
			return nil, nil
		}
		return strings.Split(text, ","), nil
	}
}

var errBadAnnotation = errors.New("bad annotation")

func mustCheck(t testing.TB, w *Writer) {
	t.Helper()
	if err := w.Check(); err != nil {
		t.Fatal(err)
	}
}

// keysOf returns the sorted text keys of objects.
func keysOf(objects []resource.Object) []string {
	keys := []string{}
	for _, o := range objects {
		keys = append(keys, resource.KeyOf(o).String())
	}
	slices.Sort(keys)
	return keys
}

func wantKeys(t testing.TB, objects []resource.Object, want ...string) {
	t.Helper()
	if want == nil {
		want = []string{}
	}
	if got := keysOf(objects); !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}
