package main

import (
	"context"
	"errors"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/apply"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/patch"
	"github.com/sheaf-dev/sheaf/resource"
	core "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/retry"
)

// update shows the optimism of updates: who writes an old state gets a conflict, and starts over.
func (g *guide) update(ctx context.Context) error {
	old, err := g.configMaps.Get(ctx, "example-red", metav1.GetOptions{})
	if err != nil {
		return err
	}
	newer := resource.Copy(old)
	newer.Data["shade"] = "dark"
	if _, err := g.configMaps.Update(ctx, newer, metav1.UpdateOptions{}); err != nil {
		return err
	}
	old.Data["shade"] = "light"
	_, err = g.configMaps.Update(ctx, old, metav1.UpdateOptions{})
	g.sayf("updated; updating the state before is a conflict: %v", apierrors.IsConflict(err))

	now, err := retry.Update(ctx, g.configMaps, "example-red", func(cm *corev1.ConfigMap) error { // which reads anew and starts over
		cm.Data["shade"] += "er"
		return nil
	})
	if err != nil {
		return err
	}
	g.sayf("updated what is there now: %v", now.Data)
	return nil
}

// patch shows every kind of patch.
func (g *guide) patch(ctx context.Context) error {
	for _, p := range []struct {
		kind types.PatchType
		data string
	}{
		{types.MergePatchType, `{"data":{"merge":"1","shade":null}}`},
		{types.StrategicMergePatchType, `{"data":{"strategic":"1"}}`},
		{types.JSONPatchType, `[{"op":"test","path":"/data/merge","value":"1"},{"op":"move","from":"/data/merge","path":"/data/moved"}]`},
	} {
		now, err := g.configMaps.Patch(ctx, "example-red", p.kind, []byte(p.data), metav1.PatchOptions{})
		if err != nil {
			return err
		}
		g.sayf("patched by %s: %v", p.kind, now.Data)
	}

	before, err := g.configMaps.Get(ctx, "example-red", metav1.GetOptions{})
	if err != nil {
		return err
	}
	after := resource.Copy(before)
	delete(after.Data, "moved")
	difference, err := patch.Merge(before, after, patch.Locked)
	if err != nil {
		return err
	}
	now, err := g.configMaps.Patch(ctx, before.Name, difference.Type, difference.Data, metav1.PatchOptions{})
	if err != nil {
		return err
	}
	g.sayf("patched by a difference, unless somebody changes it meanwhile: %v", now.Data)
	return nil
}

// apply shows who owns what.
func (g *guide) apply(ctx context.Context) error {
	mine := core.ConfigMaps.New()
	mine.Name, mine.Labels, mine.Data = "example-applied", g.ours, map[string]string{"a": "1", "b": "2"}
	if _, err := g.configMaps.Apply(ctx, mine, metav1.ApplyOptions{FieldManager: "alice"}); err != nil {
		return err
	}
	theirs := core.ConfigMaps.New()
	theirs.Name, theirs.Data = mine.Name, map[string]string{"b": "3"}
	_, err := g.configMaps.Apply(ctx, theirs, metav1.ApplyOptions{FieldManager: "bob"})
	for _, c := range apply.Conflicts(err) {
		g.sayf("bob may not set %s: it belongs to %s", c.Field, c.Manager)
	}
	live, err := g.configMaps.Apply(ctx, theirs, metav1.ApplyOptions{FieldManager: "bob", Force: true})
	if err != nil {
		return err
	}
	owned, zeros, err := apply.Extract(live, "alice", "")
	if err != nil {
		return err
	}
	g.sayf("after bob has forced it, alice still owns %v", owned.Data)
	delete(owned.Data, "a")
	if live, err = g.configMaps.Apply(ctx, owned, metav1.ApplyOptions{FieldManager: "alice"}, zeros); err != nil {
		return err
	}
	g.sayf("what alice no longer applies is gone: %v", live.Data)
	return nil
}

func (g *guide) remove(ctx context.Context) error {
	red, err := g.configMaps.Get(ctx, "example-red", metav1.GetOptions{})
	if err != nil {
		return err
	}
	another := types.UID("another")
	err = g.configMaps.Delete(ctx, red.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &another}})
	g.sayf("deleting another one of that name is a conflict: %v", apierrors.IsConflict(err))
	if err := g.configMaps.Delete(ctx, red.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &red.UID, ResourceVersion: &red.ResourceVersion}}); err != nil {
		return err
	}
	_, err = g.configMaps.Get(ctx, red.Name, metav1.GetOptions{})
	g.sayf("deleted; getting it says not found: %v", apierrors.IsNotFound(err))

	_, err = g.configMaps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "Not A Name"}}, metav1.CreateOptions{})
	g.sayf("creating one of a bad name is invalid: %v", apierrors.IsInvalid(err))

	if err := g.configMaps.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: g.ours.String()}); err != nil {
		return err
	}
	rest, err := g.configMaps.List(ctx, metav1.ListOptions{LabelSelector: g.ours.String()})
	if err != nil {
		return err
	}
	g.sayf("deleted the collection: %d are left", len(rest.Items))
	return nil
}

// seen reads what the watch has seen meanwhile, until the last one is gone.
func (g *guide) seen(events *typed.Watch[*corev1.ConfigMap]) error {
	counts, there := map[watch.EventType]int{}, 0
	for e, err := range events.Events() {
		if err = errors.Join(err, e.Err); err != nil {
			return err
		}
		counts[e.Type]++
		switch e.Type {
		case watch.Added:
			there++
		case watch.Deleted:
			there--
		}
		if there == 0 && counts[watch.Added] == 5 {
			break
		}
	}
	g.sayf("the watch has seen %d come, %d change and %d go", counts[watch.Added], counts[watch.Modified], counts[watch.Deleted])
	return nil
}
