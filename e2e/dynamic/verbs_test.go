package dynamic_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/dynamic"
	"github.com/sheaf-dev/sheaf/e2e/internal/samples"
	"github.com/sheaf-dev/sheaf/resource"
)

// exceptions are the verbs that are served and cannot be tried in this way, and why.
var exceptions = map[string]map[schema.GroupResource]string{
	"create": {
		{Group: "certificates.k8s.io", Resource: "podcertificaterequests"}: "only a kubelet may make one, for a pod of its own",
		{Resource: "bindings"}: "a pod can be bound once, see TestAPodIsBoundOnce",
	},
	"delete": {
		{Resource: "namespaces"}: "a namespace is gone when a controller has emptied it, and none runs",
	},
}

func excepted(verb string, r dynamic.Resource) bool {
	return exceptions[verb][r.Found().Resource.GroupResource()] != ""
}

// allResources are those of the server itself, without what samples of definitions define.
func allResources(t *testing.T) []dynamic.Resource {
	t.Helper()
	_, finder := newClient(t)
	catalog, err := finder.Mapper().Cache().Catalog(t.Context())
	if err != nil || catalog.Err() != nil {
		t.Fatal(err, catalog.Err())
	}
	var all []dynamic.Resource
	for found := range catalog.Resources() {
		if strings.HasSuffix(found.Resource.Group, ".example.com") {
			continue
		}
		r, err := finder.Resource(t.Context(), found.Resource)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

// Each verb that discovery lists works, on every resource in every version.
func TestEveryVerbOfEveryResourceWorks(t *testing.T) {
	all := allResources(t)
	for _, r := range all {
		t.Run(r.String(), func(t *testing.T) { tryVerbs(t, r) })
	}
	if len(all) < 70 {
		t.Errorf("only %d resources were tried", len(all))
	}
}

// sample returns an object of a resource to create.
func sample(t *testing.T, r dynamic.Resource) *unstructured.Unstructured {
	t.Helper()
	data := samples.JSON(r.Found().Kind)
	if data == nil {
		t.Fatalf("there is no sample of %s", r.Found().Kind)
	}
	u := &unstructured.Unstructured{}
	if err := json.Unmarshal(data, &u.Object); err != nil {
		t.Fatal(err)
	}
	u.SetGroupVersionKind(r.Found().Kind)
	return u
}

func tryVerbs(t *testing.T, r dynamic.Resource) {
	ctx, has := t.Context(), r.Definition().Definition().Verbs().Has
	objects, metadata := r.Objects(), r.Metadata()
	if r.Definition().Definition().Namespaced() {
		objects, metadata = objects.Namespace("default"), metadata.Namespace("default")
	}
	if has(resource.VerbList) {
		if _, err := objects.List(ctx, metav1.ListOptions{Limit: 1}); err != nil {
			t.Errorf("list: %v", err)
		}
		if list, err := metadata.List(ctx, metav1.ListOptions{}); err != nil {
			t.Errorf("list metadata: %v", err)
		} else if len(list.Items) > 0 && list.Items[0].Kind != r.Found().Kind.Kind {
			t.Errorf("metadata is of kind %s", list.Items[0].Kind)
		}
	}
	if !has(resource.VerbCreate) || excepted("create", r) {
		return
	}
	if !has(resource.VerbGet) { // answered at once, and not kept
		if answer, err := objects.Create(ctx, sample(t, r), metav1.CreateOptions{}); err != nil || answer.GetKind() != r.Found().Kind.Kind {
			t.Errorf("create: %v, %v", answer, err)
		}
		return
	}
	dry, err := objects.Create(ctx, sample(t, r), metav1.CreateOptions{DryRun: []string{"All"}})
	if err != nil {
		t.Fatalf("create, dry: %v", err)
	}
	if _, err := objects.Get(ctx, dry.GetName(), metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("get what was only tried: %v", err)
	}
	var events *typed.Watch[*unstructured.Unstructured]
	if has(resource.VerbWatch) {
		if events, err = objects.Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=" + dry.GetName()}); err != nil {
			t.Fatalf("watch: %v", err)
		}
		defer events.Close()
	}
	made, err := objects.Create(ctx, sample(t, r), metav1.CreateOptions{FieldManager: "sheaf-e2e"})
	if err != nil {
		t.Fatalf("create: %v", err)
	}
	change(t, r, objects, metadata, made.GetName())
	remove(t, r, objects, made)
	if events != nil {
		if err := sawLife(events, !excepted("delete", r)); err != nil {
			t.Error(err)
		}
	}
}

// change tries the verbs that change an object.
func change(t *testing.T, r dynamic.Resource, objects typed.Client[*unstructured.Unstructured], metadata typed.Client[*metav1.PartialObjectMetadata], name string) {
	t.Helper()
	ctx, has := t.Context(), r.Definition().Definition().Verbs().Has
	if has(resource.VerbPatch) {
		for kind, patch := range map[types.PatchType]string{
			types.MergePatchType: `{"metadata":{"labels":{"merge":"1"}}}`,
			types.JSONPatchType:  `[{"op":"add","path":"/metadata/annotations","value":{"json":"1"}}]`,
		} {
			if _, err := objects.Patch(ctx, name, kind, []byte(patch), metav1.PatchOptions{}); err != nil {
				t.Errorf("patch by %s: %v", kind, err)
			}
		}
		if one, err := metadata.Patch(ctx, name, types.MergePatchType, []byte(`{"metadata":{"labels":{"metadata":"1"}}}`), metav1.PatchOptions{}); err != nil || one.Labels["metadata"] != "1" {
			t.Errorf("patch metadata: %v, %v", one, err)
		}
		applied := &unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{"name": name, "labels": map[string]any{"apply": "1"}}}}
		if _, err := objects.Apply(ctx, applied, metav1.ApplyOptions{FieldManager: "sheaf-e2e-apply"}); err != nil {
			t.Errorf("apply: %v", err)
		}
	}
	if has(resource.VerbUpdate) {
		err := retried(func() error {
			now, err := objects.Get(ctx, name, metav1.GetOptions{})
			if err != nil {
				return err
			}
			labels := now.GetLabels()
			if labels["merge"] != "1" || labels["apply"] != "1" || now.GetAnnotations()["json"] != "1" {
				return fmt.Errorf("the patches left labels %v and annotations %v", labels, now.GetAnnotations())
			}
			labels["update"] = "1"
			now.SetLabels(labels)
			now, err = objects.Update(ctx, now, metav1.UpdateOptions{})
			if err == nil && now.GetLabels()["update"] != "1" {
				err = fmt.Errorf("the labels are %v", now.GetLabels())
			}
			return err
		})
		if err != nil {
			t.Errorf("update: %v", err)
		}
	}
	if status, ok := r.Found().Subresource("status"); ok && resource.ParseVerbs(status.Verbs...).Has(resource.VerbUpdate) {
		err := retried(func() error {
			now, err := objects.Get(ctx, name, metav1.GetOptions{})
			if err != nil {
				return err
			}
			_, err = objects.UpdateStatus(ctx, now, metav1.UpdateOptions{})
			return err
		})
		if err != nil {
			t.Errorf("update status: %v", err)
		}
	}
}

