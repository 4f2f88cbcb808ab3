package decode

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/resource/builtin"
)

// The targets run their seeds as tests; `go test -fuzz FuzzObject ./internal/decode` looks for more.

// fuzzDefs are the types that fuzzing knows: a byte of the input chooses.
func fuzzDefs() []*resource.Definition {
	defs := []*resource.Definition{podDef, mapDef, metaDef, widgetDef, oddityDef, nestedDef}
	for _, name := range []string{"deployments", "nodes", "secrets", "configmaps", "endpointslices", "events", "resourcequotas", "networkpolicies",
		"certificatesigningrequests", "resourceslices", "subjectaccessreviews", "horizontalpodautoscalers", "cronjobs"} {
		for _, def := range builtin.Definitions() {
			if def.GroupVersionResource().Resource == name && def.GroupVersionResource().Version == "v1" {
				defs = append(defs, def)
			}
		}
	}
	return defs
}

func addObjects(f *testing.F, add func(which byte, format format, raw []byte)) {
	for i, def := range fuzzDefs() {
		source := def
		if def == mapDef || def == metaDef {
			source = podDef
		}
		if def == nestedDef {
			add(byte(i), formatJSON, []byte(`{"self":{"list":[{},{"byName":{"a":null}}]}}`))
			continue
		}
		filler := newFiller(int64(i))
		for _, format := range formatsOf(def) {
			add(byte(i), format, bytesOf(f, format, randomSource(source, filler)))
		}
	}
}

func FuzzObject(f *testing.F) {
	addObjects(f, func(which byte, format format, raw []byte) { f.Add(which, format == formatProtobuf, raw) })
	for _, value := range jsonValues {
		f.Add(byte(1), false, []byte(`{"x":`+value+`}`))
	}
	defs := fuzzDefs()
	f.Fuzz(func(t *testing.T, which byte, protobuf bool, raw []byte) {
		def := defs[int(which)%len(defs)]
		format := formatJSON
		if protobuf && len(formatsOf(def)) == 2 {
			format = formatProtobuf
		}
		table := NewTable(0)
		judge(t, def, table, format, raw)
		judge(t, def, table, format, raw)
	})
}

// FuzzList reads a list in pieces and at once: the items and the end are the same, and never more than the body could hold.
func FuzzList(f *testing.F) {
	addObjects(f, func(which byte, format format, raw []byte) {
		def := fuzzDefs()[which]
		f.Add(which, format == formatProtobuf, sealList(f, def, format, [][]byte{raw, raw}))
	})
	f.Add(byte(0), false, []byte(`{"kind":"Status","status":"Failure","code":410}`))
	f.Add(byte(0), false, []byte(`{"metadata":{"continue":"x"},"items":null}`))
	defs := fuzzDefs()
	f.Fuzz(func(t *testing.T, which byte, protobuf bool, body []byte) {
		d := For(defs[int(which)%len(defs)], Limit(1<<16))
		mediaType := MediaTypeJSON
		if protobuf {
			mediaType = MediaTypeProtobuf
		}
		read := func(r io.Reader) (items []Item, failed bool) {
			_, err := d.List(mediaType, r, nil, func(item Item) error {
				items = append(items, item)
				return nil
			})
			return items, err != nil
		}
		a, failedA := read(bytes.NewReader(body))
		b, failedB := read(iotest.OneByteReader(bytes.NewReader(body)))
		if len(a) != len(b) || failedA != failedB || len(a) > len(body) {
			t.Fatalf("%d items and failed %v, in pieces %d and %v", len(a), failedA, len(b), failedB)
		}
		for i := range a {
			if (a[i].Err == nil) != (b[i].Err == nil) || a[i].Hash != b[i].Hash || a[i].Size != b[i].Size {
				t.Fatalf("item %d: %+v, in pieces %+v", i, a[i], b[i])
			}
		}
	})
}

// FuzzEvents reads a watch stream: it ends with an error that stays, after no more events than the stream could hold.
func FuzzEvents(f *testing.F) {
	f.Add(false, []byte(jsonStream))
	f.Add(true, protobufStream(f))
	addObjects(f, func(which byte, format format, raw []byte) {
		def := fuzzDefs()[which]
		body := sealRaw(f, def, format, raw)
		if format == formatProtobuf {
			f.Add(true, frameOf(f, watch.Modified, body))
		} else {
			f.Add(false, append(append([]byte(`{"type":"ADDED","object":`), body...), '}'))
		}
	})
	f.Fuzz(func(t *testing.T, protobuf bool, stream []byte) {
		mediaType := MediaTypeJSON
		if protobuf {
			mediaType = MediaTypeProtobuf
		}
		events := For(podDef, Limit(1<<16), Shared(NewTable(0))).Events(mediaType, iotest.HalfReader(bytes.NewReader(stream)))
		for n := 0; ; n++ {
			event, err := events.Next()
			if err != nil {
				if _, again := events.Next(); !errors.Is(again, err) {
					t.Fatalf("%v, then %v", err, again)
				}
				return
			}
			if n > len(stream) {
				t.Fatal("more events than bytes")
			}
			if has := event.Object != nil; has != (event.Err == nil && event.Status == nil && event.Type != watch.Bookmark) {
				t.Fatalf("%+v", event)
			}
		}
	})
}

// FuzzPrevious decodes an object when another version of it is held: what is taken from that must be what the bytes say.
func FuzzPrevious(f *testing.F) {
	addObjects(f, func(which byte, format format, raw []byte) {
		f.Add(which, format == formatProtobuf, raw, raw)
		f.Add(which, format == formatProtobuf, raw, raw[:len(raw)-1])
	})
	defs := fuzzDefs()
	f.Fuzz(func(t *testing.T, which byte, protobuf bool, before, raw []byte) {
		def := defs[int(which)%len(defs)]
		format := formatJSON
		if protobuf && len(formatsOf(def)) == 2 {
			format = formatProtobuf
		}
		judgeAfter(t, def, NewTable(0), format, before, raw)
	})
}
