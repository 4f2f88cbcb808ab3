package decode

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/resource/builtin"
)

func mustDrop(t testing.TB, def *resource.Definition, paths ...string) Option {
	t.Helper()
	opt, err := Drop(def, paths...)
	if err != nil {
		t.Fatal(err)
	}
	return opt
}

func TestDroppedFieldsAreMissingAndNothingElse(t *testing.T) {
	for _, def := range builtin.Definitions() {
		if _, ok := def.GoType().FieldByName("ObjectMeta"); !ok {
			continue
		}
		compareDropped(t, def, "metadata.managedFields", "metadata.ownerReferences.uid", ".metadata.labels")
	}
	compareDropped(t, podDef, "spec.containers.env", "spec.volumes.hostPath", "spec.volumes.projected.sources.secret", "status")
	compareDropped(t, mapDef, "spec.containers.env", "spec.volumes.hostPath", "status", "nothing.there")
	compareDropped(t, metaDef, "metadata.managedFields.fieldsV1")
}

func compareDropped(t *testing.T, def *resource.Definition, paths ...string) {
	t.Helper()
	opt := mustDrop(t, def, paths...)
	filler := newFiller(3)
	source := def
	if def == mapDef || def == metaDef {
		source = podDef
	}
	for _, f := range formatsOf(def) {
		table := NewTable(0)
		dropping, sharing := For(def, opt), For(def, opt, Shared(table))
		for range objectsPerType {
			raw := bytesOf(t, f, randomObject(source, filler))
			want, err := official(t, def, f, raw)
			if err != nil {
				t.Fatal(err)
			}
			dropping.drops.prune(reflect.ValueOf(want).Elem())
			for _, d := range []*Decoder{dropping, sharing, sharing} {
				have, err := planned(d, encodedOf(f, raw))
				if err != nil {
					t.Fatalf("%s: %v", def, err)
				}
				def.SetKind(have)
				mustEqual(t, want, have)
			}
		}
	}
}

func TestDroppedFieldsAreMissingFromWhatTheOfficialDecoderReadToo(t *testing.T) {
	// Two runs of labels: not what encoders write, so that the official decoder has the word.
	pod := podList(1).Items[0]
	raw := bytesOf(t, formatProtobuf, &pod)
	twice := append(bytes.Clone(raw), raw...)
	d := For(podDef, mustDrop(t, podDef, "spec.nodeName"))
	if _, err := planned(d, encodedOf(formatProtobuf, twice)); err != errUnusual {
		t.Fatal(err)
	}
	o, err := d.decode(encodedOf(formatProtobuf, twice))
	if err != nil {
		t.Fatal(err)
	}
	pod.Spec.NodeName = ""
	podDef.SetKind(&pod)
	mustEqual(t, &pod, o)
}

func TestDropNamesTheNearestField(t *testing.T) {
	for path, want := range map[string]string{
		"metadata.managedField":   `v1.ObjectMeta has no field "managedField"; the nearest is "managedFields"`,
		"spec.containers.Env":     `the nearest is "env"`,
		"spec.container.env":      `v1.PodSpec has no field "container"; the nearest is "containers"`,
		"spec.nodeName.x":         `string has no field "x"`,
		"metadata":                "needed to tell objects apart",
		"metadata.uid":            "needed to tell objects apart",
		"metadata.labels.app":     "has no field",
		"":                        "separated by dots",
		"spec..containers":        "separated by dots",
		"status.startTime.second": "v1.Time has no field",
	} {
		if _, err := Drop(podDef, path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	if _, err := Drop(mapDef, "metadata.name"); err == nil {
		t.Error("an object without a type would lose its name")
	}
}

func TestDroppingNothingIsTheZeroOption(t *testing.T) {
	if d := For(podDef, mustDrop(t, podDef)); d.drops != nil {
		t.Error("an empty tree")
	}
}
