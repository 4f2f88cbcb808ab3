package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	appsapi "k8s.io/api/apps/v1"
	autoscalingapi "k8s.io/api/autoscaling/v1"
	coreapi "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
	appsv1 "github.com/sheaf-dev/sheaf/resource/apps/v1"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
)

var (
	pods        = corev1.Pods.Definition()
	deployments = appsv1.Deployments.Definition()
	bindings    = resource.Define[*coreapi.Binding]("", "v1", "bindings", "Binding", resource.Namespaced, resource.WithVerbs(resource.VerbCreate)).Definition()
	widgets     = resource.Define[*metav1.PartialObjectMetadata]("example.com", "v1", "widgets", "Widget", resource.Namespaced).Definition()
)

func pod(namespace, name string) *coreapi.Pod {
	return &coreapi.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
}

// echo answers a deletion with a yes and every other request with a pod, and keeps the last request.
type echo struct {
	method, url, accept, contentType string
	body                             []byte
}

func (e *echo) RoundTrip(req *http.Request) (*http.Response, error) {
	e.method, e.url, e.accept, e.contentType = req.Method, req.URL.RequestURI(), req.Header.Get("Accept"), req.Header.Get("Content-Type")
	e.body = nil
	if req.Body != nil {
		e.body, _ = io.ReadAll(req.Body)
	}
	return answer(func(w http.ResponseWriter, _ *http.Request) {
		if req.Method == http.MethodDelete {
			w.Header().Set("Content-Type", ContentTypeJSON)
			_, _ = io.WriteString(w, `{"kind":"Status","apiVersion":"v1","status":"Success"}`)
			return
		}
		data, err := decode.Encode(pods, ContentTypeProtobuf, pod("a", "answer"))
		if err != nil {
			w.WriteHeader(500)
		}
		w.Header().Set("Content-Type", ContentTypeProtobuf)
		_, _ = w.Write(data)
	}), nil
}

func TestEachVerbIsOneRequest(t *testing.T) {
	e := &echo{}
	client, err := NewClient(&Config{Host: "https://example.com", Transport: e})
	if err != nil {
		t.Fatal(err)
	}
	c, ctx := client.ForResource(pods).Namespace("a"), t.Context()
	both := ContentTypeProtobuf + "," + ContentTypeJSON
	for _, tt := range []struct {
		want string
		do   func() (resource.Object, error)
		body string
	}{
		{"GET /api/v1/namespaces/a/pods/b?resourceVersion=5", func() (resource.Object, error) { return c.Get(ctx, "b", metav1.GetOptions{ResourceVersion: "5"}) }, ""},
		{"GET /api/v1/namespaces/a/pods/b/status", func() (resource.Object, error) { return c.Get(ctx, "b", metav1.GetOptions{}, "status") }, ""},
		{"POST /api/v1/namespaces/a/pods?dryRun=All&fieldManager=me&fieldValidation=Strict", func() (resource.Object, error) {
			return c.Create(ctx, pod("", "b"), metav1.CreateOptions{DryRun: []string{"All"}, FieldManager: "me", FieldValidation: "Strict"})
		}, ContentTypeProtobuf},
		{"POST /api/v1/namespaces/a/pods/b/binding", func() (resource.Object, error) {
			return c.Create(ctx, pod("a", "b"), metav1.CreateOptions{}, "binding")
		}, ContentTypeProtobuf},
		{"PUT /api/v1/namespaces/a/pods/b", func() (resource.Object, error) { return c.Update(ctx, pod("a", "b"), metav1.UpdateOptions{}) }, ContentTypeProtobuf},
		{"PUT /api/v1/namespaces/a/pods/b/status?fieldManager=me", func() (resource.Object, error) {
			return c.Update(ctx, pod("a", "b"), metav1.UpdateOptions{FieldManager: "me"}, "status")
		}, ContentTypeProtobuf},
		{"PATCH /api/v1/namespaces/a/pods/b/status?force=true", func() (resource.Object, error) {
			return c.Patch(ctx, "b", types.MergePatchType, []byte(`{}`), metav1.PatchOptions{Force: ptr(true)}, "status")
		}, "application/merge-patch+json"},
	} {
		o, err := tt.do()
		if err != nil || o.GetName() != "answer" || o.GetObjectKind().GroupVersionKind().Kind != "Pod" {
			t.Errorf("%s: got %v, %v", tt.want, o, err)
		}
		if got := e.method + " " + e.url; got != tt.want || e.accept != both || e.contentType != tt.body {
			t.Errorf("got %s, accept %s, body %s; want %s, %s", got, e.accept, e.contentType, tt.want, tt.body)
		}
	}
	if err := c.Delete(ctx, "b", metav1.DeleteOptions{PropagationPolicy: ptr(metav1.DeletePropagationForeground), Preconditions: metav1.NewUIDPreconditions("u")}); err != nil {
		t.Error(err)
	}
	checkDelete(t, e, "/api/v1/namespaces/a/pods/b")
	if err := c.DeleteCollection(ctx, metav1.DeleteOptions{PropagationPolicy: ptr(metav1.DeletePropagationForeground), Preconditions: metav1.NewUIDPreconditions("u")},
		metav1.ListOptions{LabelSelector: "x=y"}); err != nil {
		t.Error(err)
	}
	checkDelete(t, e, "/api/v1/namespaces/a/pods?labelSelector=x%3Dy")
}

