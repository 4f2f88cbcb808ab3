package subresource_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	api "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sheaf-dev/sheaf/clientset/subresource"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/resource"
	appsv1 "github.com/sheaf-dev/sheaf/resource/apps/v1"
	certificates "github.com/sheaf-dev/sheaf/resource/certificates/v1"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

const success = `{"kind":"Status","apiVersion":"v1","status":"Success"}`

func named(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Name: name} }

func TestEachFunctionRequestsItsOwnPath(t *testing.T) {
	dryRun := []string{metav1.DryRunAll}
	for _, c := range []struct {
		name, answer, request, kind string
		do                          func(context.Context, *rest.Client) error
	}{
		{"evict", success, "POST /base/api/v1/namespaces/shop/pods/p/eviction?dryRun=All", "Eviction", func(ctx context.Context, c *rest.Client) error {
			return subresource.Evict(ctx, typed.For(c, corev1.Pods).Namespace("shop"), &policyv1.Eviction{ObjectMeta: named("p")}, metav1.CreateOptions{DryRun: dryRun})
		}},
		{"bind", success, "POST /base/api/v1/namespaces/shop/pods/p/binding?dryRun=All", "Binding", func(ctx context.Context, c *rest.Client) error {
			binding := &api.Binding{ObjectMeta: named("p"), Target: api.ObjectReference{Kind: "Node", Name: "n"}}
			return subresource.Bind(ctx, typed.For(c, corev1.Pods).Namespace("shop"), binding, metav1.CreateOptions{DryRun: dryRun})
		}},
		{"resize", `{"kind":"Pod","apiVersion":"v1"}`, "PUT /base/api/v1/namespaces/shop/pods/p/resize?fieldManager=me", "Pod", func(ctx context.Context, c *rest.Client) error {
			_, err := subresource.Resize(ctx, typed.For(c, corev1.Pods).Namespace("shop"), &api.Pod{ObjectMeta: named("p")}, metav1.UpdateOptions{FieldManager: "me"})
			return err
		}},
		{"ephemeral containers", `{"kind":"Pod","apiVersion":"v1"}`, "PUT /base/api/v1/namespaces/shop/pods/p/ephemeralcontainers", "Pod", func(ctx context.Context, c *rest.Client) error {
			_, err := subresource.UpdateEphemeralContainers(ctx, typed.For(c, corev1.Pods).Namespace("shop"), &api.Pod{ObjectMeta: named("p")}, metav1.UpdateOptions{})
			return err
		}},
		{"token", `{"kind":"TokenRequest","apiVersion":"authentication.k8s.io/v1","status":{"token":"t"}}`, "POST /base/api/v1/namespaces/shop/serviceaccounts/a/token", "TokenRequest", func(ctx context.Context, c *rest.Client) error {
			answer, err := subresource.RequestToken(ctx, typed.For(c, corev1.ServiceAccounts).Namespace("shop"), "a", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
			if err == nil && answer.Status.Token != "t" {
				t.Errorf("the answer is %+v", answer)
			}
			return err
		}},
		{"finalize", `{"kind":"Namespace","apiVersion":"v1"}`, "PUT /base/api/v1/namespaces/n/finalize", "Namespace", func(ctx context.Context, c *rest.Client) error {
			_, err := subresource.Finalize(ctx, typed.For(c, corev1.Namespaces), &api.Namespace{ObjectMeta: named("n")}, metav1.UpdateOptions{})
			return err
		}},
		{"approval", `{"kind":"CertificateSigningRequest","apiVersion":"certificates.k8s.io/v1"}`, "PUT /base/apis/certificates.k8s.io/v1/certificatesigningrequests/r/approval", "CertificateSigningRequest", func(ctx context.Context, c *rest.Client) error {
			_, err := subresource.UpdateApproval(ctx, typed.For(c, certificates.CertificateSigningRequests), &certificatesv1.CertificateSigningRequest{ObjectMeta: named("r")}, metav1.UpdateOptions{})
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, client := answering(t, c.answer)
			if err := c.do(t.Context(), client); err != nil {
				t.Fatal(err)
			}
			var sent metav1.TypeMeta
			if err := json.Unmarshal([]byte(s.body), &sent); err != nil {
				t.Fatal(err)
			}
			if s.request != c.request || sent.Kind != c.kind || sent.APIVersion == "" {
				t.Errorf("sent %s with a %+v, want %s with a %s", s.request, sent, c.request, c.kind)
			}
		})
	}
}

func TestAScaleIsReadAndSetOfAnyResourceThatHasOne(t *testing.T) {
	const answer = `{"kind":"Scale","apiVersion":"autoscaling/v1","metadata":{"name":"web","namespace":"shop"},"spec":{"replicas":3}}`
	s, client := answering(t, answer)
	widgets := resource.Define[*unstructured.Unstructured]("example.com", "v1", "widgets", "Widget", resource.Namespaced,
		resource.WithSubresources(resource.ScaleSubresource()))
	for path, scales := range map[string]typed.Subresource[*autoscalingv1.Scale]{
		"/base/apis/apps/v1/namespaces/shop/deployments/web/scale":    subresource.Scale(typed.For(client, appsv1.Deployments).Namespace("shop")),
		"/base/apis/example.com/v1/namespaces/shop/widgets/web/scale": subresource.Scale(typed.For(client, widgets).Namespace("shop")),
	} {
		scale, err := scales.Get(t.Context(), "web", metav1.GetOptions{})
		if err != nil || scale.Spec.Replicas != 3 || s.request != "GET "+path {
			t.Errorf("%s answered %+v, %v", s.request, scale, err)
		}
		scale.Spec.Replicas = 5
		if _, err := scales.Update(t.Context(), "web", scale, metav1.UpdateOptions{}); err != nil || s.request != "PUT "+path || !strings.Contains(s.body, `"replicas":5`) {
			t.Errorf("%s with %s: %v", s.request, s.body, err)
		}
		if _, err := scales.Patch(t.Context(), "web", types.MergePatchType, []byte(`{"spec":{"replicas":7}}`), metav1.PatchOptions{}); err != nil || s.request != "PATCH "+path {
			t.Errorf("%s: %v", s.request, err)
		}
	}
}

func TestAScaleOfWhatHasNoneIsAnErrorWithoutARequest(t *testing.T) {
	s, client := answering(t, "{}")
	_, err := subresource.Scale(typed.For(client, corev1.Pods).Namespace("shop")).Get(t.Context(), "p", metav1.GetOptions{})
	if err == nil || !strings.Contains(err.Error(), "pods/v1/scale") || s.sent > 0 {
		t.Errorf("error %v after %d requests", err, s.sent)
	}
}

func TestAnEvictionThatTheBudgetForbidsIsTooManyRequests(t *testing.T) {
	s, client := answering(t, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"TooManyRequests","message":"the budget forbids it","code":429}`)
	s.code = http.StatusTooManyRequests
	err := subresource.Evict(t.Context(), typed.For(client, corev1.Pods).Namespace("shop"), &policyv1.Eviction{ObjectMeta: named("p")}, metav1.CreateOptions{})
	if !apierrors.IsTooManyRequests(err) || s.sent != 1 {
		t.Errorf("error %v after %d requests", err, s.sent)
	}
}

func TestWhatBelongsToAnotherPodOrNoneIsAnErrorWithoutARequest(t *testing.T) {
	s, client := answering(t, success)
	for _, c := range []struct{ client, namespace, name, want string }{
		{"ns", "other", "p", `create pods/v1/eviction: the object is in namespace "other", the client in "ns"`},
		{"ns", "", "", "the name is empty"},
		{"", "ns", "p", `"p" needs a namespace`},
	} {
		eviction := &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: c.name}}
		err := subresource.Evict(t.Context(), typed.For(client, corev1.Pods).Namespace(c.client), eviction, metav1.CreateOptions{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	scale := &autoscalingv1.Scale{ObjectMeta: metav1.ObjectMeta{Namespace: "other", Name: "web"}}
	_, err := subresource.Scale(typed.For(client, appsv1.Deployments).Namespace("shop")).Update(t.Context(), "web", scale, metav1.UpdateOptions{})
	if err == nil || !strings.Contains(err.Error(), `update deployments.apps/v1/scale: the object is in namespace "other"`) {
		t.Error(err)
	}
	if s.sent > 0 {
		t.Errorf("%d requests were sent", s.sent)
	}
}

func TestALogIsStreamedAsItsOptionsSay(t *testing.T) {
	s, client := answering(t, "one\ntwo\n")
	s.contentType = "text/plain"
	pods := typed.For(client, corev1.Pods).Namespace("shop")
	logs, err := subresource.Logs(t.Context(), pods, "cart-0", &api.PodLogOptions{Container: "app", Follow: true, TailLines: new(int64(2))})
	if err != nil {
		t.Fatal(err)
	}
	defer logs.Close()
	if text, err := io.ReadAll(logs); err != nil || string(text) != "one\ntwo\n" {
		t.Errorf("read %q, %v", text, err)
	}
	if want := "GET /base/api/v1/namespaces/shop/pods/cart-0/log?container=app&follow=true&tailLines=2"; s.request != want {
		t.Errorf("requested %s, want %s", s.request, want)
	}
}

func TestALogThatIsNotThereIsAnErrorOfTheServers(t *testing.T) {
	s, client := answering(t, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","message":"no such pod","code":404}`)
	s.code = http.StatusNotFound
	if _, err := subresource.Logs(t.Context(), typed.For(client, corev1.Pods).Namespace("shop"), "p", nil); !apierrors.IsNotFound(err) {
		t.Errorf("error %v", err)
	}
	sent := s.sent
	for _, wrong := range []struct{ namespace, name string }{{"", "p"}, {"shop", ""}, {"shop", "a/b"}} {
		if _, err := subresource.Logs(t.Context(), typed.For(client, corev1.Pods).Namespace(wrong.namespace), wrong.name, nil); err == nil || s.sent != sent {
			t.Errorf("%+v: error %v after %d requests", wrong, err, s.sent-sent)
		}
	}
}
