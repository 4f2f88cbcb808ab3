package decode

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/sheaf-dev/sheaf/resource"
)

var (
	podDef  = resource.Define[*corev1.Pod]("", "v1", "pods", "Pod", resource.Namespaced, resource.WithProtobuf()).Definition()
	metaDef = resource.Define[*metav1.PartialObjectMetadata]("", "v1", "pods", "Pod", resource.Namespaced).Definition()
	mapDef  = resource.Define[*unstructured.Unstructured]("", "v1", "pods", "Pod", resource.Namespaced).Definition()
)

// seal puts a message into the protobuf envelope.
func seal(t testing.TB, kind string, message interface{ Marshal() ([]byte, error) }) []byte {
	t.Helper()
	raw, err := message.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	unknown := runtime.Unknown{Raw: raw, TypeMeta: runtime.TypeMeta{APIVersion: "v1", Kind: kind}}
	body, err := unknown.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return append([]byte("k8s\x00"), body...)
}

func podList(n int) *corev1.PodList {
	list := &corev1.PodList{ListMeta: metav1.ListMeta{ResourceVersion: "42", Continue: "more"}}
	for i := range n {
		list.Items = append(list.Items, corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("web-%d", i), Namespace: "shop", UID: "u", ResourceVersion: "7", Labels: map[string]string{"a": "b"}},
			Spec:       corev1.PodSpec{NodeName: strings.Repeat("n", 1000)},
		})
	}
	return list
}

func TestProtobufListIsReadItemByItemFromAnyReader(t *testing.T) {
	body := seal(t, "PodList", podList(100))
	for name, reader := range map[string]io.Reader{
		"whole":   bytes.NewReader(body),
		"a byte":  iotest.OneByteReader(bytes.NewReader(body)),
		"halves":  iotest.HalfReader(bytes.NewReader(body)),
		"dataErr": iotest.DataErrReader(bytes.NewReader(body)),
	} {
		t.Run(name, func(t *testing.T) {
			var names []string
			meta, err := For(podDef).List(MediaTypeProtobuf, reader, nil, func(item Item) error {
				pod := item.Object.(*corev1.Pod)
				if pod.Kind != "Pod" || pod.APIVersion != "v1" || pod.Labels["a"] != "b" || item.Hash == 0 {
					t.Fatalf("item: %+v", item)
				}
				names = append(names, pod.Name)
				return nil
			})
			if err != nil || meta.ResourceVersion != "42" || meta.Continue != "more" || len(names) != 100 || names[99] != "web-99" {
				t.Fatalf("meta %+v, %d items, error %v", meta, len(names), err)
			}
		})
	}
}

func TestEveryCutListIsAnUnexpectedEOF(t *testing.T) {
	jsonBody := `{"items": [{"metadata": {"name": "a"}}, {"metadata": {"name": "b"}}], "metadata": {"resourceVersion": "1"}, "x": [1, {"y": "\"]"}]}`
	for mediaType, body := range map[string][]byte{
		MediaTypeProtobuf: seal(t, "PodList", podList(2))[:2060],
		MediaTypeJSON:     []byte(jsonBody),
	} {
		for i := range body {
			_, err := For(podDef).List(mediaType, bytes.NewReader(body[:i]), nil, func(Item) error { return nil })
			if !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("%s cut at %d of %d: %v", mediaType, i, len(body), err)
			}
		}
	}
}

func TestJSONListTakesItsMembersInAnyOrder(t *testing.T) {
	for _, body := range []string{
		`{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"9"},"items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}}]}`,
		` { "items" : [ {"metadata":{"name":"a"}} , {"metadata":{"name":"b"}} ] , "later":{"a":[1,2,"]"]}, "metadata" : {"resourceVersion":"9"} } ` + "\n",
		`{"unknown":12.5,"it\u0065ms":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}}],"metadata":{"resourceVersion":"9"},"apiVersion":"v1","kind":"PodList"}`,
	} {
		for _, def := range []*resource.Definition{podDef, metaDef, mapDef} {
			var names []string
			meta, err := For(def).List(MediaTypeJSON, iotest.OneByteReader(strings.NewReader(body)), nil, func(item Item) error {
				names = append(names, item.Object.GetObjectKind().GroupVersionKind().Kind+item.Object.GetName())
				return nil
			})
			if got := strings.Join(names, " "); err != nil || meta.ResourceVersion != "9" || got != "Poda Podb" {
				t.Fatalf("%s: %v, %+v, %v", body, got, meta, err)
			}
		}
	}
}

func TestAListMayLeaveOutItsItemsIfItHasNone(t *testing.T) {
	body := `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7"}}`
	meta, err := For(podDef).List(MediaTypeJSON, strings.NewReader(body), nil, func(i Item) error {
		t.Errorf("have %+v", i)
		return nil
	})
	if err != nil || meta.ResourceVersion != "7" {
		t.Errorf("have %+v, %v", meta, err)
	}
}