func checkDelete(t *testing.T, e *echo, path string) {
	t.Helper()
	var got map[string]any
	if err := json.Unmarshal(e.body, &got); err != nil {
		t.Error(err)
	}
	want := map[string]any{"kind": "DeleteOptions", "apiVersion": "meta.k8s.io/v1", "propagationPolicy": "Foreground", "preconditions": map[string]any{"uid": "u"}}
	if e.method != "DELETE" || e.url != path || !reflect.DeepEqual(got, want) || e.contentType != ContentTypeJSON {
		t.Errorf("got %s %s with %v, want %s with %v", e.method, e.url, got, path, want)
	}
}

func TestTheFormatFollowsTheResourceAndTheConfiguration(t *testing.T) {
	for _, tt := range []struct {
		def          *resource.Definition
		prefer       string
		accept, sent string
	}{
		{pods, "", ContentTypeProtobuf + "," + ContentTypeJSON, ContentTypeProtobuf},
		{pods, ContentTypeProtobuf, ContentTypeProtobuf + "," + ContentTypeJSON, ContentTypeProtobuf},
		{pods, ContentTypeJSON, ContentTypeJSON, ContentTypeJSON},
	} {
		e := &echo{}
		client, err := NewClient(&Config{Host: "https://example.com", Transport: e, ContentType: tt.prefer})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.ForResource(tt.def).Create(t.Context(), pod("a", "b"), metav1.CreateOptions{}); err != nil {
			t.Error(err)
		}
		if e.accept != tt.accept || e.contentType != tt.sent {
			t.Errorf("prefer %q: accept %s, sent %s", tt.prefer, e.accept, e.contentType)
		}
	}
	json, err := NewClient(&Config{Host: "https://example.com", Transport: &echo{}, ContentType: ContentTypeJSON})
	if err != nil {
		t.Fatal(err)
	}
	if c := json.ForResource(widgets); strings.Contains(c.accept+c.acceptList+c.acceptWatch, "protobuf") || !strings.Contains(c.acceptList, "as=PartialObjectMetadataList") {
		t.Errorf("accept %s, %s, %s", c.accept, c.acceptList, c.acceptWatch)
	}
}

