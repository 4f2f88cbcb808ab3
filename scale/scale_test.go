package scale_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/goleak"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/resource"
	appsv1 "github.com/sheaf-dev/sheaf/resource/apps/v1"
	"github.com/sheaf-dev/sheaf/rest"
	"github.com/sheaf-dev/sheaf/scale"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var widgets = resource.Define[*unstructured.Unstructured]("example.com", "v1", "widgets", "Widget", resource.Namespaced,
	resource.WithSubresources(resource.ScaleSubresource()))

// replicas is a server on which everything has a scale.
type replicas struct {
	n    int32
	path string
}

func (s *replicas) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.path = r.Method + " " + r.URL.Path
	if r.Method != http.MethodGet {
		var sent autoscalingv1.Scale
		_ = json.NewDecoder(r.Body).Decode(&sent)
		s.n = sent.Spec.Replicas
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{"name":"web","namespace":"shop"},"spec":{"replicas":%d}}`, s.n)
}

func newClient(t *testing.T, handler http.Handler) *rest.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	client, err := rest.NewClient(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdle)
	return client
}

func TestWhateverHasAScaleIsScaled(t *testing.T) {
	server := &replicas{n: 2}
	client, ctx := newClient(t, server), t.Context()
	for path, scales := range map[string]typed.Subresource[*autoscalingv1.Scale]{
		"/apis/apps/v1/namespaces/shop/deployments/web/scale":    scale.Of(typed.For(client, appsv1.Deployments).Namespace("shop")),
		"/apis/example.com/v1/namespaces/shop/widgets/web/scale": scale.Of(typed.For(client, widgets).Namespace("shop")),
	} {
		server.n = 2
		now, err := scales.Get(ctx, "web", metav1.GetOptions{})
		if err != nil || now.Spec.Replicas != 2 || server.path != "GET "+path {
			t.Fatal(now, err, server.path)
		}
		now.Spec.Replicas = 4
		if now, err = scales.Update(ctx, "web", now, metav1.UpdateOptions{}); err != nil || now.Spec.Replicas != 4 || server.path != "PUT "+path {
			t.Error(now, err, server.path)
		}
		now, err = scales.Patch(ctx, "web", types.MergePatchType, []byte(`{"spec":{"replicas":7}}`), metav1.PatchOptions{})
		if err != nil || now.Spec.Replicas != 7 || server.path != "PATCH "+path {
			t.Error(now, err, server.path)
		}
	}
}

func TestWhatHasNoScaleSaysSoWithoutARequest(t *testing.T) {
	server := &replicas{}
	scales := scale.Of(typed.For(newClient(t, server), appsv1.DaemonSets).Namespace("shop"))
	if _, err := scales.Get(t.Context(), "web", metav1.GetOptions{}); err == nil || !strings.Contains(err.Error(), "daemonsets.apps/v1/scale: the resource does not offer this") || server.path != "" {
		t.Errorf("have %v after %q", err, server.path)
	}
}
