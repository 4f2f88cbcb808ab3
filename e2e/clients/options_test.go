package clients_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	coreapi "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/apply"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/e2e/cluster"
	"github.com/sheaf-dev/sheaf/resource"
	appsv1 "github.com/sheaf-dev/sheaf/resource/apps/v1"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

func TestADryRunChangesNothing(t *testing.T) {
	c, ctx, dry := configMaps(t), t.Context(), []string{metav1.DryRunAll}
	made := create(t, c, configMap("a", "1"))
	changed := made.DeepCopy()
	changed.Data["value"] = "2"
	if got, err := c.Update(ctx, changed, metav1.UpdateOptions{DryRun: dry}); err != nil || got.Data["value"] != "2" {
		t.Errorf("update: %v, %v", got, err)
	}
	if got, err := c.Patch(ctx, "a", types.MergePatchType, []byte(`{"data":{"value":"3"}}`), metav1.PatchOptions{DryRun: dry}); err != nil || got.Data["value"] != "3" {
		t.Errorf("patch: %v, %v", got, err)
	}
	if got, err := c.Create(ctx, configMap("b", "1"), metav1.CreateOptions{DryRun: dry}); err != nil || got.UID == "" {
		t.Errorf("create: %v, %v", got, err)
	}
	if got, err := c.Apply(ctx, configMap("b", "1"), metav1.ApplyOptions{DryRun: dry, FieldManager: "e2e"}); err != nil || got.UID == "" {
		t.Errorf("apply: %v, %v", got, err)
	}
	if err := c.Delete(ctx, "a", metav1.DeleteOptions{DryRun: dry}); err != nil {
		t.Errorf("delete: %v", err)
	}
	if err := c.DeleteCollection(ctx, metav1.DeleteOptions{DryRun: dry}, metav1.ListOptions{}); err != nil {
		t.Errorf("delete collection: %v", err)
	}
	list, err := c.List(ctx, metav1.ListOptions{})
	if err != nil || len(list.Items) != 1 || list.Items[0].ResourceVersion != made.ResourceVersion {
		t.Errorf("left: %v, %v", list, err)
	}
}

func TestFieldsBelongToTheManagerThatIsNamed(t *testing.T) {
	c, ctx := configMaps(t), t.Context()
	made, err := c.Create(ctx, configMap("a", "1"), metav1.CreateOptions{FieldManager: "creator"})
	if err != nil {
		t.Fatal(err)
	}
	made.Data["other"] = "1"
	if _, err = c.Update(ctx, made, metav1.UpdateOptions{FieldManager: "updater"}); err != nil {
		t.Fatal(err)
	}
	got, err := c.Patch(ctx, "a", types.MergePatchType, []byte(`{"data":{"third":"1"}}`), metav1.PatchOptions{FieldManager: "patcher"})
	if err != nil {
		t.Fatal(err)
	}
	owned := map[string]string{}
	for _, m := range got.ManagedFields {
		owned[m.Manager] = m.FieldsV1.GetRawString()
	}
	for manager, field := range map[string]string{"creator": "f:value", "updater": "f:other", "patcher": "f:third"} {
		if !strings.Contains(owned[manager], field) {
			t.Errorf("%s owns %s, want %s in it", manager, owned[manager], field)
		}
	}
}

func TestUnknownFieldsAreTreatedAsTheValidationSays(t *testing.T) {
	var warnings []string
	c := configMaps(t, func(config *rest.Config) {
		config.Warnings = func(_ context.Context, w rest.Warning) { warnings = append(warnings, w.Text) }
	})
	create(t, c, configMap("a", "1"))
	patch := func(validation string) error {
		warnings = nil
		_, err := c.Patch(t.Context(), "a", types.MergePatchType, []byte(`{"nonsense":1}`), metav1.PatchOptions{FieldValidation: validation})
		return err
	}
	if err := patch(metav1.FieldValidationStrict); !apierrors.IsInvalid(err) && !apierrors.IsBadRequest(err) || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("strict: %v", err)
	}
	if err := patch(metav1.FieldValidationWarn); err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], "nonsense") {
		t.Errorf("warn: %v, %q", err, warnings)
	}
	if err := patch(metav1.FieldValidationIgnore); err != nil || len(warnings) != 0 {
		t.Errorf("ignore: %v, %q", err, warnings)
	}
}