func TestWhereAnObjectBelongsMustBeClear(t *testing.T) {
	c := unreachable(t)
	all, a := c.ForResource(pods), c.ForResource(pods).Namespace("a")
	node := c.ForResource(corev1.Nodes.Definition())
	ctx := t.Context()
	for want, do := range map[string]func() error{
		`create pods/v1: neither the object nor the client has a namespace`: func() error { _, err := all.Create(ctx, pod("", "x"), metav1.CreateOptions{}); return err },
		`update pods/v1: the object is in namespace "b", the client in "a"`: func() error { _, err := a.Update(ctx, pod("b", "x"), metav1.UpdateOptions{}); return err },
		`get pods/v1: "x" needs a namespace`:                                func() error { _, err := all.Get(ctx, "x", metav1.GetOptions{}); return err },
		`get pods/v1: the name is empty`:                                    func() error { _, err := a.Get(ctx, "", metav1.GetOptions{}); return err },
		`delete pods/v1: the name is empty`:                                 func() error { return a.Delete(ctx, "", metav1.DeleteOptions{}) },
		`nodes/v1 has no namespaces, but "a" is given`: func() error {
			_, err := node.Namespace("a").Get(ctx, "x", metav1.GetOptions{})
			return err
		},
		`create nodes/v1: the resource has no namespaces, but "a" is given`: func() error {
			_, err := node.Create(ctx, &coreapi.Node{ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "x"}}, metav1.CreateOptions{})
			return err
		},
		`the name is empty`: func() error { _, err := a.Create(ctx, pod("a", ""), metav1.CreateOptions{}, "eviction"); return err },
	} {
		if err := do(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestAYesWithoutAnObjectReturnsACopy(t *testing.T) {
	client := through(t, func(*http.Request) (*http.Response, error) {
		return answer(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", ContentTypeJSON)
			w.WriteHeader(201)
			_, _ = io.WriteString(w, `{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","code":201}`)
		}), nil
	})
	sent := &coreapi.Binding{ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "b"}, Target: coreapi.ObjectReference{Name: "node"}}
	got, err := client.ForResource(bindings).Create(t.Context(), sent, metav1.CreateOptions{})
	if err != nil || got == resource.Object(sent) || got.(*coreapi.Binding).Target.Name != "node" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestASuccessThatIsNoObjectIsAnErrorWithoutTheObjectsBytes(t *testing.T) {
	for want, tt := range map[string][2]string{
		`the answer does not come from an API server, it is text/html: "<html>Please log in</html>"`: {"text/html", "<html>Please log in</html>"},
		`the answer cannot be read`:                                  {ContentTypeJSON, `{"kind":"Pod","apiVersion":"v1","data":"` + secret},
		`the answer cannot be read: decode pods/v1: the server sent`: {ContentTypeJSON, `{"kind":"Secret","apiVersion":"v1","data":{"a":"` + secret + `"}}`},
	} {
		client := through(t, func(*http.Request) (*http.Response, error) {
			return answer(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", tt[0])
				_, _ = io.WriteString(w, tt[1])
			}), nil
		})
		_, err := client.ForResource(pods).Namespace("a").Get(t.Context(), "b", metav1.GetOptions{})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), secret) || !strings.Contains(err.Error(), "GET https://api.example.com/base/api/v1/namespaces/a/pods/b") {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
}

func TestAConflictOfAPrivateObjectIsRecognized(t *testing.T) {
	client := through(t, func(*http.Request) (*http.Response, error) {
		return answer(refuse(apierrors.NewConflict(deployments.GroupVersionResource().GroupResource(), "b", errors.New("stale")))), nil
	})
	_, err := client.ForResource(deployments).Update(t.Context(), &appsapi.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "b"}}, metav1.UpdateOptions{})
	if !apierrors.IsConflict(err) {
		t.Errorf("got %v", err)
	}
}

func TestAListIsHandedOnItemByItem(t *testing.T) {
	var query url.Values
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		query = r.URL.Query()
		w.Header().Set("Content-Type", ContentTypeJSON)
		fmt.Fprint(w, `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7","continue":"more"},"items":[`+
			`{"metadata":{"namespace":"a","name":"x"}},{"metadata":{"namespace":"a","name":"bad"},"spec":5},{"metadata":{"namespace":"a","name":"y"}}]}`)
	})
	var names []string
	meta, err := client.ForResource(pods).List(t.Context(), metav1.ListOptions{Limit: 3, Continue: "from here", Watch: true}, func(i decode.Item) error {
		if i.Err != nil {
			names = append(names, "broken "+i.Err.Key.String())
			return nil
		}
		names = append(names, i.Object.GetName())
		return nil
	})
	if err != nil || meta.ResourceVersion != "7" || meta.Continue != "more" || strings.Join(names, ",") != "x,broken a/bad,y" {
		t.Errorf("got %v, %v, %v", names, meta, err)
	}
	if query.Encode() != "continue=from+here&limit=3" {
		t.Errorf("asked with %s", query.Encode())
	}
}

