package wire_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"testing"

	"go.uber.org/goleak"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/sheaf-dev/sheaf/apitest/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheBestAcceptableMediaTypeIsFound(t *testing.T) {
	any := func(wire.Accept) bool { return true }
	noProtobuf := func(a wire.Accept) bool { return a.Format != wire.Protobuf }
	for _, c := range []struct {
		header string
		offer  func(wire.Accept) bool
		want   string
	}{
		{"", any, "application/json"},
		{"*/*", any, "application/json"},
		{"application/vnd.kubernetes.protobuf, application/json", any, "application/vnd.kubernetes.protobuf"},
		{"application/vnd.kubernetes.protobuf, application/json", noProtobuf, "application/json"},
		{"application/json;q=0.5, application/yaml;q=0.9", any, "application/yaml"},
		{"application/json;q=0, application/yaml", any, "application/yaml"},
		{"application/json;q=x, nonsense;;, application/yaml", any, "application/yaml"},
		{"text/html", any, ""},
		{"application/vnd.kubernetes.protobuf", noProtobuf, ""},
	} {
		got := ""
		if a, ok := wire.Negotiate(c.header, c.offer); ok {
			got = a.Format.MediaType()
		}
		if got != c.want {
			t.Errorf("%q: %q, want %q", c.header, got, c.want)
		}
	}
	a, ok := wire.Negotiate("application/json;as=Table;v=v1;g=meta.k8s.io", any)
	if !ok || a.As != "Table" || a.Ver != "v1" || a.Group != "meta.k8s.io" {
		t.Fatal(a, ok)
	}
}

var gvk = corev1.SchemeGroupVersion.WithKind("ConfigMap")

func TestAnEnvelopeIsWhatAPIMachineryMakes(t *testing.T) {
	for _, size := range []int{0, 1, 127, 128, 20000} {
		m := &corev1.ConfigMap{Data: map[string]string{"k": string(make([]byte, size))}}
		raw, err := m.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		want, err := (&runtime.Unknown{TypeMeta: runtime.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"}, Raw: raw}).Marshal()
		if err != nil {
			t.Fatal(err)
		}
		e := wire.NewEnvelope(gvk)
		got := e.Wrap(raw)
		if !bytes.Equal(got, append([]byte("k8s\x00"), want...)) || len(got) != e.Size(len(raw)) {
			t.Fatalf("size %d: %q", size, got)
		}
		apiVersion, kind, message, err := wire.Unwrap(got)
		if err != nil || apiVersion != "v1" || kind != "ConfigMap" || !bytes.Equal(message, raw) {
			t.Fatal(apiVersion, kind, err)
		}
	}
	if _, _, _, err := wire.Unwrap([]byte("k8s")); err == nil {
		t.Fatal("opened what is no envelope")
	}
}

func TestAListIsWhatAPIMachineryMakes(t *testing.T) {
	list := &corev1.ConfigMapList{ListMeta: metav1.ListMeta{ResourceVersion: "5", Continue: "x"}, Items: []corev1.ConfigMap{{Data: map[string]string{"a": "b"}}, {}}}
	want, err := list.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	var items []byte
	for _, item := range list.Items {
		raw, err := item.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		before := len(items)
		items = append(wire.AppendItemHead(items, len(raw)), raw...)
		if len(items)-before != wire.ItemSize(len(raw)) {
			t.Fatal(len(items)-before, wire.ItemSize(len(raw)))
		}
	}
	head, tail, err := wire.NewEnvelope(gvk).ListHead(list.ListMeta, len(items))
	if err != nil {
		t.Fatal(err)
	}
	_, _, got, err := wire.Unwrap(append(append(head, items...), tail...))
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%v %q", err, got)
	}
}

func TestAFrameIsWhatAPIMachineryReads(t *testing.T) {
	e := wire.NewEnvelope(gvk)
	raw, _ := (&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "a"}}).Marshal()
	frame := e.AppendTail(append(e.AppendFrameHead(nil, "MODIFIED", len(raw)), raw...))
	if n := binary.BigEndian.Uint32(frame); int(n) != len(frame)-4 {
		t.Fatal(n, len(frame))
	}
	var event metav1.WatchEvent
	if err := event.Unmarshal(frame[4:]); err != nil || event.Type != "MODIFIED" || !bytes.Equal(event.Object.Raw, e.Wrap(raw)) {
		t.Fatal(event.Type, err)
	}
}

func Example() {
	head, tail, _ := wire.JSONListHead(gvk.GroupVersion().WithKind("ConfigMapList"), metav1.ListMeta{ResourceVersion: "7"})
	body := append(append(head, `{"metadata":{"name":"a"}}`...), tail...)
	fmt.Println(json.Valid(body))
	fmt.Printf("%s", body)
	// Output:
	// true
	// {"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":[{"metadata":{"name":"a"}}]}
}