func TestUnknownFieldsAreRefusedInWhatIsCreatedAndReplacedIfTheValidationSaysSo(t *testing.T) {
	client, ctx := connect(t, cluster.Admin), t.Context()
	untyped := resource.Define[*unstructured.Unstructured]("", "v1", "configmaps", "ConfigMap", resource.Namespaced)
	c := typed.For(client, untyped).Namespace(namespace(t, client))
	odd := &unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{"name": "a"}, "nonsense": int64(1)}}
	if _, err := c.Create(ctx, odd, metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict}); !apierrors.IsBadRequest(err) || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("create: %v", err)
	}
	made, err := c.Create(ctx, odd, metav1.CreateOptions{FieldValidation: metav1.FieldValidationIgnore})
	if err != nil || made.Object["nonsense"] != nil {
		t.Fatalf("create: %v, %v", made, err)
	}
	made.Object["nonsense"] = "again"
	if _, err := c.Update(ctx, made, metav1.UpdateOptions{FieldValidation: metav1.FieldValidationStrict}); !apierrors.IsBadRequest(err) || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("update: %v", err)
	}
	if _, err := c.Update(ctx, made, metav1.UpdateOptions{FieldValidation: metav1.FieldValidationIgnore}); err != nil {
		t.Errorf("update: %v", err)
	}
}

func TestADeletionHappensOnlyUnderItsPreconditions(t *testing.T) {
	c, ctx := configMaps(t), t.Context()
	made := create(t, c, configMap("a", "1"))
	wrong, old := types.UID("another"), "1"
	for _, p := range []metav1.Preconditions{{UID: &wrong}, {ResourceVersion: &old}} {
		if err := c.Delete(ctx, "a", metav1.DeleteOptions{Preconditions: &p}); !apierrors.IsConflict(err) {
			t.Errorf("%v: %v", p, err)
		}
	}
	right := metav1.Preconditions{UID: &made.UID, ResourceVersion: &made.ResourceVersion}
	if err := c.Delete(ctx, "a", metav1.DeleteOptions{Preconditions: &right}); err != nil {
		t.Error(err)
	}
}

func TestADeletionPropagatesAsItSays(t *testing.T) {
	client := connect(t, cluster.Admin)
	c, ctx := typed.For(client, appsv1.Deployments).Namespace(namespace(t, client)), t.Context()
	for policy, finalizer := range map[metav1.DeletionPropagation]string{
		metav1.DeletePropagationBackground: "",
		metav1.DeletePropagationOrphan:     "orphan",
		metav1.DeletePropagationForeground: "foregroundDeletion",
	} {
		d := sampleOf(t, appsv1.Deployments)
		d.Name = strings.ToLower(string(policy))
		create(t, c, d)
		if err := c.Delete(ctx, d.Name, metav1.DeleteOptions{PropagationPolicy: &policy}); err != nil {
			t.Errorf("%s: %v", policy, err)
		}
		left, err := c.Get(ctx, d.Name, metav1.GetOptions{})
		switch {
		case finalizer == "" && !apierrors.IsNotFound(err):
			t.Errorf("%s: it is still there, %v", policy, err)
		case finalizer != "" && (err != nil || left.DeletionTimestamp == nil || !slices.Contains(left.Finalizers, finalizer)):
			t.Errorf("%s: left %v, %v", policy, left, err)
		}
	}
}

// The older way to say it.
func TestDependentsAreOrphanedIfADeletionSaysSo(t *testing.T) {
	client := connect(t, cluster.Admin)
	c, ctx := typed.For(client, appsv1.Deployments).Namespace(namespace(t, client)), t.Context()
	for name, orphan := range map[string]bool{"with": true, "without": false} {
		d := sampleOf(t, appsv1.Deployments)
		d.Name = name
		create(t, c, d)
		//lint:ignore SA1019 the server honours it
		opts := metav1.DeleteOptions{OrphanDependents: &orphan}
		if err := c.Delete(ctx, name, opts); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		left, err := c.Get(ctx, name, metav1.GetOptions{})
		if orphan && (err != nil || !slices.Contains(left.Finalizers, metav1.FinalizerOrphanDependents)) || !orphan && !apierrors.IsNotFound(err) {
			t.Errorf("%s: left %v, %v", name, left, err)
		}
	}
}

