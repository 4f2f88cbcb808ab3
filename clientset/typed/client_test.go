package typed

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	appsapi "k8s.io/api/apps/v1"
	authenticationapi "k8s.io/api/authentication/v1"
	autoscalingapi "k8s.io/api/autoscaling/v1"
	coreapi "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
	appsv1 "github.com/sheaf-dev/sheaf/resource/apps/v1"
	authenticationv1 "github.com/sheaf-dev/sheaf/resource/authentication/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

const deploymentX = `{"kind":"Deployment","apiVersion":"apps/v1","metadata":{"namespace":"a","name":"x","resourceVersion":"5"}}`

func TestEachVerbIsOneRequestAnsweredWithATypedObject(t *testing.T) {
	s, client := answering(t, deploymentX)
	c, ctx := For(client, appsv1.Deployments).Namespace("a"), t.Context()
	x := &appsapi.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "x"}}
	path := "/apis/apps/v1/namespaces/a/deployments"
	for want, do := range map[string]func() (*appsapi.Deployment, error){
		"GET " + path + "/x?resourceVersion=0": func() (*appsapi.Deployment, error) { return c.Get(ctx, "x", metav1.GetOptions{ResourceVersion: "0"}) },
		"POST " + path + "?dryRun=All": func() (*appsapi.Deployment, error) {
			return c.Create(ctx, x, metav1.CreateOptions{DryRun: []string{"All"}})
		},
		"PUT " + path + "/x?fieldManager=me": func() (*appsapi.Deployment, error) { return c.Update(ctx, x, metav1.UpdateOptions{FieldManager: "me"}) },
		"PUT " + path + "/x/status":          func() (*appsapi.Deployment, error) { return c.UpdateStatus(ctx, x, metav1.UpdateOptions{}) },
		"PATCH " + path + "/x": func() (*appsapi.Deployment, error) {
			return c.Patch(ctx, "x", types.StrategicMergePatchType, []byte(`{}`), metav1.PatchOptions{})
		},
		"PATCH " + path + "/x/status": func() (*appsapi.Deployment, error) {
			return c.Patch(ctx, "x", types.JSONPatchType, []byte(`[]`), metav1.PatchOptions{}, "status")
		},
		"PATCH " + path + "/x?fieldManager=me&force=true": func() (*appsapi.Deployment, error) {
			return c.Apply(ctx, x, metav1.ApplyOptions{FieldManager: "me", Force: true})
		},
	} {
		got, err := do()
		if err != nil || got.Name != "x" || got.Kind != "Deployment" || s.request != want {
			t.Errorf("got %v, %v from %s, want %s", got, err, s.request, want)
		}
	}
	if err := c.Delete(ctx, "x", metav1.DeleteOptions{}); err != nil || s.request != "DELETE "+path+"/x" {
		t.Errorf("got %v from %s", err, s.request)
	}
	if err := c.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "a"}); err != nil || s.request != "DELETE "+path+"?labelSelector=a" {
		t.Errorf("got %v from %s", err, s.request)
	}
}

func TestAListIsTypedAndPrivate(t *testing.T) {
	s, client := answering(t, `{"kind":"DeploymentList","apiVersion":"apps/v1","metadata":{"resourceVersion":"9","continue":"c","remainingItemCount":3},"items":[`+
		`{"metadata":{"namespace":"a","name":"x"}},{"metadata":{"namespace":"b","name":"y"}}]}`)
	list, err := For(client, appsv1.Deployments).List(t.Context(), metav1.ListOptions{Limit: 2})
	if err != nil {
		t.Fatal(err)
	}
	if s.request != "GET /apis/apps/v1/deployments?limit=2" || list.Kind != "DeploymentList" || list.APIVersion != "apps/v1" ||
		list.ResourceVersion != "9" || list.Continue != "c" || *list.RemainingItemCount != 3 {
		t.Errorf("got %+v from %s", list, s.request)
	}
	if len(list.Items) != 2 || list.Items[1].Namespace != "b" || list.Items[1].Kind != "Deployment" {
		t.Errorf("got %+v", list.Items)
	}
	_, client = answering(t, `{"items":[{"metadata":{"namespace":"a","name":"x"},"spec":7}]}`)
	list, err = For(client, appsv1.Deployments).List(t.Context(), metav1.ListOptions{})
	broken := new(decode.ObjectError)
	if list != nil || !errors.As(err, &broken) || !strings.Contains(err.Error(), `list deployments.apps/v1: object "a/x"`) {
		t.Errorf("got %v, %v", list, err)
	}
	_, client = answering(t, `{"items":null}`)
	if list, err = For(client, appsv1.Deployments).List(t.Context(), metav1.ListOptions{}); err != nil || list.Items == nil || len(list.Items) != 0 {
		t.Errorf("got %+v, %v", list, err)
	}
}

