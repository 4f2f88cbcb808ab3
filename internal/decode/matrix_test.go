package decode

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kjson "sigs.k8s.io/json"

	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/resource/builtin"
)

// official decodes as the packages of the API do. It is the measure of everything here.
func official(t testing.TB, def *resource.Definition, f format, raw []byte) (o resource.Object, err error) {
	t.Helper()
	defer func() {
		if p := recover(); p != nil { // of a type's own method
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	o = reflect.New(def.GoType()).Interface().(resource.Object)
	switch u := o.(type) {
	case *unstructured.Unstructured:
		err = kjson.UnmarshalCaseSensitivePreserveInts(raw, &u.Object)
		if err == nil && u.Object == nil {
			err = errors.New("null")
		}
	default:
		if f == formatProtobuf {
			err = o.(interface{ Unmarshal([]byte) error }).Unmarshal(raw)
		} else {
			err = kjson.UnmarshalCaseSensitivePreserveInts(raw, o)
		}
	}
	if err == nil {
		def.SetKind(o)
	}
	return o, err
}

// bytesOf encodes as the packages of the API do.
func bytesOf(t testing.TB, f format, o any) []byte {
	t.Helper()
	var raw []byte
	var err error
	if f == formatProtobuf {
		raw, err = o.(interface{ Marshal() ([]byte, error) }).Marshal()
	} else {
		raw, err = json.Marshal(o)
	}
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func encodedOf(f format, raw []byte) encoded {
	e := encoded{format: f, raw: raw}
	if f == formatJSON {
		e.cursor = newCursor(raw)
	}
	return e
}

func mediaTypeOf(f format) string {
	if f == formatProtobuf {
		return MediaTypeProtobuf
	}
	return MediaTypeJSON
}

// sealRaw puts an encoded object into what a body of the format needs around it.
func sealRaw(t testing.TB, def *resource.Definition, f format, raw []byte) []byte {
	t.Helper()
	if f == formatJSON {
		return raw
	}
	unknown := runtime.Unknown{Raw: raw}
	unknown.APIVersion, unknown.Kind = def.GroupVersionKind().ToAPIVersionAndKind()
	body, err := unknown.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return append([]byte("k8s\x00"), body...)
}

// sealList does the same for a list of encoded objects.
func sealList(t testing.TB, def *resource.Definition, f format, items [][]byte) []byte {
	t.Helper()
	if f == formatJSON {
		return append(append([]byte(`{"metadata":{"resourceVersion":"1"},"items":[`), bytes.Join(items, []byte(","))...), "]}"...)
	}
	message := []byte{0x0a, 0} // empty metadata
	for _, item := range items {
		message = append(message, 0x12)
		message = appendVarint(message, uint64(len(item)))
		message = append(message, item...)
	}
	gvk := def.GroupVersionKind()
	unknown := runtime.Unknown{Raw: message}
	unknown.APIVersion, unknown.Kind = schema.GroupVersion{Group: gvk.Group, Version: gvk.Version}.String(), gvk.Kind+"List"
	body, err := unknown.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return append([]byte("k8s\x00"), body...)
}

func appendVarint(b []byte, v uint64) []byte {
	for ; v >= 0x80; v >>= 7 {
		b = append(b, byte(v)|0x80)
	}
	return append(b, byte(v))
}

// formatsOf returns what the resource's Go type can be read from.
func formatsOf(def *resource.Definition) []format {
	if _, ok := reflect.New(def.GoType()).Interface().(interface{ Unmarshal([]byte) error }); ok {
		return []format{formatProtobuf, formatJSON}
	}
	return []format{formatJSON}
}

func TestEveryTypeIsDecodedAsTheOfficialDecodersDo(t *testing.T) {
	for _, def := range append(builtin.Definitions(), widgetDef) {
		t.Run(def.String(), func(t *testing.T) {
			t.Parallel()
			filler := newFiller(int64(len(def.String())))
			for _, f := range formatsOf(def) {
				var raws [][]byte
				for range objectsPerType {
					raws = append(raws, bytesOf(t, f, randomObject(def, filler)))
				}
				compareAll(t, def, f, raws)
			}
		})
	}
}

func TestMetadataAndMapsOfEveryBuiltinTypeAreDecodedAsTheOfficialDecodersDo(t *testing.T) {
	for _, def := range builtin.Definitions() {
		gvr, gvk := def.GroupVersionResource(), def.GroupVersionKind()
		partial := resource.Define[*metav1.PartialObjectMetadata](gvr.Group, gvr.Version, gvr.Resource, gvk.Kind, def.Scope()).Definition()
		untyped := resource.Define[*unstructured.Unstructured](gvr.Group, gvr.Version, gvr.Resource, gvk.Kind, def.Scope()).Definition()
		t.Run(def.String(), func(t *testing.T) {
			t.Parallel()
			filler := newFiller(int64(len(def.String())))
			for _, f := range formatsOf(def) {
				var raws [][]byte
				for range objectsPerType {
					raws = append(raws, bytesOf(t, f, randomObject(def, filler)))
				}
				compareAll(t, partial, f, raws)
				if f == formatJSON {
					compareAll(t, untyped, f, raws)
				}
			}
		})
	}
}

// compareAll decodes the objects one by one and as a list, private and, twice over, sharing parts.
func compareAll(t *testing.T, def *resource.Definition, f format, raws [][]byte) {
	t.Helper()
	var want []resource.Object
	for _, raw := range raws {
		o, err := official(t, def, f, raw)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, o)
	}
	table := NewTable(0)
	for _, d := range []*Decoder{For(def), For(def, Shared(table)), For(def, Shared(table))} {
		for i, raw := range raws {
			if _, err := planned(d, encodedOf(f, raw)); err != nil {
				t.Fatalf("left to the official decoder: %v", err)
			}
			body := bytes.Clone(sealRaw(t, def, f, raw))
			have, err := d.Object(mediaTypeOf(f), body)
			if err != nil {
				t.Fatal(err)
			}
			clear(body) // nothing of the object is in the body
			mustEqual(t, want[i], have)
		}
		i := 0
		_, err := d.List(mediaTypeOf(f), bytes.NewReader(sealList(t, def, f, raws)), nil, func(item Item) error {
			if item.Err != nil {
				t.Fatal(item.Err)
			}
			mustEqual(t, want[i], item.Object)
			i++
			return nil
		})
		if err != nil || i != len(want) {
			t.Fatalf("list: %d items, %v", i, err)
		}
	}
	if table.Stats().Hits == 0 {
		t.Fatal("nothing was shared")
	}
}
