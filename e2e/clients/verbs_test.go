package clients_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/discovery"
	"github.com/sheaf-dev/sheaf/e2e/cluster"
	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/resource/builtin"
	"github.com/sheaf-dev/sheaf/rest"
)

// untried are the resources that are not created, and why.
var untried = map[schema.GroupResource]string{
	{Group: "certificates.k8s.io", Resource: "podcertificaterequests"}: "only a kubelet may make one, for a pod of its own",
	{Resource: "namespaces"}: "a namespace is gone when a controller has emptied it, and none runs; see TestANamespaceIsGoneWithoutFinalizers",
}

// Each verb that a built-in resource has works, with its Go type and the format that the client prefers, which is protobuf; and JSON means the
// same.
func TestEveryVerbOfEveryBuiltInResourceWorks(t *testing.T) {
	client := connect(t, cluster.Admin)
	inJSON := connect(t, cluster.Admin, func(c *rest.Config) { c.ContentType = rest.ContentTypeJSON })
	catalog, err := discovery.New(client, discovery.Options{}).Catalog(t.Context())
	if err != nil || catalog.Err() != nil {
		t.Fatal(err, catalog.Err())
	}
	tried := 0
	for _, def := range builtin.Definitions() {
		found, err := catalog.Resource(def.GroupVersionResource())
		if meta.IsNoMatchError(err) {
			continue // removed from, or not yet in, this server
		}
		tried++
		t.Run(def.String(), func(t *testing.T) {
			if want := resource.ParseVerbs(found.Verbs...); def.Verbs() != want {
				t.Errorf("it offers %v, the server says %v", def.Verbs(), want)
			}
			l := &life{t: t, def: def, found: found, ctx: t.Context(), client: client.ForResource(def), inJSON: inJSON.ForResource(def)}
			if def.Namespaced() { // some samples name it
				l.client, l.inJSON = l.client.Namespace("default"), l.inJSON.Namespace("default")
			}
			l.live()
		})
	}
	if tried < 70 {
		t.Errorf("only %d resources were tried", tried)
	}
}

// life is the life of one object, through all verbs of its resource.
type life struct {
	t              *testing.T
	ctx            context.Context
	def            *resource.Definition
	found          discovery.APIResource
	client, inJSON *rest.ResourceClient
	name           string
}

func (l *life) has(v resource.Verbs) bool { return l.def.Verbs().Has(v) }

func (l *life) live() {
	if l.has(resource.VerbList) {
		l.list()
	}
	if !l.has(resource.VerbCreate) || untried[l.def.GroupVersionResource().GroupResource()] != "" {
		return
	}
	if !l.has(resource.VerbGet) { // answered at once, and not kept
		if answer, err := l.client.Create(l.ctx, sample(l.t, l.def), metav1.CreateOptions{}); err != nil || answer.GetObjectKind().GroupVersionKind() != l.def.GroupVersionKind() {
			l.t.Errorf("create: %v, %v", answer, err)
		}
		return
	}
	list, err := l.client.List(l.ctx, metav1.ListOptions{Limit: 1}, func(rest.Item) error { return nil })
	if err != nil {
		l.t.Fatal(err)
	}
	made, err := l.client.Create(l.ctx, sample(l.t, l.def), metav1.CreateOptions{FieldManager: "sheaf-e2e"})
	if err != nil {
		l.t.Fatalf("create: %v", err)
	}
	l.name = made.GetName()
	l.read(made)
	l.change()
	l.remove()
	if l.has(resource.VerbWatch) {
		l.watch(list.ResourceVersion)
	}
}

// list reads what is there, in both formats.
func (l *life) list() {
	count := func(c *rest.ResourceClient) (names []string) {
		_, err := c.List(l.ctx, metav1.ListOptions{}, func(item rest.Item) error {
			if item.Err != nil {
				return item.Err
			}
			if item.Object.GetObjectKind().GroupVersionKind() != l.def.GroupVersionKind() {
				return fmt.Errorf("an item is a %v", item.Object.GetObjectKind().GroupVersionKind())
			}
			names = append(names, item.Object.GetName())
			return nil
		})
		if err != nil {
			l.t.Errorf("list: %v", err)
		}
		return names
	}
	if binary, text := count(l.client), count(l.inJSON); len(binary) != len(text) {
		l.t.Errorf("list: %q in protobuf, %q in JSON", binary, text)
	}
}

// read compares what is read with what creating answered, in both formats.
func (l *life) read(made resource.Object) {
	got, err := l.client.Get(l.ctx, l.name, metav1.GetOptions{})
	if err != nil {
		l.t.Fatalf("get: %v", err)
	}
	text, err := l.inJSON.Get(l.ctx, l.name, metav1.GetOptions{})
	if err != nil {
		l.t.Fatalf("get in JSON: %v", err)
	}
	withoutInnerKinds(text)
	if got.GetResourceVersion() == text.GetResourceVersion() && !apiequality.Semantic.DeepEqual(got, text) {
		l.t.Errorf("in protobuf\n%s\nin JSON\n%s", show(got), show(text))
	}
	if made.GetUID() != got.GetUID() || made.GetUID() == "" {
		l.t.Errorf("created %q, got %q", made.GetUID(), got.GetUID())
	}
}

// withoutInnerKinds takes away what JSON says and protobuf does not: the kind of an object within another.
func withoutInnerKinds(o resource.Object) {
	if set, ok := o.(*appsv1.StatefulSet); ok {
		for i := range set.Spec.VolumeClaimTemplates {
			set.Spec.VolumeClaimTemplates[i].TypeMeta = metav1.TypeMeta{}
		}
	}
}

func show(o any) string {
	data, _ := json.Marshal(o)
	return string(data)
}