func TestAVerbThatTheResourceLacksIsAnErrorWithoutARequest(t *testing.T) {
	s, client := answering(t, "")
	ctx := t.Context()
	readOnly := For(client, resource.Define[*coreapi.Pod]("", "v1", "things", "Thing", resource.Namespaced,
		resource.WithVerbs(resource.VerbGet|resource.VerbList), resource.WithSubresources())).Namespace("a")
	x := &coreapi.Pod{ObjectMeta: metav1.ObjectMeta{Name: "x"}}
	for verb, do := range map[string]func() error{
		"create things/v1: the resource does not offer this, only get, list": func() error { _, err := readOnly.Create(ctx, x, metav1.CreateOptions{}); return err },
		"update things/v1:": func() error { _, err := readOnly.Update(ctx, x, metav1.UpdateOptions{}); return err },
		"update things/v1/status: the resource does not offer this; its subresources are: none": func() error { _, err := readOnly.UpdateStatus(ctx, x, metav1.UpdateOptions{}); return err },
		"patch things/v1:": func() error {
			_, err := readOnly.Patch(ctx, "x", types.MergePatchType, nil, metav1.PatchOptions{})
			return err
		},
		"patch things/v1: ": func() error { _, err := readOnly.Apply(ctx, x, metav1.ApplyOptions{FieldManager: "me"}); return err },
		"patch things/v1/status:": func() error {
			_, err := readOnly.ApplyStatus(ctx, x, metav1.ApplyOptions{FieldManager: "me"})
			return err
		},
		"delete things/v1:":              func() error { return readOnly.Delete(ctx, "x", metav1.DeleteOptions{}) },
		"delete collection of things/v1": func() error { return readOnly.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{}) },
		"watch things/v1:":               func() error { _, err := readOnly.Watch(ctx, metav1.ListOptions{}); return err },
		"get tokenreviews.authentication.k8s.io/v1: the resource does not offer this, only create": func() error {
			_, err := For(client, authenticationv1.TokenReviews).Get(ctx, "x", metav1.GetOptions{})
			return err
		},
		"list tokenreviews": func() error {
			_, err := For(client, authenticationv1.TokenReviews).List(ctx, metav1.ListOptions{})
			return err
		},
	} {
		if err := do(); err == nil || !strings.HasPrefix(err.Error(), verb) {
			t.Errorf("got %v, want %s", err, verb)
		}
	}
	if s.sent != 0 {
		t.Errorf("%d requests were sent", s.sent)
	}
}

func TestAReviewIsAnsweredAtOnce(t *testing.T) {
	s, client := answering(t, `{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","metadata":{},"spec":{"token":"t"},"status":{"authenticated":true}}`)
	got, err := CreatorFor(client, authenticationv1.TokenReviews).Create(t.Context(), &authenticationapi.TokenReview{Spec: authenticationapi.TokenReviewSpec{Token: "t"}}, metav1.CreateOptions{})
	if err != nil || !got.Status.Authenticated || s.request != "POST /apis/authentication.k8s.io/v1/tokenreviews" {
		t.Errorf("got %+v, %v from %s", got, err, s.request)
	}
}

