package decode

import (
	"bytes"
	"fmt"
	"math/rand"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apiresource "k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/resource/builtin"
)

// holder is a cache of traces, whatever the key.
type holder struct{ trace Trace }

func (h *holder) option() Option { return Previous(func(resource.Key) Trace { return h.trace }) }

// next decodes a version when the holder's is the last one.
func (h *holder) next(d *Decoder, f format, raw []byte) (resource.Object, Trace, error) {
	e := encodedOf(f, raw)
	g := d.digest(&e)
	return d.version(e, &g)
}

// judgeAfter decodes bytes when an object of other bytes is held, and compares with the official decoder.
func judgeAfter(t testing.TB, def *resource.Definition, table *Table, f format, before, raw []byte) {
	t.Helper()
	h := &holder{}
	d := For(def, Shared(table), h.option())
	var err error
	if _, h.trace, err = h.next(d, f, before); err != nil {
		return
	}
	want, officialErr := official(t, def, f, raw)
	have, _, err := h.next(d, f, raw)
	switch {
	case err == nil && officialErr != nil:
		t.Fatalf("%s: read what the official decoder refuses (%v): %q after %q", def, officialErr, raw, before)
	case err == nil:
		if !exactly.DeepEqualWithNilDifferentFromEmpty(want, have) {
			t.Fatalf("%s: %q after %q\nwant %#v\nhave %#v", def, raw, before, want, have)
		}
	case officialErr == nil && !meant(err):
		t.Fatalf("%s: refused what the official decoder reads: %v: %q", def, err, raw)
	}
}

func TestANewVersionTakesTheUnitThatHasNotChanged(t *testing.T) {
	pods := productionPods(2, 1)
	for _, c := range []struct {
		def  *resource.Definition
		f    format
		part string // of the spec, too random to be shared through the table
	}{{podDef, formatProtobuf, "[]v1.Container"}, {podDef, formatJSON, "[]v1.Container"}, {mapDef, formatJSON, "map[string]interface {}"}} {
		for name, changed := range map[string]bool{"status": false, "spec": true} {
			h := &holder{}
			d := For(c.def, Shared(NewTable(minLog)), h.option())
			first, trace, err := h.next(d, c.f, bytesOf(t, c.f, pods[0]))
			if err != nil || trace.Object() != first {
				t.Fatalf("%v, %v", trace, err)
			}
			h.trace = trace
			pod := pods[0].DeepCopy()
			pod.ResourceVersion, pod.Status.Phase = "9", "Failed"
			if changed {
				pod.Spec.Containers[1].Env[3].Value += "!"
			}
			raw := bytesOf(t, c.f, pod)
			want, err := official(t, c.def, c.f, raw)
			if err != nil {
				t.Fatal(err)
			}
			second, trace, err := h.next(d, c.f, raw)
			if err != nil || trace.Object() != second {
				t.Fatalf("%v, %v", trace, err)
			}
			mustEqual(t, want, second)
			d.table = NewTable(0) // without it, what is shared comes from the last version
			h.trace = Trace{object: first, print: trace.print}
			third, _, err := h.next(d, c.f, raw)
			if err != nil {
				t.Fatal(err)
			}
			if n := sharedMemory(first, third)[c.part]; n == 0 {
				t.Errorf("%s of %s, %s: nothing is taken", c.part, c.def, name)
			}
		}
	}
}

func TestEveryTypeTakesItsUnitFromTheLastVersion(t *testing.T) {
	for _, def := range append(builtin.Definitions(), widgetDef, mapDef) {
		t.Run(def.String(), func(t *testing.T) {
			t.Parallel()
			source := def
			if def == mapDef {
				source = podDef
			}
			filler, r := newFiller(int64(len(def.String()))), rand.New(rand.NewSource(3))
			for _, f := range formatsOf(def) {
				table := NewTable(0)
				for range objectsPerType {
					o := randomObject(source, filler)
					before := bytesOf(t, f, o)
					o.SetResourceVersion("another")
					o.SetLabels(map[string]string{"a": "b"})
					after := bytesOf(t, f, o)
					judgeAfter(t, def, table, f, before, after)
					for range 5 {
						judgeAfter(t, def, table, f, before, mutate(r, after))
						judgeAfter(t, def, table, f, mutate(r, before), after)
					}
				}
			}
		})
	}
}