func TestAPodIsGivenItsGracePeriod(t *testing.T) {
	client := connect(t, cluster.Admin)
	c, ctx := typed.For(client, corev1.Pods).Namespace(namespace(t, client)), t.Context()
	pod := sampleOf(t, corev1.Pods)
	pod.Spec.NodeName = "nowhere" // else it is gone at once
	create(t, c, pod)
	if err := c.Delete(ctx, pod.Name, metav1.DeleteOptions{GracePeriodSeconds: ptr(int64(300))}); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Get(ctx, pod.Name, metav1.GetOptions{}); err != nil || got.DeletionGracePeriodSeconds == nil || *got.DeletionGracePeriodSeconds != 300 {
		t.Errorf("got %v, %v", got, err)
	}
	if err := c.Delete(ctx, pod.Name, metav1.DeleteOptions{GracePeriodSeconds: new(int64)}); err != nil {
		t.Error(err)
	}
	if _, err := c.Get(ctx, pod.Name, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("it is still there: %v", err)
	}
}

// names are the objects of a list.
func names(list []*coreapi.ConfigMap) (all []string) {
	for _, o := range list {
		all = append(all, o.Name)
	}
	return all
}

func TestAListIsOfTheVersionThatItAsksFor(t *testing.T) {
	c, ctx := configMaps(t), t.Context()
	first := create(t, c, configMap("a", "1"))
	second := create(t, c, configMap("b", "1"))
	for _, x := range []struct {
		opts metav1.ListOptions
		want string
	}{
		{metav1.ListOptions{}, "a b"},
		{metav1.ListOptions{ResourceVersion: first.ResourceVersion, ResourceVersionMatch: metav1.ResourceVersionMatchExact}, "a"},
		{metav1.ListOptions{ResourceVersion: second.ResourceVersion, ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan}, "a b"},
		{metav1.ListOptions{ResourceVersion: second.ResourceVersion}, "a b"},
		{metav1.ListOptions{FieldSelector: "metadata.name=b"}, "b"},
		{metav1.ListOptions{FieldSelector: "metadata.name!=b"}, "a"},
	} {
		list, err := c.List(ctx, x.opts)
		if err != nil || strings.Join(names(list.Items), " ") != x.want {
			t.Errorf("%+v: %v, %v", x.opts, list, err)
		}
	}
	if _, err := c.List(ctx, metav1.ListOptions{ResourceVersionMatch: metav1.ResourceVersionMatchExact}); !apierrors.IsInvalid(err) && !apierrors.IsBadRequest(err) {
		t.Errorf("a match without a version: %v", err)
	}
	future := metav1.ListOptions{ResourceVersion: "999999999", ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan}
	if _, err := c.ResourceClient().MaxRetries(0).List(ctx, future, func(rest.Item) error { return nil }); !apierrors.IsTimeout(err) {
		t.Errorf("a version of the future: %v", err)
	}
}

func TestAListComesInPages(t *testing.T) {
	c, ctx := configMaps(t), t.Context()
	for i := range 5 {
		create(t, c, configMap(fmt.Sprint("n", i), "1"))
	}
	first, err := c.List(ctx, metav1.ListOptions{Limit: 2})
	if err != nil || len(first.Items) != 2 || first.Continue == "" || first.RemainingItemCount == nil || *first.RemainingItemCount != 3 {
		t.Fatalf("the first page: %v, %v", first, err)
	}
	create(t, c, configMap("n9", "later"))
	second, err := c.List(ctx, metav1.ListOptions{Limit: 10, Continue: first.Continue})
	if err != nil || strings.Join(names(second.Items), " ") != "n2 n3 n4" || second.Continue != "" || second.ResourceVersion != first.ResourceVersion {
		t.Errorf("the second page: %v, %v", second, err)
	}
}