func TestAnErrorKeepsItsReason(t *testing.T) {
	s, client := answering(t, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404,"message":"it is not here"}`)
	s.code = http.StatusNotFound
	got, err := For(client, appsv1.Deployments).Namespace("a").Get(t.Context(), "x", metav1.GetOptions{})
	if got != nil || !apierrors.IsNotFound(err) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestAWatchIsTyped(t *testing.T) {
	_, client := answering(t, `{"type":"ADDED","object":`+deploymentX+`}`+
		`{"type":"MODIFIED","object":{"metadata":{"namespace":"a","name":"bad","resourceVersion":"6"},"spec":7}}`+
		`{"type":"BOOKMARK","object":{"kind":"Deployment","apiVersion":"apps/v1","metadata":{"resourceVersion":"7"}}}`+
		`{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Expired","code":410}}`)
	w, err := For(client, appsv1.Deployments).Watch(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var got []Event[*appsapi.Deployment]
	for e, err := range w.Events() {
		if err != nil {
			t.Error(err)
		}
		got = append(got, e)
	}
	if len(got) != 4 || got[0].Type != watch.Added || got[0].Object.Name != "x" || got[0].ResourceVersion != "5" {
		t.Fatalf("got %+v", got)
	}
	if broken := new(decode.ObjectError); got[1].Object != nil || !errors.As(got[1].Err, &broken) || broken.Key.Name != "bad" {
		t.Errorf("a broken object became %+v", got[1])
	}
	if got[2].Type != watch.Bookmark || got[2].Object != nil || got[2].ResourceVersion != "7" || got[2].Err != nil {
		t.Errorf("a bookmark became %+v", got[2])
	}
	if got[3].Type != watch.Error || !apierrors.IsResourceExpired(got[3].Err) {
		t.Errorf("an error became %+v", got[3])
	}
	if _, err := w.Next(); err == nil || err == io.EOF {
		t.Errorf("after the loop the watch should be closed: %v", err)
	}
}

func TestACutWatchIsTheLastElement(t *testing.T) {
	_, client := answering(t, `{"type":"ADDED","object":`+deploymentX+`}{"type":"ADDED","obj`)
	w, err := For(client, appsv1.Deployments).Watch(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	var last error
	for _, err := range w.Events() {
		n++
		last = err
	}
	if n != 2 || !errors.Is(last, io.ErrUnexpectedEOF) {
		t.Errorf("got %d events, the last %v", n, last)
	}
}

func TestLeavingTheLoopClosesTheWatch(t *testing.T) {
	_, client := answering(t, `{"type":"ADDED","object":`+deploymentX+`}{"type":"ADDED","object":`+deploymentX+`}`)
	w, err := For(client, appsv1.Deployments).Watch(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for range w.Events() {
		break
	}
	if e, err := w.Next(); !errors.Is(err, rest.ErrWatchClosed) {
		t.Errorf("got %v, %v", e, err)
	}
}

var scales = resource.Define[*autoscalingapi.Scale]("autoscaling", "v1", "scales", "Scale", resource.Namespaced)

func TestASubresourceOfAnotherKindIsTyped(t *testing.T) {
	s, client := answering(t, `{"kind":"Scale","apiVersion":"autoscaling/v1","metadata":{"namespace":"a","name":"x"},"spec":{"replicas":3}}`)
	c, ctx := SubresourceOf(For(client, appsv1.Deployments).Namespace("a"), "scale", scales), t.Context()
	path := "/apis/apps/v1/namespaces/a/deployments/x/scale"
	for want, do := range map[string]func() (*autoscalingapi.Scale, error){
		"GET " + path: func() (*autoscalingapi.Scale, error) { return c.Get(ctx, "x", metav1.GetOptions{}) },
		"PUT " + path: func() (*autoscalingapi.Scale, error) { return c.Update(ctx, "x", scales.New(), metav1.UpdateOptions{}) },
		"PATCH " + path: func() (*autoscalingapi.Scale, error) {
			return c.Patch(ctx, "x", types.MergePatchType, []byte(`{}`), metav1.PatchOptions{})
		},
	} {
		if got, err := do(); err != nil || got.Spec.Replicas != 3 || s.request != want {
			t.Errorf("got %v, %v from %s, want %s", got, err, s.request, want)
		}
	}
	sent := s.sent
	if _, err := c.Create(ctx, "x", scales.New(), metav1.CreateOptions{}); err == nil || !strings.Contains(err.Error(), "create deployments.apps/v1/scale: the resource does not offer this") {
		t.Errorf("got %v", err)
	}
	if s.sent != sent {
		t.Error("a request was sent")
	}
}

func TestAllSaysWhatCannotBeDecodedAndGoesOn(t *testing.T) {
	_, client := answering(t, `{"items":[{"metadata":{"namespace":"a","name":"x"}},{"metadata":{"namespace":"a","name":"bad"},"spec":7},{"metadata":{"namespace":"a","name":"y"}}]}`)
	var got []string
	for o, err := range For(client, appsv1.Deployments).All(t.Context(), metav1.ListOptions{}) {
		if broken := new(rest.ObjectError); errors.As(err, &broken) {
			got = append(got, "broken "+broken.Key.Name)
			continue
		}
		got = append(got, o.Name)
	}
	if strings.Join(got, ",") != "x,broken bad,y" {
		t.Errorf("got %q", got)
	}
	s, client := answering(t, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403}`)
	s.code = http.StatusForbidden
	n := 0
	for _, err := range For(client, appsv1.Deployments).All(t.Context(), metav1.ListOptions{}) {
		if n++; !apierrors.IsForbidden(err) {
			t.Errorf("got %v", err)
		}
	}
	if n != 1 {
		t.Errorf("%d elements", n)
	}
}
