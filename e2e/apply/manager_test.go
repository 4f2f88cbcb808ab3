package apply_test

import (
	"slices"
	"testing"

	appsapi "k8s.io/api/apps/v1"
	coreapi "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/apply"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	appsv1 "github.com/sheaf-dev/sheaf/resource/apps/v1"
	schedulingv1 "github.com/sheaf-dev/sheaf/resource/scheduling/v1"
)

// web is a Deployment with what one manager wants of it.
func web(name string) *appsapi.Deployment {
	d := appsv1.Deployments.New()
	d.Name, d.Namespace = name, "default"
	replicas := int32(2)
	d.Spec.Replicas = &replicas
	d.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": name}}
	d.Spec.Template.Labels = map[string]string{"app": name}
	d.Spec.Template.Spec.Containers = []coreapi.Container{{Name: "main", Image: "example.com/web"}}
	return d
}

func TestConflictsSayWhoOwnsWhat(t *testing.T) {
	ctx, deployments := t.Context(), typed.For(newClient(t), appsv1.Deployments)
	if _, err := deployments.Apply(ctx, web("conflict"), metav1.ApplyOptions{FieldManager: "first"}); err != nil {
		t.Fatal(err)
	}
	other := appsv1.Deployments.New()
	other.Name, other.Namespace, other.Spec.Replicas = "conflict", "default", new(int32)
	_, err := deployments.Apply(ctx, other, metav1.ApplyOptions{FieldManager: "second"})
	conflicts := apply.Conflicts(err)
	if !apierrors.IsConflict(err) || len(conflicts) != 1 || conflicts[0].Manager != "first" || conflicts[0].Field != ".spec.replicas" {
		t.Fatalf("have %+v of %v", conflicts, err)
	}
	live, err := deployments.Apply(ctx, other, metav1.ApplyOptions{FieldManager: "second", Force: true})
	if err != nil || *live.Spec.Replicas != 0 {
		t.Fatal(live, err)
	}
	mine, _, err := apply.Extract(live, "first", "")
	if err != nil || mine.Spec.Replicas != nil || len(mine.Spec.Template.Spec.Containers) != 1 {
		t.Errorf("have %+v, %v", mine.Spec, err)
	}
}

func TestWhatIsNoLongerAppliedIsRemoved(t *testing.T) {
	ctx, deployments := t.Context(), typed.For(newClient(t), appsv1.Deployments)
	d, opts := web("remove"), metav1.ApplyOptions{FieldManager: "first"}
	d.Labels = map[string]string{"a": "1", "b": "2"}
	d.Spec.Template.Spec.Containers = append(d.Spec.Template.Spec.Containers, coreapi.Container{Name: "sidecar", Image: "example.com/sidecar"})
	live, err := deployments.Apply(ctx, d, opts)
	if err != nil {
		t.Fatal(err)
	}
	mine, zeros, err := apply.Extract(live, "first", "")
	if err != nil {
		t.Fatal(err)
	}
	delete(mine.Labels, "a")
	mine.Spec.Template.Spec.Containers = slices.DeleteFunc(mine.Spec.Template.Spec.Containers, func(c coreapi.Container) bool { return c.Name == "sidecar" })
	mine.Spec.Paused = true
	live, err = deployments.Apply(ctx, mine, opts, zeros)
	if err != nil || len(live.Labels) != 1 || live.Labels["b"] != "2" || len(live.Spec.Template.Spec.Containers) != 1 || !live.Spec.Paused {
		t.Errorf("have %v %v, %v", live.Labels, live.Spec, err)
	}
}

func TestTheStatusIsAppliedAndExtractedAlone(t *testing.T) {
	ctx, deployments := t.Context(), typed.For(newClient(t), appsv1.Deployments)
	d := web("status")
	if _, err := deployments.Apply(ctx, d, metav1.ApplyOptions{FieldManager: "first"}); err != nil {
		t.Fatal(err)
	}
	d.Spec.Paused = true // not sent
	d.Status.Replicas = 1
	live, err := deployments.ApplyStatus(ctx, d, metav1.ApplyOptions{FieldManager: "first"}, apply.Zero(&d.Status.ReadyReplicas))
	if err != nil || live.Status.Replicas != 1 || live.Spec.Paused {
		t.Fatal(live, err)
	}
	mine, zeros, err := apply.Extract(live, "first", "status")
	if err != nil || mine.Status.Replicas != 1 || mine.Spec.Replicas != nil {
		t.Fatal(mine, err)
	}
	again, err := deployments.ApplyStatus(ctx, mine, metav1.ApplyOptions{FieldManager: "first"}, zeros)
	if err != nil || again.ResourceVersion != live.ResourceVersion {
		t.Errorf("have %s after %s, %v", again.ResourceVersion, live.ResourceVersion, err)
	}
}

func TestAZeroThatIsMeantArrives(t *testing.T) {
	ctx, classes := t.Context(), typed.For(newClient(t), schedulingv1.PriorityClasses)
	class := schedulingv1.PriorityClasses.New()
	class.Name = "zero"
	opts := metav1.ApplyOptions{FieldManager: "first"}
	if _, err := classes.Apply(ctx, class, opts); err == nil || err.Error() !=
		`apply priorityclasses.scheduling.k8s.io/v1: "zero": value is zero, which may be meant or never have been given: say which with apply.Zero or apply.Unset` {
		t.Errorf("have %v", err)
	}
	live, err := classes.Apply(ctx, class, opts, apply.Zero(&class.Value))
	if err != nil || live.Value != 0 || len(live.ManagedFields) != 1 {
		t.Error(live, err)
	}
	mine, zeros, err := apply.Extract(live, "first", "")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := classes.Apply(ctx, mine, opts, zeros); err != nil || again.ResourceVersion != live.ResourceVersion {
		t.Error(again, err)
	}
}