func TestWhatIsNoListIsRefused(t *testing.T) {
	for body, want := range map[string]string{
		`{"kind":"Table","apiVersion":"meta.k8s.io/v1","rows":[]}`: "Table",
		`{"kind":"Pod","apiVersion":"v1"}`:                         "one object",
		`{"kind":"PodList","apiVersion":"v1","metadata":{}}`:       "no items",
		`{"error":"no upstream"}`:                                  `it has kind "" and no items`,
		`{"kind":"Secret","apiVersion":"v1","data":{"a":"Yg=="}}`:  `it has kind "Secret" and no items`,
		`{"items":[],"items":[]}`:                                  "twice",
		`{"items":[]} {}`:                                          "after the list",
		`{"a":,"items":[]}`:                                        "malformed",
		`{"items":[,]}`:                                            "malformed",
		`{"items":{}}`:                                             "malformed",
		`{"items":nil}`:                                            "malformed",
		`[]`:                                                       "malformed",
		`<html>`:                                                   "malformed",
		``:                                                         "unexpected EOF",
	} {
		_, err := For(podDef).List(MediaTypeJSON, strings.NewReader(body), nil, func(Item) error { return nil })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", body, err, want)
		}
	}
	if _, err := For(podDef).List("text/html", strings.NewReader(""), nil, nil); err == nil || !strings.Contains(err.Error(), "text/html") {
		t.Errorf("text/html: %v", err)
	}
}

func TestStatusInPlaceOfAListIsItsError(t *testing.T) {
	status := &metav1.Status{TypeMeta: statusTypeMeta, Status: metav1.StatusFailure, Code: 410, Reason: metav1.StatusReasonExpired, Message: "too old"}
	for mediaType, body := range map[string]string{
		MediaTypeProtobuf: string(seal(t, "Status", status)),
		MediaTypeJSON:     `{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old","reason":"Expired","code":410}`,
	} {
		_, err := For(podDef).List(mediaType, strings.NewReader(body), nil, nil)
		if !apierrors.IsResourceExpired(err) {
			t.Errorf("%s: list: %v", mediaType, err)
		}
		if _, err := For(podDef).Object(mediaType, []byte(body)); !apierrors.IsResourceExpired(err) {
			t.Errorf("%s: object: %v", mediaType, err)
		}
		if got, ok := Status(mediaType, []byte(body)); !ok || got.Code != 410 || got.Kind != "Status" {
			t.Errorf("%s: status: %v %v", mediaType, got, ok)
		}
	}
}

func TestBrokenItemKeepsItsIdentityAndDoesNotEndTheList(t *testing.T) {
	list := podList(3)
	body := seal(t, "PodList", list)
	// The second pod's labels become a varint: 0x5a is field 11, length-delimited.
	at := bytes.Index(body, []byte("web-1"))
	at += bytes.Index(body[at:], []byte("\x5a\x06\x0a\x01a\x12\x01b"))
	body[at] = 0x58
	var broken []*ObjectError
	count := 0
	_, err := For(podDef).List(MediaTypeProtobuf, bytes.NewReader(body), nil, func(item Item) error {
		if count++; item.Err != nil {
			broken = append(broken, item.Err)
		}
		return nil
	})
	if err != nil || count != 3 || len(broken) != 1 {
		t.Fatalf("%d items, %v, %v", count, broken, err)
	}
	if b := broken[0]; b.Key.String() != "shop/web-1" || b.UID != "u" || b.ResourceVersion != "7" {
		t.Fatalf("identity: %+v", b)
	}
}

func TestErrorOfYieldComesBackUnchanged(t *testing.T) {
	stop := errors.New("stop")
	_, err := For(podDef).List(MediaTypeProtobuf, bytes.NewReader(seal(t, "PodList", podList(3))), nil, func(Item) error { return stop })
	if err != stop {
		t.Fatal(err)
	}
}

func TestTheNextPageIsKnownBeforeTheFirstItemIfItsTokenComesFirst(t *testing.T) {
	protobuf := seal(t, "PodList", podList(2))
	meta, items := `"metadata":{"resourceVersion":"9","continue":"more"}`, `"items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}}]`
	for name, c := range map[string]struct {
		mediaType, body, want string
	}{
		"protobuf":        {MediaTypeProtobuf, string(protobuf), "more item item"},
		"JSON":            {MediaTypeJSON, "{" + meta + "," + items + "}", "more item item"},
		"JSON, last page": {MediaTypeJSON, "{" + strings.Replace(meta, "more", "", 1) + "," + items + "}", "item item"},
		"JSON, too late":  {MediaTypeJSON, "{" + items + "," + meta + "}", "item item"},
		"JSON, twice":     {MediaTypeJSON, "{" + meta + "," + items + "," + meta + "}", "more item item"},
	} {
		var seen []string
		early := func(token string) { seen = append(seen, token) }
		_, err := For(podDef).List(c.mediaType, strings.NewReader(c.body), early, func(Item) error {
			seen = append(seen, "item")
			return nil
		})
		if got := strings.Join(seen, " "); err != nil || got != c.want {
			t.Errorf("%s: %q, error %v", name, got, err)
		}
	}
}

func TestTheKindOfABodyIsFoundWhereverItStands(t *testing.T) {
	for body, want := range map[string]string{
		`{"kind":"Pod","apiVersion":"v1"}`: "Pod", `{"apiVersion":"v1","items":[{"kind":"Pod"}],"kind":"PodList"}`: "PodList",
		`{"error":"x"}`: "", `{"kind":""}`: "", `{"items":[{"kind":"Pod"}]}`: "", `["kind"]`: "", `"Pod"`: "", "": "", `{"metadata":{},"ki`: "", "<html>": "",
	} {
		if got := Kind(MediaTypeJSON, []byte(body)); got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
	if got := Kind(MediaTypeProtobuf, seal(t, "Pod", &podList(1).Items[0])); got != "Pod" {
		t.Errorf("in protobuf: %q", got)
	}
	if got := Kind("text/html", []byte(`{"kind":"Pod"}`)); got != "" {
		t.Errorf("as HTML: %q", got)
	}
}
