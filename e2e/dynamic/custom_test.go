package dynamic_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	coreapi "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/dynamic"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
)

const definition = `{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"%[1]ss.dynamic.example.com"},
	"spec":{"group":"dynamic.example.com","scope":"Namespaced","names":{"plural":"%[1]ss","singular":"%[1]s","kind":"%[2]s"},
	"versions":[{"name":"v1","served":true,"storage":true,"subresources":{"status":{},"scale":{"specReplicasPath":".spec.replicas","statusReplicasPath":".status.replicas"}},
		"schema":{"openAPIV3Schema":{"type":"object","properties":{
			"spec":{"type":"object","properties":{"replicas":{"type":"integer"},"color":{"type":"string"}}},
			"status":{"type":"object","properties":{"replicas":{"type":"integer"}}}}}}}]}}`

// install makes a custom resource with the dynamic client, waits until it is served, and removes it at the test's end.
func install(t *testing.T, finder dynamic.Client, singular, kind string) dynamic.Resource {
	t.Helper()
	crds, err := finder.Lookup(t.Context(), "crd")
	if err != nil {
		t.Fatal(err)
	}
	u := &unstructured.Unstructured{}
	if err := json.Unmarshal(fmt.Appendf(nil, definition, singular, kind), &u.Object); err != nil {
		t.Fatal(err)
	}
	if _, err := crds.Objects().Create(t.Context(), u, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := crds.Objects().Delete(context.Background(), u.GetName(), metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		r, err := finder.Lookup(ctx, singular+"s.dynamic.example.com")
		if err == nil {
			return r
		}
		if !meta.IsNoMatchError(err) {
			t.Fatal(err)
		}
		timer := time.NewTimer(100 * time.Millisecond)
		select {
		case <-ctx.Done():
			t.Fatal(err)
		case <-timer.C:
		}
	}
}

type gadget struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Replicas int32  `json:"replicas,omitempty"`
		Color    string `json:"color,omitempty"`
	} `json:"spec"`
	Status struct {
		Replicas int32 `json:"replicas,omitempty"`
	} `json:"status,omitzero"`
}

var gadgets = resource.Define[*gadget]("dynamic.example.com", "v1", "gadgets", "Gadget", resource.Namespaced,
	resource.WithSubresources(resource.StatusSubresource(), resource.ScaleSubresource()))

// scaleOf returns the client of the number of replicas.
func scaleOf[T resource.Object](c typed.Client[T]) typed.Subresource[*autoscalingv1.Scale] {
	return typed.SubresourceOf(c, "scale", resource.Define[*autoscalingv1.Scale]("autoscaling", "v1", "scales", "Scale", resource.Namespaced))
}

func TestACustomResourceIsScaledAndConverted(t *testing.T) {
	client, finder := newClient(t)
	ctx, r := t.Context(), install(t, finder, "gadget", "Gadget")
	g := gadgets.New()
	g.Name, g.Spec.Color = "one", "red"
	own := typed.For(client, gadgets).Namespace("default")
	if _, err := own.Create(ctx, g, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	now, err := scaleOf(r.Objects().Namespace("default")).Patch(ctx, "one", types.MergePatchType, []byte(`{"spec":{"replicas":3}}`), metav1.PatchOptions{})
	if err != nil || now.Spec.Replicas != 3 {
		t.Fatal(now, err)
	}
	now.Spec.Replicas = 5
	if now, err = scaleOf(r.Objects().Namespace("default")).Update(ctx, "one", now, metav1.UpdateOptions{}); err != nil || now.Spec.Replicas != 5 {
		t.Fatal(now, err)
	}
	untyped, err := r.Objects().Namespace("default").Get(ctx, "one", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	back, err := dynamic.Typed(gadgets, untyped)
	if err != nil || back.Spec.Replicas != 5 || back.Spec.Color != "red" {
		t.Error(back, err)
	}
	back.Status.Replicas = 4
	if back, err = own.UpdateStatus(ctx, back, metav1.UpdateOptions{}); err != nil || back.Status.Replicas != 4 {
		t.Error(back, err)
	}
	if now, err = scaleOf(own).Get(ctx, "one", metav1.GetOptions{}); err != nil || now.Status.Replicas != 4 {
		t.Error(now, err)
	}
}

func TestInformersOfACustomResourceFollowIt(t *testing.T) {
	client, finder := newClient(t)
	r := install(t, finder, "gizmo", "Gizmo")
	factory := informers.NewSharedInformerFactory(client, informers.Options{})
	untyped, metadata := informers.For(factory, r.Definition()), informers.For(factory, r.MetadataDefinition())
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer factory.Shutdown()
	defer cancel()
	factory.Start(ctx)
	if err := factory.WaitForCacheSync(ctx); err != nil {
		t.Fatal(err)
	}
	made, err := r.Objects().Create(ctx, &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"name": "one", "namespace": "default", "labels": map[string]any{"a": "b"}}, "spec": map[string]any{"replicas": int64(2)},
	}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, err1 := untyped.WaitFor(ctx, made.GetResourceVersion())
	_, err2 := metadata.WaitFor(ctx, made.GetResourceVersion())
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	one, err := untyped.Lister().Namespace("default").Get("one")
	if err != nil {
		t.Fatal(err)
	}
	if replicas, _, err := unstructured.NestedInt64(one.Object, "spec", "replicas"); err != nil || replicas != 2 || one.GetKind() != "Gizmo" {
		t.Error(one, err)
	}
	if o, err := metadata.Lister().Namespace("default").Get("one"); err != nil || o.Labels["a"] != "b" || o.UID != made.GetUID() {
		t.Error(o, err)
	}
}

func newPod(t *testing.T, finder dynamic.Client, name string) dynamic.Resource {
	t.Helper()
	r, err := finder.Lookup(t.Context(), "pods")
	if err != nil {
		t.Fatal(err)
	}
	pod := corev1.Pods.New()
	pod.Name, pod.Namespace = name, "default"
	pod.Spec.Containers = []coreapi.Container{{Name: "main", Image: "example.com/web"}}
	untyped, err := dynamic.Untyped(pod)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Objects().Create(t.Context(), untyped, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAPodIsBoundOnce(t *testing.T) {
	_, finder := newClient(t)
	bindings, err := newPod(t, finder, "bound").Subresource("default", "binding")
	if err != nil {
		t.Fatal(err)
	}
	binding := &unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{"name": "bound", "namespace": "default"}, "target": map[string]any{"kind": "Node", "name": "a"}}}
	binding.SetAPIVersion("v1")
	binding.SetKind("Binding")
	if _, err := bindings.Create(t.Context(), "bound", binding, metav1.CreateOptions{}); err != nil {
		t.Error(err)
	}
	if _, err := bindings.Create(t.Context(), "bound", binding, metav1.CreateOptions{}); !apierrors.IsConflict(err) {
		t.Errorf("have %v", err)
	}
}

func TestAPodIsEvicted(t *testing.T) {
	_, finder := newClient(t)
	r := newPod(t, finder, "evicted")
	evictions, err := r.Subresource("default", "eviction")
	if err != nil {
		t.Fatal(err)
	}
	eviction := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "policy/v1", "kind": "Eviction", "metadata": map[string]any{"name": "evicted"}}}
	if _, err := evictions.Create(t.Context(), "evicted", eviction, metav1.CreateOptions{}); err != nil {
		t.Error(err)
	}
	if pod, err := r.Objects().Namespace("default").Get(t.Context(), "evicted", metav1.GetOptions{}); !apierrors.IsNotFound(err) && pod.GetDeletionTimestamp() == nil {
		t.Errorf("have %v, %v", pod, err)
	}
}
