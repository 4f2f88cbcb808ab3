package dynamic_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/dynamic"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/resource"
	appsv1resources "github.com/sheaf-dev/sheaf/resource/apps/v1"
	corev1resources "github.com/sheaf-dev/sheaf/resource/core/v1"
)

func TestAResourceIsFoundByNameKindObjectAndText(t *testing.T) {
	server, _, client := start(t, apitest.Options{})
	ctx, gv := t.Context(), schema.GroupVersion{Group: "example.com", Version: "v1"}
	for by, look := range map[string]func() (dynamic.Resource, error){
		"name":   func() (dynamic.Resource, error) { return client.Resource(ctx, gv.WithResource("widgets")) },
		"kind":   func() (dynamic.Resource, error) { return client.Kind(ctx, gv.WithKind("Widget")) },
		"object": func() (dynamic.Resource, error) { return client.Of(ctx, anvil()) },
		"text":   func() (dynamic.Resource, error) { return client.Lookup(ctx, "widget") },
	} {
		r, err := look()
		if err != nil || r.String() != "widgets.example.com/v1" || r.Found().Kind != gv.WithKind("Widget") {
			t.Errorf("by %s: have %v, %v", by, r, err)
		}
	}
	for by, look := range map[string]func() (dynamic.Resource, error){
		"name": func() (dynamic.Resource, error) { return client.Resource(ctx, gv.WithResource("gadgets")) },
		"kind": func() (dynamic.Resource, error) { return client.Kind(ctx, gv.WithKind("Gadget")) },
		"text": func() (dynamic.Resource, error) { return client.Lookup(ctx, "gadget") },
	} {
		if _, err := look(); !meta.IsNoMatchError(err) {
			t.Errorf("by %s: have %v", by, err)
		}
	}
	_, err := client.Of(ctx, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p"}})
	if err == nil || err.Error() != `find the resource of "p": the object has no apiVersion and kind` {
		t.Errorf("have %v", err)
	}
	if n := len(server.Requests(apitest.Match{})); n != 2 {
		t.Errorf("finding took %d requests", n)
	}
}

func TestUntypedObjectsHaveAllVerbs(t *testing.T) {
	_, _, client := start(t, apitest.Options{})
	ctx := t.Context()
	objects := find(t, client, "widgets").Objects().Namespace("shop")
	events, err := objects.Watch(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer events.Close()

	made, err := objects.Create(ctx, anvil(), metav1.CreateOptions{})
	if err != nil || made.GetUID() == "" {
		t.Fatal(made, err)
	}
	if err := unstructured.SetNestedField(made.Object, int64(6), "spec", "size"); err != nil {
		t.Fatal(err)
	}
	if made, err = objects.Update(ctx, made, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	made.Object["status"] = map[string]any{"ready": true}
	if _, err = objects.UpdateStatus(ctx, made, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	made, err = objects.Patch(ctx, "anvil", types.MergePatchType, []byte(`{"spec":{"ratio":0.5}}`), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string]any{"size": int64(6), "ratio": 0.5}; !maps.Equal(made.Object["spec"].(map[string]any), want) {
		t.Errorf("have %v", made.Object["spec"])
	}
	got, err := objects.Get(ctx, "anvil", metav1.GetOptions{})
	if ready, _, _ := unstructured.NestedBool(got.Object, "status", "ready"); err != nil || !ready || got.GetKind() != "Widget" {
		t.Errorf("have %v, %v", got, err)
	}
	list, err := objects.List(ctx, metav1.ListOptions{LabelSelector: "heavy=yes"})
	if err != nil || len(list.Items) != 1 || list.Kind != "WidgetList" {
		t.Errorf("have %v, %v", list, err)
	}
	if err := objects.Delete(ctx, "anvil", metav1.DeleteOptions{}); err != nil {
		t.Error(err)
	}
	if err := objects.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{}); err != nil {
		t.Error(err)
	}
	if _, err := objects.Get(ctx, "anvil", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("have %v", err)
	}
	var seen []watch.EventType
	for e, err := range events.Events() {
		if err != nil || e.Object.GetName() != "anvil" {
			t.Fatal(e, err)
		}
		if seen = append(seen, e.Type); e.Type == watch.Deleted {
			break
		}
	}
	if want := []watch.EventType{watch.Added, watch.Modified, watch.Modified, watch.Modified, watch.Deleted}; !slices.Equal(seen, want) {
		t.Errorf("have %v", seen)
	}
}

func TestMetadataClientsReadMetadataAndDestroyNothing(t *testing.T) {
	server, _, client := start(t, apitest.Options{})
	ctx := t.Context()
	r := find(t, client, "widgets")
	if _, err := r.Objects().Create(ctx, anvil(), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	metadata := r.Metadata().Namespace("shop")
	one, err := metadata.Get(ctx, "anvil", metav1.GetOptions{})
	if err != nil || one.Labels["heavy"] != "yes" || one.Kind != "Widget" {
		t.Fatal(one, err)
	}
	if one, err = metadata.Patch(ctx, "anvil", types.MergePatchType, []byte(`{"metadata":{"labels":{"sold":"yes"}}}`), metav1.PatchOptions{}); err != nil || one.Labels["sold"] != "yes" {
		t.Error(one, err)
	}
	one.Labels["sold"] = "no"
	for verb, try := range map[string]func() error{
		"update": func() error { _, err := metadata.Update(ctx, one, metav1.UpdateOptions{}); return err },
		"create": func() error { _, err := metadata.Create(ctx, one, metav1.CreateOptions{}); return err },
		"status": func() error { _, err := metadata.UpdateStatus(ctx, one, metav1.UpdateOptions{}); return err },
	} {
		if err := try(); err == nil || !strings.Contains(err.Error(), "the resource does not offer this") {
			t.Errorf("%s: have %v", verb, err)
		}
	}
	whole, err := apitest.In(server, widgets).Get(resource.Key{Namespace: "shop", Name: "anvil"})
	if err != nil || whole.Spec.Size != 5 || whole.Labels["sold"] != "yes" {
		t.Error(whole, err)
	}
	if list, err := metadata.List(ctx, metav1.ListOptions{}); err != nil || len(list.Items) != 1 || list.Items[0].Labels["sold"] != "yes" {
		t.Error(list, err)
	}
	if err := metadata.Delete(ctx, "anvil", metav1.DeleteOptions{}); err != nil {
		t.Error(err)
	}
}

func TestSubresourcesHaveObjectsOfTheirOwnKind(t *testing.T) {
	server, _, client := start(t, apitest.Options{})
	ctx, r := t.Context(), find(t, client, "deploy")
	labels := map[string]string{"app": "web"}
	pod := corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: "web"}}}
	if err := errors.Join(
		apitest.In(server, appsv1resources.Deployments).Put(&appsv1.Deployment{
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"},
			Spec: appsv1.DeploymentSpec{
				Selector: &metav1.LabelSelector{MatchLabels: labels},
				Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: pod},
			},
		}),
		apitest.In(server, corev1resources.Pods).Put(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "cart"}, Spec: pod}),
	); err != nil {
		t.Fatal(err)
	}

	untyped, err := r.Subresource("shop", "scale")
	if err != nil {
		t.Fatal(err)
	}
	patched, err := untyped.Patch(ctx, "web", types.MergePatchType, []byte(`{"spec":{"replicas":7}}`), metav1.PatchOptions{})
	if replicas, _, _ := unstructured.NestedInt64(patched.Object, "spec", "replicas"); err != nil || replicas != 7 || patched.GetAPIVersion() != "autoscaling/v1" {
		t.Error(patched, err)
	}

	evictions, err := find(t, client, "pods").Subresource("shop", "eviction")
	if err != nil {
		t.Fatal(err)
	}
	eviction, err := dynamic.Untyped(&policyv1.Eviction{TypeMeta: metav1.TypeMeta{APIVersion: "policy/v1", Kind: "Eviction"}, ObjectMeta: metav1.ObjectMeta{Name: "cart"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = evictions.Create(ctx, "cart", eviction, metav1.CreateOptions{}); err != nil {
		t.Error(err)
	}
	asked := server.Requests(apitest.Match{Verb: "create", Subresource: "eviction"})
	if len(asked) != 1 || asked[0].Namespace != "shop" || asked[0].Name != "cart" || asked[0].Code != http.StatusCreated {
		t.Errorf("asked %+v", asked)
	}
	evicted, err := apitest.In(server, corev1resources.Pods).Get(resource.Key{Namespace: "shop", Name: "cart"})
	if err == nil && evicted.DeletionTimestamp == nil {
		t.Error("the pod was not evicted")
	}
}

func TestASubresourceThatIsNotThereIsAnErrorThatNamesThoseThatAre(t *testing.T) {
	_, _, client := start(t, apitest.Options{})
	_, err2 := find(t, client, "widgets").Subresource("shop", "scale")
	_, err3 := find(t, client, "cm").Subresource("shop", "status")
	for want, err := range map[string]error{
		`widgets.example.com/v1 has no subresource "scale" with objects; it has status`: err2,
		`configmaps/v1 has no subresource "status" with objects; it has none`:           err3,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("have %v\nwant %s", err, want)
		}
	}
}

func TestDynamicInformersComeFromTheSameFactory(t *testing.T) {
	_, server, client := start(t, apitest.Options{})
	r := find(t, client, "widgets")
	factory := informers.NewSharedInformerFactory(server, informers.Options{})
	untyped := informers.For(factory, r.Definition())
	metadata := informers.For(factory, r.MetadataDefinition())
	own := informers.For(factory, widgets)
	notes := make(chan string, 10)
	note := func(how string, o resource.Object) { notes <- how + " " + resource.KeyOf(o).String() }
	untyped.AddEventHandler(informers.ResourceEventHandlerFuncs[*unstructured.Unstructured]{AddFunc: func(o *unstructured.Unstructured, _ bool) {
		size, _, _ := unstructured.NestedInt64(o.Object, "spec", "size")
		note(fmt.Sprintf("untyped, size %d", size), o)
	}})
	metadata.AddEventHandler(informers.ResourceEventHandlerFuncs[*metav1.PartialObjectMetadata]{AddFunc: func(o *metav1.PartialObjectMetadata, _ bool) {
		note("metadata, heavy "+o.Labels["heavy"], o)
	}})
	own.AddEventHandler(informers.ResourceEventHandlerFuncs[*widget]{AddFunc: func(o *widget, _ bool) { note(fmt.Sprintf("typed, size %d", o.Spec.Size), o) }})

	ctx, cancel := context.WithCancel(t.Context())
	defer factory.Shutdown()
	defer cancel()
	factory.Start(ctx)
	if err := factory.WaitForCacheSync(ctx); err != nil {
		t.Fatal(err)
	}
	made, err := r.Objects().Create(ctx, anvil(), metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, err1 := untyped.WaitFor(ctx, made.GetResourceVersion())
	_, err2 := metadata.WaitFor(ctx, made.GetResourceVersion())
	_, err3 := own.WaitFor(ctx, made.GetResourceVersion())
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	if found := untyped.Lister().List(labels.SelectorFromSet(labels.Set{"heavy": "yes"})); len(found) != 1 {
		t.Errorf("have %v", found)
	}
	if o, err := metadata.Lister().Namespace("shop").Get("anvil"); err != nil || o.Kind != "Widget" {
		t.Error(o, err)
	}
	added := []string{<-notes, <-notes, <-notes}
	slices.Sort(added)
	if want := []string{"metadata, heavy yes shop/anvil", "typed, size 5 shop/anvil", "untyped, size 5 shop/anvil"}; !slices.Equal(added, want) {
		t.Errorf("have %q", added)
	}
}