// retried repeats what conflicts with the server's own controllers.
func retried(do func() error) error {
	err := do()
	for range 10 {
		if !apierrors.IsConflict(err) {
			break
		}
		err = do()
	}
	return err
}

// remove tries the verbs that remove objects.
func remove(t *testing.T, r dynamic.Resource, objects typed.Client[*unstructured.Unstructured], made *unstructured.Unstructured) {
	t.Helper()
	ctx, has := t.Context(), r.Definition().Definition().Verbs().Has
	now, wrong := metav1.DeleteOptions{GracePeriodSeconds: new(int64)}, types.UID("another")
	if has(resource.VerbDelete) {
		guarded := now
		guarded.Preconditions = &metav1.Preconditions{UID: &wrong}
		if err := objects.Delete(ctx, made.GetName(), guarded); !apierrors.IsConflict(err) {
			t.Errorf("delete another of that name: %v", err)
		}
	}
	if has(resource.VerbDeleteCollection) {
		if err := objects.DeleteCollection(ctx, now, metav1.ListOptions{LabelSelector: "merge=nothing-has-this"}); err != nil {
			t.Errorf("delete none of the collection: %v", err)
		}
		if _, err := objects.Get(ctx, made.GetName(), metav1.GetOptions{}); err != nil {
			t.Errorf("it was not selected: %v", err)
		}
		if err := objects.DeleteCollection(ctx, now, metav1.ListOptions{LabelSelector: "merge=1"}); err != nil {
			t.Errorf("delete the collection: %v", err)
		}
	} else if err := objects.Delete(ctx, made.GetName(), now); err != nil {
		t.Errorf("delete: %v", err)
	}
	unfinalize(t, objects, made.GetName())
	if _, err := objects.Get(ctx, made.GetName(), metav1.GetOptions{}); !apierrors.IsNotFound(err) && !excepted("delete", r) {
		t.Errorf("get what was deleted: %v", err)
	}
}

// unfinalize does the work of the controllers that do not run here.
func unfinalize(t *testing.T, objects typed.Client[*unstructured.Unstructured], name string) {
	t.Helper()
	o, err := objects.Get(t.Context(), name, metav1.GetOptions{})
	if err != nil || len(o.GetFinalizers()) == 0 {
		return
	}
	if _, err := objects.Patch(t.Context(), name, types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{}); err != nil && !apierrors.IsNotFound(err) {
		t.Error(err)
	}
}

// sawLife says whether a watch has seen an object come, change, and go.
func sawLife(events *typed.Watch[*unstructured.Unstructured], goes bool) error {
	seen := map[watch.EventType]int{}
	for e, err := range events.Events() {
		if err != nil {
			return err
		}
		seen[e.Type]++
		if e.Type == watch.Deleted || !goes && seen[watch.Modified] > 1 {
			break
		}
	}
	if seen[watch.Added] != 1 || seen[watch.Modified] == 0 {
		return fmt.Errorf("the watch saw %v", seen)
	}
	return nil
}
