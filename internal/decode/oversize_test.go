package decode

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/resource"
)

const testLimit = 100_000

// bodiesWithALargePod returns lists of three pods, of which the second is above testLimit.
func bodiesWithALargePod(t *testing.T) map[format][]byte {
	list := podList(3)
	list.Items[1].Spec.NodeName = strings.Repeat("n", 1<<20)
	bodies := map[format][]byte{}
	for _, f := range []format{formatProtobuf, formatJSON} {
		var items [][]byte
		for i := range list.Items {
			items = append(items, bytesOf(t, f, &list.Items[i]))
		}
		bodies[f] = sealList(t, podDef, f, items)
	}
	return bodies
}

func TestItemAboveTheLimitIsSkippedAndNamed(t *testing.T) {
	for f, body := range bodiesWithALargePod(t) {
		for _, reader := range []io.Reader{bytes.NewReader(body), iotest.HalfReader(bytes.NewReader(body))} {
			var names []string
			_, err := For(podDef, Limit(testLimit)).List(mediaTypeOf(f), reader, nil, func(item Item) error {
				if item.Err == nil {
					names = append(names, item.Object.GetName())
					return nil
				}
				var tooLarge *TooLargeError
				if e := item.Err; !errors.As(e, &tooLarge) || tooLarge.Limit != testLimit || e.UID != "u" || e.ResourceVersion != "7" || item.Size < 1<<20 {
					t.Errorf("item: %+v", item)
				}
				names = append(names, "large "+item.Err.Key.String())
				return nil
			})
			if got := strings.Join(names, ","); err != nil || got != "web-0,large shop/web-1,web-2" {
				t.Fatalf("%s: %s, %v", mediaTypeOf(f), got, err)
			}
		}
	}
}

func TestFrameAboveTheLimitIsSkippedAndNamed(t *testing.T) {
	large, small := podList(1).Items[0], podList(1).Items[0]
	large.Spec.NodeName = strings.Repeat("n", 1<<20)
	frame := func(f format, pod *corev1.Pod) []byte {
		raw := sealRaw(t, podDef, f, bytesOf(t, f, pod))
		if f == formatProtobuf {
			return frameOf(t, watch.Modified, raw)
		}
		return []byte(`{"type":"MODIFIED","object":` + string(raw) + "}")
	}
	for _, f := range []format{formatProtobuf, formatJSON} {
		stream := append(frame(f, &large), frame(f, &small)...)
		events := For(podDef, Limit(testLimit)).Events(mediaTypeOf(f), iotest.HalfReader(bytes.NewReader(stream)))
		event, err := events.Next()
		if err != nil || event.Err == nil || event.Err.Key.String() != "shop/web-0" || event.ResourceVersion != "7" || event.Type != watch.Modified || event.Size < 1<<20 {
			t.Fatalf("%s: %+v, %v", mediaTypeOf(f), event, err)
		}
		if event, err = events.Next(); err != nil || event.Object.GetName() != "web-0" {
			t.Fatalf("%s: %+v, %v", mediaTypeOf(f), event, err)
		}
		for _, cut := range []int{200, 50_000, 200_000, 1 << 20} {
			events := For(podDef, Limit(testLimit)).Events(mediaTypeOf(f), bytes.NewReader(stream[:cut]))
			if event, err := events.Next(); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("%s cut at %d: %+v, %v", mediaTypeOf(f), cut, event, err)
			}
		}
	}
}

func TestBookmarkAboveTheLimitEndsTheWatch(t *testing.T) {
	pod := bookmarkPod()
	pod.Spec.NodeName = strings.Repeat("n", 1<<20)
	stream := frameOf(t, watch.Bookmark, seal(t, "Pod", pod))
	_, err := For(podDef, Limit(testLimit)).Events(MediaTypeProtobuf, bytes.NewReader(stream)).Next()
	if !isTooLarge(err) {
		t.Fatal(err)
	}
}

// endless never stops sending the same bytes.
type endless string

func (e endless) Read(p []byte) (int, error) { return copy(p, e), nil }