func TestOnlyALargeFieldThatComesOnceIsAUnit(t *testing.T) {
	large := `"` + strings.Repeat("x", minUnit) + `"`
	for raw, want := range map[string]string{
		`{"metadata":{"name":"a"},"spec":{"node":` + large + `}}`:                    "spec",
		`{"metadata":{"name":"a"},"spec":{"node":` + large + `},"status":{}}`:        "spec",
		`{"spec":{"a":` + large + `},"data":{"b":` + large + `,"c":1}}`:              "data",
		`{"metadata":{"name":` + large + `},"status":{"a":` + large + `},"spec":{}}`: "",
		`{"spec":{"a":` + large + `},"spec":5}`:                                      "",
		`{"spec":{"a":` + large + `},"sp\u0065c":{}}`:                                "",
		`{"spec":{"a":"` + strings.Repeat("x", maxPrint) + `"}}`:                     "",
		`{"spec":{"a":` + large + `},` + strings.Repeat(`"a":1,`, 2) + `"b":1}`:      "",
		`{"spec":` + large + `}`:                                                     "",
		`{"spec":{"a":` + large + `}`:                                                "",
		`[` + large + `]`:                                                            "",
		``:                                                                           "",
	} {
		e := encodedOf(formatJSON, []byte(raw))
		if u := For(mapDef).unitOf(&e); string(u.name) != want {
			t.Errorf("%s: unit %q, want %q", raw, u.name, want)
		}
	}
	pod := bytesOf(t, formatProtobuf, productionPods(1, 1)[0])
	twice := append(bytes.Clone(pod), pod...)
	for _, c := range []struct {
		raw  []byte
		unit bool
	}{{pod, true}, {twice, false}, {pod[:len(pod)-1], false}, {nil, false}} {
		e := encodedOf(formatProtobuf, c.raw)
		if u := For(podDef).unitOf(&e); u.none() == c.unit {
			t.Errorf("%d bytes: unit %v", len(c.raw), u)
		}
	}
}

func TestPrivateObjectsTakeNothingFromTheLastVersion(t *testing.T) {
	raw := bytesOf(t, formatProtobuf, productionPods(1, 1)[0])
	h := &holder{}
	o, trace, err := h.next(For(podDef, Shared(NewTable(minLog)), h.option()), formatProtobuf, raw)
	if err != nil || trace.Object() != o {
		t.Fatal(trace, err)
	}
	h.trace = trace
	next, trace, err := h.next(For(podDef, h.option()), formatProtobuf, raw)
	if err != nil || trace.Object() != nil {
		t.Fatal(trace, err)
	}
	if shared := sharedMemory(o, next); len(shared) != 0 {
		t.Errorf("%v is shared", shared)
	}
}

func TestAnObjectWithADecimalLeavesNoTrace(t *testing.T) {
	quota := &corev1.ResourceQuota{}
	quota.Spec.Hard = corev1.ResourceList{"cpu": apiresource.MustParse("123456789012345678901234567890")}
	for i := range 40 {
		quota.Spec.Scopes = append(quota.Spec.Scopes, corev1.ResourceQuotaScope(fmt.Sprint("scope", i)))
	}
	def, _ := builtin.ForResource(corev1.SchemeGroupVersion.WithResource("resourcequotas"))
	h := &holder{}
	d := For(def, Shared(NewTable(0)), h.option())
	for _, f := range []format{formatProtobuf, formatJSON} {
		if _, trace, err := h.next(d, f, bytesOf(t, f, quota)); err != nil || trace.Object() != nil {
			t.Errorf("%v, %v", trace, err)
		}
		delete(quota.Spec.Hard, "cpu")
		if _, trace, err := h.next(d, f, bytesOf(t, f, quota)); err != nil || trace.Object() == nil {
			t.Errorf("%v, %v", trace, err)
		}
		quota.Spec.Hard = corev1.ResourceList{"cpu": apiresource.MustParse("123456789012345678901234567890")}
	}
}

func TestListsAndWatchesLeaveTraces(t *testing.T) {
	pod := productionPods(1, 1)[0]
	for _, f := range []format{formatProtobuf, formatJSON} {
		h := &holder{}
		d := For(podDef, Shared(NewTable(0)), h.option())
		raw := bytesOf(t, f, pod)
		var listed Item
		if _, err := d.List(mediaTypeOf(f), bytes.NewReader(sealList(t, podDef, f, [][]byte{raw})), nil, func(item Item) error {
			listed = item
			return nil
		}); err != nil || listed.Trace.Object() != listed.Object {
			t.Fatalf("%+v, %v", listed, err)
		}
		h.trace = listed.Trace
		body := sealRaw(t, podDef, f, raw)
		stream := frameOf(t, watch.Modified, body)
		if f == formatJSON {
			stream = []byte(`{"type":"MODIFIED","object":` + string(body) + "}")
		}
		event, err := d.Events(mediaTypeOf(f), bytes.NewReader(stream)).Next()
		if err != nil || event.Trace.Object() != event.Object || event.Hash != listed.Hash {
			t.Fatalf("%+v, %v", event, err)
		}
		if sharedMemory(listed.Object, event.Object)["[]v1.Container"] == 0 {
			t.Error("the watch has not taken the spec that the list brought")
		}
	}
}
