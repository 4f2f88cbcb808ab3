package decode

import (
	"testing"
	"unsafe"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestATextThatAnObjectRepeatsIsHeldOnce(t *testing.T) {
	const raw = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","creationTimestamp":"2026-01-02T03:04:05Z"},` +
		`"status":{"since":"2026-01-02T03:04:05Z","until":"2026-01-02T03:04:06Z","escaped":"2026-01-02T03:04:05\u005a"}}`
	o, err := For(mapDef).decode(encodedOf(formatJSON, []byte(raw)))
	if err != nil {
		t.Fatal(err)
	}
	content := o.(*unstructured.Unstructured).Object
	status := content["status"].(map[string]any)
	created := content["metadata"].(map[string]any)["creationTimestamp"].(string)
	for _, member := range []string{"since", "escaped"} {
		if text := status[member].(string); text != created || unsafe.StringData(text) != unsafe.StringData(created) {
			t.Errorf("%s is %q in a place of its own", member, text)
		}
	}
	if status["until"] != "2026-01-02T03:04:06Z" {
		t.Errorf("until is %v", status["until"])
	}
}

func TestAnObjectThatSaysItsKindKeepsTheSharedText(t *testing.T) {
	d := For(mapDef, Shared(NewTable(0)))
	var kinds []string
	for range 2 {
		o, err := d.decode(encodedOf(formatJSON, []byte(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}`)))
		if err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, o.(*unstructured.Unstructured).Object["kind"].(string))
	}
	if unsafe.StringData(kinds[0]) != unsafe.StringData(kinds[1]) {
		t.Error("two objects have two texts of the same kind")
	}
}

func TestKindAndVersionAreReadWithEscapesAndWithout(t *testing.T) {
	for _, c := range []struct{ raw, apiVersion, kind string }{
		{`{"apiVersion":"v1","kind":"Pod"}`, "v1", "Pod"},
		{`{"kind": "P\u006fd" , "apiVersion":"v1"}`, "v1", "Pod"},
		{`{"apiVersion":1,"kind":"Pod"}`, "", "Pod"},
		{`{"apiVersion":"","kind":"Po`, "", ""},
	} {
		apiVersion, kind := jsonKind(newCursor([]byte(c.raw)))
		if string(apiVersion) != c.apiVersion || string(kind) != c.kind {
			t.Errorf("%s: apiVersion %q, kind %q", c.raw, apiVersion, kind)
		}
	}
}
