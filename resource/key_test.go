package resource_test

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/resource"
)

func TestAKeyIsReadBackFromItsText(t *testing.T) {
	for text, want := range map[string]resource.Key{
		"ns/name":     {Namespace: "ns", Name: "name"},
		"name":        {Name: "name"},
		"system:node": {Name: "system:node"},
	} {
		got, err := resource.ParseKey(text)
		if err != nil || got != want {
			t.Errorf("ParseKey(%q) = %+v, %v; want %+v", text, got, err, want)
		}
		if got.String() != text {
			t.Errorf("%+v.String() = %q, want %q", got, got.String(), text)
		}
	}
}

func TestTextsThatAreNoKeysAreErrors(t *testing.T) {
	for _, text := range []string{"", "/", "ns/", "/name", "a/b/c", "a//b"} {
		if key, err := resource.ParseKey(text); err == nil {
			t.Errorf("ParseKey(%q) = %+v, want an error", text, key)
		}
	}
}

func TestKeysAreOrderedByNamespaceThenName(t *testing.T) {
	want := []resource.Key{{Name: "z"}, {Namespace: "a", Name: "x"}, {Namespace: "a", Name: "y"}, {Namespace: "b", Name: "a"}}
	got := []resource.Key{want[3], want[1], want[0], want[2]}
	slices.SortFunc(got, resource.Key.Compare)
	if !slices.Equal(got, want) {
		t.Errorf("sorted: %v, want %v", got, want)
	}
}

func TestTheKeyOfAnObjectIsItsNamespaceAndName(t *testing.T) {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "p"}}
	if got := resource.KeyOf(pod); got != (resource.Key{Namespace: "ns", Name: "p"}) {
		t.Errorf("KeyOf = %v", got)
	}
}

func FuzzParseKeyReadsWhatStringWrites(f *testing.F) {
	f.Add("ns/name")
	f.Add("name")
	f.Add("/")
	f.Fuzz(func(t *testing.T, text string) {
		key, err := resource.ParseKey(text)
		if err == nil && key.String() != text {
			t.Errorf("ParseKey(%q) = %+v, which is written %q", text, key, key)
		}
	})
}
