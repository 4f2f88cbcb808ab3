package cbor

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	appsapi "k8s.io/api/apps/v1"
	coreapi "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/serializer/cbor/direct"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	apps "github.com/sheaf-dev/sheaf/resource/apps/v1"
	core "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// inCBOR is a value as a server that speaks CBOR sends it.
func inCBOR(t *testing.T, value any) []byte {
	t.Helper()
	data, err := direct.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// podMap is a pod as its fields.
func podMap(name string) map[string]any {
	return map[string]any{"kind": "Pod", "apiVersion": "v1", "metadata": map[string]any{"namespace": "a", "name": name, "resourceVersion": "5", "generation": int64(7)}}
}

// speaker answers with a body in CBOR, and keeps what was asked.
type speaker struct {
	contentType string
	body        []byte
	code        int
	sent        []string // the content types of the requests' bodies
	accepts     []string
	bodies      [][]byte
}

func (s *speaker) RoundTrip(req *http.Request) (*http.Response, error) {
	s.accepts = append(s.accepts, req.Header.Get("Accept"))
	s.sent = append(s.sent, req.Header.Get("Content-Type"))
	var body []byte
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
	}
	s.bodies = append(s.bodies, body)
	return &http.Response{StatusCode: max(s.code, 200), Header: http.Header{"Content-Type": {s.contentType}}, Body: io.NopCloser(bytes.NewReader(s.body))}, nil
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// through returns a client that speaks CBOR through a function.
func through(t *testing.T, f roundTrip) *rest.Client {
	t.Helper()
	config := &rest.Config{Host: "https://api.example.com/base", Transport: f, Warnings: rest.IgnoreWarnings}
	Use(config)
	client, err := rest.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func pod(namespace, name string) *coreapi.Pod {
	return &coreapi.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
}

func TestAnswersInCBORAreObjectsAsInJSON(t *testing.T) {
	s := &speaker{contentType: ContentType, body: inCBOR(t, podMap("x"))}
	c := through(t, s.RoundTrip).ForResource(core.Pods.Definition()).Namespace("a")
	o, err := c.Get(t.Context(), "x", metav1.GetOptions{})
	if err != nil || o.GetName() != "x" || o.GetGeneration() != 7 || s.accepts[0] != "application/cbor,application/json" {
		t.Errorf("got %v, %v for %q", o, err, s.accepts)
	}
	s.body = inCBOR(t, map[string]any{"kind": "PodList", "apiVersion": "v1", "metadata": map[string]any{"resourceVersion": "9"}, "items": []any{podMap("x"), podMap("y")}})
	var names []string
	meta, err := c.List(t.Context(), metav1.ListOptions{}, func(i rest.Item) error { names = append(names, i.Object.GetName()); return nil })
	if err != nil || meta.ResourceVersion != "9" || !slices.Equal(names, []string{"x", "y"}) {
		t.Errorf("got %q of %s, %v", names, meta.ResourceVersion, err)
	}
	s.code, s.body = 409, inCBOR(t, map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Conflict", "code": int64(409)})
	if _, err := c.Get(t.Context(), "x", metav1.GetOptions{}); !apierrors.IsConflict(err) {
		t.Errorf("a refusal: %v", err)
	}
}

// Nothing has to be refused: a server that has answered in CBOR can read it, too.
func TestObjectsAreSentInCBORToServersThatHaveAnsweredInIt(t *testing.T) {
	s := &speaker{contentType: ContentType, body: inCBOR(t, podMap("x"))}
	client := through(t, s.RoundTrip)
	c := client.ForResource(core.Pods.Definition()).Namespace("a")
	for range 2 {
		if _, err := c.Create(t.Context(), pod("a", "x"), metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Patch(t.Context(), "x", types.MergePatchType, []byte(`{}`), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	_, _ = client.ForResource(apps.Deployments.Definition()).Namespace("a").Create(t.Context(), &appsapi.Deployment{}, metav1.CreateOptions{}) // another server's, perhaps
	_ = client.Get().AbsPath("apis").Do(t.Context()).Error()
	want := []string{rest.ContentTypeJSON, ContentType, "application/merge-patch+json", rest.ContentTypeJSON, ""}
	if !slices.Equal(s.sent, want) {
		t.Errorf("sent %q, want %q", s.sent, want)
	}
	var sent coreapi.Pod
	if err := direct.Unmarshal(s.bodies[1], &sent); err != nil || sent.Name != "x" || sent.Kind != "Pod" {
		t.Errorf("sent %+v, %v", sent, err)
	}
	if last := s.accepts[4]; strings.Contains(last, "cbor") {
		t.Errorf("discovery was asked for as %q", last)
	}
}

func TestAServerThatDoesNotSpeakCBORIsSpokenToInJSON(t *testing.T) {
	s := &speaker{contentType: rest.ContentTypeJSON, body: []byte(`{"kind":"Pod","apiVersion":"v1","metadata":{"name":"x"}}`)}
	c := through(t, s.RoundTrip).ForResource(core.Pods.Definition()).Namespace("a")
	for range 2 {
		if o, err := c.Create(t.Context(), pod("a", "x"), metav1.CreateOptions{}); err != nil || o.GetName() != "x" {
			t.Errorf("got %v, %v", o, err)
		}
	}
	if !slices.Equal(s.sent, []string{rest.ContentTypeJSON, rest.ContentTypeJSON}) {
		t.Errorf("sent %q", s.sent)
	}
}

func TestAWatchInCBORHasEachEventAsItComes(t *testing.T) {
	events := bytes.Join([][]byte{
		inCBOR(t, map[string]any{"type": "ADDED", "object": podMap("x")}),
		inCBOR(t, map[string]any{"type": "BOOKMARK", "object": map[string]any{"kind": "Pod", "apiVersion": "v1", "metadata": map[string]any{"resourceVersion": "8"}}}),
		inCBOR(t, map[string]any{"type": "ERROR", "object": map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Expired", "code": int64(410)}}),
	}, nil)
	for cut, want := range map[int]error{0: io.EOF, 3: io.ErrUnexpectedEOF} {
		received, sending := io.Pipe()
		go func() { // byte by byte
			for i := range events[:len(events)-cut] {
				_, _ = sending.Write(events[i : i+1])
			}
			sending.Close()
		}()
		client := through(t, func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {contentTypeFrames}}, Body: received}, nil
		})
		w, err := client.ForResource(core.Pods.Definition()).Watch(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		var seen []string
		for {
			var e rest.Event
			if e, err = w.Next(); err != nil {
				break
			}
			switch {
			case e.Object != nil && e.Type == watch.Added:
				seen = append(seen, e.Object.GetName())
			case e.Status != nil:
				seen = append(seen, fmt.Sprint(e.Status.Code))
			default:
				seen = append(seen, e.ResourceVersion)
			}
		}
		w.Close()
		if whole := []string{"x", "8", "410"}; !errors.Is(err, want) || !slices.Equal(seen, whole[:len(seen)]) || cut == 0 && len(seen) != 3 {
			t.Errorf("saw %q, then %v", seen, err)
		}
	}
}

func TestNonsenseInCBORIsOneSentence(t *testing.T) {
	for _, body := range [][]byte{nil, {0xff}, inCBOR(t, podMap("x"))[:20]} {
		s := &speaker{contentType: ContentType, body: body}
		c := through(t, s.RoundTrip).ForResource(core.Pods.Definition()).Namespace("a")
		_, err := c.Get(t.Context(), "x", metav1.GetOptions{})
		if err == nil || !strings.Contains(err.Error(), "GET https://api.example.com/base/api/v1/namespaces/a/pods/x") || !strings.Contains(err.Error(), "CBOR") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%x: %v", body, err)
		}
	}
	s := &speaker{contentType: contentTypeFrames, body: []byte{0x01}}
	w, err := through(t, s.RoundTrip).ForResource(core.Pods.Definition()).Watch(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := w.Next(); err == nil || !strings.Contains(err.Error(), "an event in CBOR") {
		t.Errorf("an event that is a number: %v", err)
	}
}

func TestOnlyResourcesAreAskedForInCBOR(t *testing.T) {
	l := newTransport(nil, pathOf("https://api.example.com/base/"))
	for path, want := range map[string]string{
		"/base/api/v1/pods": "/api/v1", "/base/apis/apps/v1/namespaces/a/deployments/b": "/apis/apps/v1",
		"/base/api/v1": "", "/base/apis/apps/v1": "", "/base/apis": "", "/base/version": "", "/base/openapi/v3/apis/apps/v1": "", "/api/v1/pods": "",
	} {
		if got := l.groupVersion(path); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
	for accept, want := range map[string]string{
		"application/json, */*": "application/cbor,application/json,*/*",
		"application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json": "application/cbor;as=PartialObjectMetadata;g=meta.k8s.io;v=v1," +
			"application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/cbor,application/json",
		"text/plain": "text/plain",
	} {
		if got := prefer(accept); got != want {
			t.Errorf("%s: got %q, want %q", accept, got, want)
		}
	}
}

func TestThePathOfAServersURL(t *testing.T) {
	for host, want := range map[string]string{
		"https://api.example.com": "", "https://api.example.com/": "", "api.example.com:6443": "", "api.example.com/base": "/base",
		"http://127.0.0.1:8080/a/b/": "/a/b",
	} {
		if got := pathOf(host); got != want {
			t.Errorf("%s: got %q, want %q", host, got, want)
		}
	}
}

func TestATransportOfTheUsersSeesWhatGoesOverTheWire(t *testing.T) {
	s := &speaker{contentType: ContentType, body: inCBOR(t, podMap("x"))}
	var seen string
	config := &rest.Config{Host: "api.example.com", Transport: s, WrapTransport: func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(req *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(req)
			seen = req.Header.Get("Accept") + " " + resp.Header.Get("Content-Type")
			return resp, err
		})
	}}
	Use(config)
	client, err := rest.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.ForResource(core.Pods.Definition()).Namespace("a").Get(t.Context(), "x", metav1.GetOptions{}); err != nil || seen != "application/cbor,application/json application/cbor" {
		t.Errorf("saw %q, %v", seen, err)
	}
}