// change tries the verbs that change an object.
func (l *life) change() {
	if l.has(resource.VerbPatch) {
		for kind, patch := range map[types.PatchType]string{
			types.JSONPatchType:           `[{"op":"add","path":"/metadata/annotations","value":{"json":"1"}}]`,
			types.MergePatchType:          `{"metadata":{"labels":{"merge":"1"}}}`,
			types.StrategicMergePatchType: `{"metadata":{"labels":{"strategic":"1"}}}`,
			types.ApplyPatchType: fmt.Sprintf(`{"apiVersion":%q,"kind":%q,"metadata":{"name":%q,"labels":{"apply":"1"}}}`,
				l.def.GroupVersionResource().GroupVersion(), l.def.GroupVersionKind().Kind, l.name),
		} {
			if _, err := l.client.Patch(l.ctx, l.name, kind, []byte(patch), metav1.PatchOptions{FieldManager: "sheaf-e2e"}); err != nil {
				l.t.Errorf("patch by %s: %v", kind, err)
			}
		}
	}
	if l.has(resource.VerbUpdate) {
		l.update()
	}
	if status, ok := l.found.Subresource("status"); ok && resource.ParseVerbs(status.Verbs...).Has(resource.VerbUpdate) {
		l.update("status")
	}
}

// update sets a label, or sends the status as it is, and starts over when the server's own controllers have been faster.
func (l *life) update(subresources ...string) {
	var now resource.Object
	err := apierrors.NewConflict(schema.GroupResource{}, "", nil)
	var last error = err
	for tries := 0; tries < 10 && apierrors.IsConflict(last); tries++ {
		if now, last = l.client.Get(l.ctx, l.name, metav1.GetOptions{}); last != nil {
			break
		}
		labels := now.GetLabels()
		for _, by := range []string{"merge", "strategic", "apply"} {
			if l.has(resource.VerbPatch) && labels[by] != "1" {
				l.t.Errorf("the patches left labels %v", labels)
			}
		}
		if len(subresources) == 0 {
			labels["update"] = "1"
			now.SetLabels(labels)
		}
		now, last = l.client.Update(l.ctx, now, metav1.UpdateOptions{}, subresources...)
	}
	if last != nil || now.GetLabels()["update"] != "1" {
		l.t.Errorf("update %v: %v", subresources, last)
	}
}

// remove tries the verbs that remove objects.
func (l *life) remove() {
	now, other := metav1.DeleteOptions{GracePeriodSeconds: new(int64)}, types.UID("another")
	guarded := now
	guarded.Preconditions = &metav1.Preconditions{UID: &other}
	if err := l.client.Delete(l.ctx, l.name, guarded); !apierrors.IsConflict(err) {
		l.t.Errorf("delete another of that name: %v", err)
	}
	if l.has(resource.VerbDeleteCollection) {
		if err := l.client.DeleteCollection(l.ctx, now, metav1.ListOptions{LabelSelector: "merge=nothing-has-this"}); err != nil {
			l.t.Errorf("delete none of the collection: %v", err)
		}
		if _, err := l.client.Get(l.ctx, l.name, metav1.GetOptions{}); err != nil {
			l.t.Errorf("it was not selected: %v", err)
		}
		if err := l.client.DeleteCollection(l.ctx, now, metav1.ListOptions{LabelSelector: "merge=1"}); err != nil {
			l.t.Errorf("delete the collection: %v", err)
		}
	} else if err := l.client.Delete(l.ctx, l.name, now); err != nil {
		l.t.Errorf("delete: %v", err)
	}
	// The controllers that would remove finalizers do not run here.
	if o, err := l.client.Get(l.ctx, l.name, metav1.GetOptions{}); err == nil && len(o.GetFinalizers()) > 0 {
		_, err := l.client.Patch(l.ctx, l.name, types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			l.t.Error(err)
		}
	}
	if _, err := l.client.Get(l.ctx, l.name, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		l.t.Errorf("get what was deleted: %v", err)
	}
}

// watch sees the whole life again, from before it began.
func (l *life) watch(since string) {
	ctx, cancel := context.WithTimeout(l.ctx, within)
	defer cancel()
	w, err := l.client.Watch(ctx, metav1.ListOptions{ResourceVersion: since, FieldSelector: "metadata.name=" + l.name, TimeoutSeconds: ptr(int64(within / time.Second))})
	if err != nil {
		l.t.Fatalf("watch: %v", err)
	}
	defer w.Close()
	seen := map[watch.EventType]int{}
	for seen[watch.Deleted] == 0 {
		e, err := w.Next()
		if err != nil || e.Err != nil || e.Status != nil {
			l.t.Fatalf("watch: %v, %v, %v after %v", err, e.Err, e.Status, seen)
		}
		if e.Object != nil && e.Object.GetName() != l.name {
			l.t.Errorf("the watch saw %s", e.Object.GetName())
		}
		seen[e.Type]++
	}
	if seen[watch.Added] != 1 || l.has(resource.VerbPatch) && seen[watch.Modified] < 3 {
		l.t.Errorf("the watch saw %v", seen)
	}
}

// A watch that the server ends after the time that was asked for ends in good order.
func TestAWatchEndsAfterItsTimeoutSeconds(t *testing.T) {
	c := configMaps(t)
	start := time.Now()
	w, err := c.Watch(t.Context(), metav1.ListOptions{TimeoutSeconds: ptr(int64(1))})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := w.Next(); err != io.EOF {
		t.Errorf("the watch ended with %v", err)
	}
	if took := time.Since(start); took < 900*time.Millisecond || took > within {
		t.Errorf("it took %v", took)
	}
}

func ptr[T any](v T) *T { return &v }
