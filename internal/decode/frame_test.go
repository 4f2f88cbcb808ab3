package decode

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
)

// frameOf builds one frame of a protobuf watch stream.
func frameOf(t testing.TB, kind watch.EventType, object []byte) []byte {
	t.Helper()
	event := metav1.WatchEvent{Type: string(kind), Object: runtime.RawExtension{Raw: object}}
	raw, err := event.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(raw))), raw...)
}

func bookmarkPod() *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		ResourceVersion: "50",
		Annotations:     map[string]string{metav1.InitialEventsAnnotationKey: "true"},
	}}
}

func protobufStream(t testing.TB) []byte {
	pods := podList(2)
	status := &metav1.Status{Status: metav1.StatusFailure, Code: 410, Reason: metav1.StatusReasonExpired}
	var stream []byte
	stream = append(stream, frameOf(t, watch.Added, seal(t, "Pod", &pods.Items[0]))...)
	stream = append(stream, frameOf(t, watch.Deleted, seal(t, "Pod", &pods.Items[1]))...)
	stream = append(stream, frameOf(t, watch.Bookmark, seal(t, "Pod", bookmarkPod()))...)
	return append(stream, frameOf(t, watch.Error, seal(t, "Status", status))...)
}

const jsonStream = `{"type":"ADDED","object":{"kind":"Pod","apiVersion":"v1","metadata":{"name":"web-0","namespace":"shop","resourceVersion":"7"}}}
{"object":{"metadata":{"name":"web-1","resourceVersion":"7"}},"type":"DELETED"}{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"50","annotations":{"k8s.io/initial-events-end":"true"}}}}
 {"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Expired","code":410}}
`

func TestWatchStreamIsReadFrameByFrame(t *testing.T) {
	for mediaType, stream := range map[string][]byte{
		MediaTypeProtobuf + ";stream=watch": protobufStream(t),
		MediaTypeJSON + ";stream=watch":     []byte(jsonStream),
		MediaTypeJSON:                       []byte(jsonStream),
	} {
		t.Run(mediaType, func(t *testing.T) {
			events := For(podDef).Events(mediaType, iotest.OneByteReader(bytes.NewReader(stream)))
			next := func(kind watch.EventType) Event {
				event, err := events.Next()
				if err != nil || event.Type != kind || event.Size == 0 {
					t.Fatalf("want %s, have %+v, %v", kind, event, err)
				}
				return event
			}
			added := next(watch.Added)
			if pod := added.Object.(*corev1.Pod); pod.Name != "web-0" || pod.Kind != "Pod" || added.ResourceVersion != "7" || added.Hash == 0 {
				t.Fatalf("%+v", added)
			}
			if deleted := next(watch.Deleted); deleted.Object.GetName() != "web-1" {
				t.Fatalf("%+v", deleted)
			}
			if bookmark := next(watch.Bookmark); bookmark.ResourceVersion != "50" || !bookmark.InitialEventsEnd || bookmark.Object != nil {
				t.Fatalf("%+v", bookmark)
			}
			if failed := next(watch.Error); failed.Status.Code != 410 || failed.Status.Reason != metav1.StatusReasonExpired {
				t.Fatalf("%+v", failed.Status)
			}
			for range 2 {
				if _, err := events.Next(); err != io.EOF {
					t.Fatalf("at the end: %v", err)
				}
			}
		})
	}
}

func TestCutFrameIsAnUnexpectedEOF(t *testing.T) {
	frame := frameOf(t, watch.Added, seal(t, "Pod", &podList(1).Items[0]))
	for mediaType, stream := range map[string][]byte{
		MediaTypeProtobuf: frame,
		MediaTypeJSON:     []byte(`{"type":"ADDED","object":{"metadata":{"name":"a"}}}`),
	} {
		for i := 1; i < len(stream); i++ {
			events := For(podDef).Events(mediaType, bytes.NewReader(stream[:i]))
			if event, err := events.Next(); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("%s cut at %d: %+v, %v", mediaType, i, event, err)
			}
		}
		if _, err := For(podDef).Events(mediaType, bytes.NewReader(nil)).Next(); err != io.EOF {
			t.Fatalf("empty: %v", err)
		}
	}
}

func TestConnectionErrorIsPassedOn(t *testing.T) {
	reset := errors.New("connection reset")
	stream := io.MultiReader(bytes.NewReader(protobufStream(t)[:100]), iotest.ErrReader(reset))
	if _, err := For(podDef).Events(MediaTypeProtobuf, stream).Next(); !errors.Is(err, reset) {
		t.Fatal(err)
	}
}

func TestObjectThatCannotBeDecodedDoesNotEndTheWatch(t *testing.T) {
	events := For(podDef).Events(MediaTypeJSON, strings.NewReader(`
		{"type":"MODIFIED","object":{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","namespace":"shop","uid":"u","resourceVersion":"3"},"spec":{"containers":7}}}
		{"type":"MODIFIED","object":{"kind":"Node","apiVersion":"v1","metadata":{"name":"b","resourceVersion":"4"}}}
		{"type":"MODIFIED","object":{"metadata":{"name":"c","resourceVersion":"5"}}}`))
	event, err := events.Next()
	if err != nil || event.Err == nil || event.Object != nil || event.Err.Key.String() != "shop/a" || event.Err.UID != "u" || event.ResourceVersion != "3" {
		t.Fatalf("%+v, %v", event, err)
	}
	event, err = events.Next()
	if err != nil || event.Err == nil || !strings.Contains(event.Err.Error(), "Node") {
		t.Fatalf("%+v, %v", event, err)
	}
	if event, err = events.Next(); err != nil || event.Err != nil || event.Object.GetName() != "c" {
		t.Fatalf("%+v, %v", event, err)
	}
}

func TestBrokenFrameEndsTheWatchForGood(t *testing.T) {
	for mediaType, stream := range map[string]string{
		MediaTypeProtobuf: "\x00\x00\x00\x02\xff\xff\x00\x00\x00\x00",
		MediaTypeJSON:     `{"type":"RENAMED","object":{}}{"type":"ADDED","object":{}}`,
	} {
		events := For(podDef).Events(mediaType, strings.NewReader(stream))
		_, first := events.Next()
		_, second := events.Next()
		if first == nil || first == io.EOF || second != first {
			t.Errorf("%s: %v, then %v", mediaType, first, second)
		}
	}
}