func TestAListEndsWithTheErrorOfItsConsumer(t *testing.T) {
	client := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", ContentTypeJSON)
		fmt.Fprint(w, `{"items":[{"metadata":{"name":"x"}},{"metadata":{"name":"y"}}]}`)
	})
	enough, calls := errors.New("enough"), 0
	_, err := client.ForResource(pods).List(t.Context(), metav1.ListOptions{}, func(decode.Item) error { calls++; return enough })
	if err != enough || calls != 1 {
		t.Errorf("got %v after %d calls", err, calls)
	}
}

func TestATruncatedListIsAnError(t *testing.T) {
	client := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", ContentTypeJSON)
		w.Header().Set("Content-Length", "1000")
		fmt.Fprint(w, `{"items":[{"metadata":{"name":"x"}},`)
	})
	_, err := client.ForResource(pods).List(t.Context(), metav1.ListOptions{}, func(decode.Item) error { return nil })
	if !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "/api/v1/pods: reading the list") {
		t.Errorf("got %v", err)
	}
}

func TestASubresourceOfAnotherKindHasItsOwnClient(t *testing.T) {
	scales := resource.Define[*autoscalingapi.Scale]("autoscaling", "v1", "scales", "Scale", resource.Namespaced, resource.WithProtobuf()).Definition()
	var got []string
	client := through(t, func(req *http.Request) (*http.Response, error) {
		body := ""
		if req.Body != nil {
			data, _ := io.ReadAll(req.Body)
			if o, err := decode.For(scales).Object(req.Header.Get("Content-Type"), data); err == nil {
				body = fmt.Sprint(o.(*autoscalingapi.Scale).Spec.Replicas)
			}
		}
		got = append(got, strings.TrimSpace(req.Method+" "+req.URL.RequestURI()+" "+body))
		return answer(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", ContentTypeJSON)
			_, _ = io.WriteString(w, `{"kind":"Scale","apiVersion":"autoscaling/v1","metadata":{"namespace":"a","name":"x"},"spec":{"replicas":3}}`)
		}), nil
	})
	c, ctx := client.ForResource(deployments).Subresource("scale", scales).Namespace("a"), t.Context()
	scale := &autoscalingapi.Scale{Spec: autoscalingapi.ScaleSpec{Replicas: 5}}
	for _, do := range []func() (resource.Object, error){
		func() (resource.Object, error) { return c.Get(ctx, "x", metav1.GetOptions{}) },
		func() (resource.Object, error) {
			return c.Update(ctx, "x", scale, metav1.UpdateOptions{FieldManager: "me"})
		},
		func() (resource.Object, error) { return c.Create(ctx, "x", scale, metav1.CreateOptions{}) },
		func() (resource.Object, error) {
			return c.Patch(ctx, "x", types.MergePatchType, []byte(`{}`), metav1.PatchOptions{})
		},
	} {
		if o, err := do(); err != nil || o.(*autoscalingapi.Scale).Spec.Replicas != 3 {
			t.Errorf("got %v, %v", o, err)
		}
	}
	path := "/base/apis/apps/v1/namespaces/a/deployments/x/scale"
	if want := "GET " + path + "|PUT " + path + "?fieldManager=me 5|POST " + path + " 5|PATCH " + path; strings.Join(got, "|") != want {
		t.Errorf("got %s\nwant %s", strings.Join(got, "|"), want)
	}
	for _, bad := range []func() (resource.Object, error){
		func() (resource.Object, error) { return c.Update(ctx, "", scale, metav1.UpdateOptions{}) },
		func() (resource.Object, error) {
			return c.Namespace("").Create(ctx, "x", scale, metav1.CreateOptions{})
		},
	} {
		if o, err := bad(); err == nil {
			t.Errorf("got %v", o)
		}
	}
}

func TestACachesDecoderMayShareParts(t *testing.T) {
	client := through(t, func(*http.Request) (*http.Response, error) {
		return answer(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", ContentTypeJSON)
			_, _ = io.WriteString(w, `{"items":[{"metadata":{"namespace":"a","name":"x"}}]}`)
		}), nil
	})
	known := pod("a", "known")
	c := client.ForResource(pods).Decoding(decode.Reuse(func(decode.Identity) resource.Object { return known }))
	_, err := c.List(t.Context(), metav1.ListOptions{}, func(i Item) error {
		if i.Object != resource.Object(known) {
			t.Errorf("the option has no effect: %v", i.Object)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
