package clients_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	coreapi "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/e2e/cluster"
	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
	"github.com/sheaf-dev/sheaf/rest/cbor"
)

// formats counts what goes over the wire, by method and content type.
type formats struct {
	next http.RoundTripper
	mu   sync.Mutex // owns seen
	seen map[string]int
}

func (f *formats) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := f.next.RoundTrip(req)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen[req.Method+" "+req.Header.Get("Content-Type")]++
	if err == nil {
		f.seen["answer "+resp.Header.Get("Content-Type")]++
	}
	return resp, err
}

// inCBOR returns a client that asks for CBOR, and what it sends and gets.
func inCBOR(t *testing.T) (*rest.Client, *formats) {
	t.Helper()
	f := &formats{seen: map[string]int{}}
	client := connect(t, cluster.Admin, func(c *rest.Config) {
		c.WrapTransport = func(next http.RoundTripper) http.RoundTripper { f.next = next; return f }
		cbor.Use(c)
	})
	return client, f
}

func (f *formats) want(t *testing.T, kinds ...string) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, kind := range kinds {
		if f.seen[kind] == 0 {
			t.Errorf("no %s among %v", kind, f.seen)
		}
	}
	for kind, n := range f.seen {
		if kind == "answer application/json" || kind == "answer "+rest.ContentTypeProtobuf {
			t.Errorf("%d times %s", n, kind)
		}
	}
}

// The server has CBORServingAndStorage on. What it says in CBOR is what it says in JSON, bytes included, and so is what it is told.
func TestCBORIsSpokenWhereUserAndServerWantIt(t *testing.T) {
	client, wire := inCBOR(t)
	inJSON := connect(t, cluster.Admin, func(c *rest.Config) { c.ContentType = rest.ContentTypeJSON })
	ns, ctx := namespace(t, client), t.Context()
	c := typed.For(client, corev1.Secrets).Namespace(ns)
	list, err := c.List(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	made := create(t, c, &coreapi.Secret{ObjectMeta: metav1.ObjectMeta{Name: "a"}, Data: map[string][]byte{"k": {0, 255, 7}}})
	made.Data["text"] = []byte("plain")
	if _, err = c.Update(ctx, made, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err = c.Patch(ctx, "a", types.MergePatchType, []byte(`{"metadata":{"labels":{"a":"b"}}}`), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	if made, err = c.Apply(ctx, &coreapi.Secret{ObjectMeta: metav1.ObjectMeta{Name: "a"}, Data: map[string][]byte{"more": {1}}}, metav1.ApplyOptions{FieldManager: "e2e"}); err != nil {
		t.Fatal(err)
	}
	text, err := typed.For(inJSON, corev1.Secrets).Namespace(ns).Get(ctx, "a", metav1.GetOptions{})
	if err != nil || !apiequality.Semantic.DeepEqual(made, text) || len(made.Data) != 3 || len(made.ManagedFields) != 2 {
		t.Errorf("in CBOR\n%s\nin JSON\n%s\n%v", show(made), show(text), err)
	}
	if err := c.Delete(ctx, "a", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Get(ctx, "a", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("what was deleted: %v", err)
	}
	life := lifeSince(t, c, list.ResourceVersion)
	if life[watch.Added] != 1 || life[watch.Modified] != 3 || life[watch.Deleted] != 1 {
		t.Errorf("the watch saw %v", life)
	}
	wire.want(t, "POST application/cbor", "PUT application/cbor", "answer application/cbor", "answer application/cbor-seq")
}

// Objects without a Go type go and come in CBOR, too; their bytes are base64, as in JSON.
func TestUntypedObjectsAreSpokenOfInCBOR(t *testing.T) {
	client, wire := inCBOR(t)
	secrets := resource.Define[*unstructured.Unstructured]("", "v1", "secrets", "Secret", resource.Namespaced)
	c := typed.For(client, secrets).Namespace(namespace(t, client))
	for _, name := range []string{"a", "b"} { // the second in CBOR
		o := secrets.New()
		o.SetName(name)
		if err := unstructured.SetNestedField(o.Object, "AP8H", "data", "k"); err != nil {
			t.Fatal(err)
		}
		create(t, c, o)
	}
	n := 0
	for o, err := range c.All(t.Context(), metav1.ListOptions{Limit: 1}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		if got, _, err := unstructured.NestedString(o.Object, "data", "k"); err != nil || got != "AP8H" {
			t.Errorf("%s has %q, %v", o.GetName(), got, err)
		}
	}
	if n != 2 {
		t.Errorf("%d objects", n)
	}
	wire.want(t, "POST application/cbor", "answer application/cbor")
}

// lifeSince watches from a version until a deletion.
func lifeSince[T resource.Object](t *testing.T, c typed.Client[T], version string) map[watch.EventType]int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	w, err := c.Watch(ctx, metav1.ListOptions{ResourceVersion: version, TimeoutSeconds: ptr(int64(within / time.Second))})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[watch.EventType]int{}
	for e, err := range w.Events() {
		if err != nil || e.Err != nil {
			t.Fatal(err, e.Err)
		}
		if seen[e.Type]++; e.Type == watch.Deleted {
			break
		}
	}
	return seen
}