func TestEndlessBodiesDoNotFillTheMemory(t *testing.T) {
	for name, body := range map[string]string{
		"array":      `{"items":` + strings.Repeat("[", 100),
		"metadata":   `{"metadata":"`,
		"open":       `{"unknown":`,
		"zeros":      "\x00",
		"brackets":   "[",
		"whitespace": `{"items" `,
	} {
		reader := io.MultiReader(strings.NewReader(body), io.LimitReader(endless("[[[[[[[["), 1<<26))
		if _, err := For(podDef, Limit(testLimit)).List(MediaTypeJSON, reader, nil, func(Item) error { return nil }); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	promise := append([]byte("k8s\x00\x12"), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f) // a body of 2^48 bytes
	if _, err := For(podDef).List(MediaTypeProtobuf, bytes.NewReader(promise), nil, nil); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("promise: %v", err)
	}
}

func TestObjectAboveTheLimitIsRefused(t *testing.T) {
	body := []byte(`{"metadata":{"name":"a"}}`)
	if _, err := For(podDef, Limit(10)).Object(MediaTypeJSON, body); !isTooLarge(err) {
		t.Fatal(err)
	}
}

func TestUnchangedItemsAreReused(t *testing.T) {
	for f, body := range bodiesWithALargePod(t) {
		held := map[string]Identity{}
		read := func(opts ...Option) (reused int) {
			_, err := For(podDef, opts...).List(mediaTypeOf(f), bytes.NewReader(body), nil, func(item Item) error {
				if item.Reused {
					reused++
				}
				pod := item.Object.(*corev1.Pod)
				held[pod.Name] = Identity{Key: resource.KeyOf(pod), UID: pod.UID, ResourceVersion: pod.ResourceVersion, Hash: item.Hash}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return reused
		}
		if n := read(); n != 0 {
			t.Fatalf("%d reused without the option", n)
		}
		known := func(id Identity) resource.Object {
			if want, ok := held[id.Key.Name]; ok && want == id && id.Key.Name != "web-2" {
				return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: id.Key.Name, Namespace: id.Key.Namespace, UID: id.UID, ResourceVersion: id.ResourceVersion}}
			}
			return nil
		}
		if n := read(Reuse(known)); n != 2 {
			t.Fatalf("%s: %d reused", mediaTypeOf(f), n)
		}
	}
}

func TestHashOfAnObjectIsTheSameInListsAndWatches(t *testing.T) {
	pod := podList(1).Items[0]
	for _, f := range []format{formatProtobuf, formatJSON} {
		var listed, watched uint64
		_, err := For(podDef).List(mediaTypeOf(f), bytes.NewReader(sealList(t, podDef, f, [][]byte{bytesOf(t, f, &pod)})), nil, func(item Item) error {
			listed = item.Hash
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		named := pod
		podDef.SetKind(&named)
		raw := sealRaw(t, podDef, f, bytesOf(t, f, &named))
		stream := frameOf(t, watch.Added, raw)
		if f == formatJSON {
			stream = []byte(`{"type":"ADDED","object":` + string(raw) + "}")
		}
		event, err := For(podDef).Events(mediaTypeOf(f), bytes.NewReader(stream)).Next()
		if err != nil {
			t.Fatal(err)
		}
		if watched = event.Hash; watched != listed || watched == 0 {
			t.Errorf("%s: %x in the list, %x in the watch", mediaTypeOf(f), listed, watched)
		}
	}
}

func TestUnchangedObjectsOfInitialEventsAreReused(t *testing.T) {
	pod := podList(1).Items[0]
	held := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "held", ResourceVersion: "7"}}
	d := For(podDef, Reuse(func(id Identity) resource.Object {
		if id.Key.String() == "shop/web-0" && id.UID == "u" && id.ResourceVersion == "7" && id.Hash != 0 {
			return held
		}
		return nil
	}))
	for _, f := range []format{formatProtobuf, formatJSON} {
		raw := sealRaw(t, podDef, f, bytesOf(t, f, &pod))
		var stream []byte
		for _, kind := range []watch.EventType{watch.Added, watch.Modified} {
			if f == formatProtobuf {
				stream = append(stream, frameOf(t, kind, raw)...)
			} else {
				stream = append(stream, `{"type":"`+string(kind)+`","object":`+string(raw)+"}"...)
			}
		}
		events := d.Events(mediaTypeOf(f), bytes.NewReader(stream))
		added, err := events.Next()
		if err != nil || !added.Reused || added.Object != held || added.ResourceVersion != "7" {
			t.Fatalf("%+v, %v", added, err)
		}
		if modified, err := events.Next(); err != nil || modified.Reused || modified.Object.GetName() != "web-0" {
			t.Fatalf("%+v, %v", modified, err)
		}
	}
}