// Events are not kept in the server's memory, so that it forgets their past when etcd is compacted.
func TestAPageThatTheServerHasForgottenIsExpired(t *testing.T) {
	client, ctx := connect(t, cluster.Admin), t.Context()
	ns := namespace(t, client)
	c := typed.For(client, corev1.Events).Namespace(ns)
	for i := range 3 {
		create(t, c, &coreapi.Event{
			ObjectMeta:     metav1.ObjectMeta{Name: fmt.Sprint("e", i)},
			InvolvedObject: coreapi.ObjectReference{Kind: "Pod", Namespace: ns, Name: "p"},
		})
	}
	first, err := c.List(ctx, metav1.ListOptions{Limit: 1})
	if err != nil || first.Continue == "" {
		t.Fatalf("the first page: %v, %v", first, err)
	}
	create(t, typed.For(client, corev1.ConfigMaps).Namespace(ns), configMap("newer", "1"))
	if _, err := server.Compact(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err = c.List(ctx, metav1.ListOptions{Continue: first.Continue}); !apierrors.IsResourceExpired(err) {
		t.Errorf("a page of the past: %v", err)
	}
}

// From nowhere and from "0" a watch begins with what is there, from a version with what came after it.
func TestAWatchStartsWhereItIsToldTo(t *testing.T) {
	c, ctx := configMaps(t), t.Context()
	first := create(t, c, configMap("a", "1"))
	create(t, c, configMap("b", "1"))
	if _, err := c.List(ctx, metav1.ListOptions{ResourceVersion: create(t, c, configMap("c", "1")).ResourceVersion}); err != nil { // so that "0" is this, too
		t.Fatal(err)
	}
	for version, want := range map[string]string{"": "a b c", "0": "a b c", first.ResourceVersion: "b c"} {
		w, err := c.Watch(ctx, metav1.ListOptions{ResourceVersion: version})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for e, err := range w.Events() {
			if err != nil || e.Type != watch.Added {
				t.Fatalf("%q: got %+v, %v", version, e, err)
			}
			if names = append(names, e.Object.Name); len(names) == len(strings.Fields(want)) {
				break
			}
		}
		if slices.Sort(names); strings.Join(names, " ") != want {
			t.Errorf("%q: got %q, want %s", version, names, want)
		}
		w.Close()
	}
}

func TestAWatchCanBeginWithWhatIsThere(t *testing.T) {
	c, ctx := configMaps(t), t.Context()
	create(t, c, configMap("a", "1"))
	w, err := c.Watch(ctx, metav1.ListOptions{
		SendInitialEvents: ptr(true), AllowWatchBookmarks: true,
		ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan, FieldSelector: "metadata.namespace=" + create(t, c, configMap("b", "1")).Namespace,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	var seen []string
	for e, err := range w.Events() {
		if err != nil {
			t.Fatal(err)
		}
		if e.Type == watch.Bookmark {
			break
		}
		seen = append(seen, string(e.Type)+" "+e.Object.Name)
	}
	if slices.Sort(seen); strings.Join(seen, ", ") != "ADDED a, ADDED b" {
		t.Errorf("saw %q", seen)
	}
}

func TestAnAppliedFieldIsTakenOverOnlyByForce(t *testing.T) {
	c, ctx := configMaps(t), t.Context()
	if _, err := c.Apply(ctx, configMap("a", "first"), metav1.ApplyOptions{FieldManager: "first"}); err != nil {
		t.Fatal(err)
	}
	_, err := c.Apply(ctx, configMap("a", "second"), metav1.ApplyOptions{FieldManager: "second"})
	conflicts := apply.Conflicts(err)
	if !apierrors.IsConflict(err) || len(conflicts) != 1 || conflicts[0].Manager != "first" || conflicts[0].Field != ".data.value" {
		t.Errorf("conflicts %+v of %v", conflicts, err)
	}
	taken, err := c.Apply(ctx, configMap("a", "second"), metav1.ApplyOptions{FieldManager: "second", Force: true})
	if err != nil || taken.Data["value"] != "second" {
		t.Errorf("by force: %v, %v", taken, err)
	}
	// What the first applies no longer is the second's, and stays.
	left, err := c.Apply(ctx, &coreapi.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "a"}, Data: map[string]string{"own": "1"}}, metav1.ApplyOptions{FieldManager: "first"})
	if err != nil || left.Data["value"] != "second" || left.Data["own"] != "1" {
		t.Errorf("after that: %v, %v", left, err)
	}
}
