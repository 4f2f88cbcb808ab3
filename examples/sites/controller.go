package main

import (
	"context"
	"fmt"
	"io"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/apply"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/controller"
	"github.com/sheaf-dev/sheaf/examples/internal/site"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/resource"
	apps "github.com/sheaf-dev/sheaf/resource/apps/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// reconciler makes what there is what sites want. It reads sites from the cache, and writes by server-side apply, which changes nothing where
// nothing differs.
type reconciler struct {
	cached      informers.Informer[*site.Site]
	sites       typed.Client[*site.Site]
	deployments typed.Client[*appsv1.Deployment]
	out         io.Writer
}

func newReconciler(client *rest.Client, cached informers.Informer[*site.Site], out io.Writer) *reconciler {
	return &reconciler{cached: cached, sites: typed.For(client, site.Sites), deployments: typed.For(client, apps.Deployments), out: out}
}

// manager is who applies.
var manager = metav1.ApplyOptions{FieldManager: "sites", Force: true}

func (r *reconciler) reconcile(ctx context.Context, key resource.Key) (controller.Result, error) {
	wanted, err := r.cached.Lister().Get(key)
	if apierrors.IsNotFound(err) {
		fmt.Fprintf(r.out, "%s is gone; its Deployment goes with it\n", key)
		return controller.Result{}, nil
	}
	if err != nil {
		return controller.Result{}, err
	}
	d, err := deploymentOf(wanted)
	if err != nil {
		return controller.Result{}, controller.Terminal(err)
	}
	if d, err = r.deployments.Apply(ctx, d, manager); err != nil {
		return controller.Result{}, err
	}
	status := statusOf(wanted, d)
	if status == wanted.Status {
		return controller.Result{}, nil
	}
	changed := site.Sites.New()
	changed.Namespace, changed.Name, changed.Status = key.Namespace, key.Name, status
	if _, err := r.sites.ApplyStatus(ctx, changed, manager, apply.Zero(&changed.Status)); err != nil {
		return controller.Result{}, err
	}
	fmt.Fprintf(r.out, "%s: %d of %d ready, %s\n", key, status.Ready, wanted.Spec.Replicas, status.Phase)
	return controller.Result{}, nil
}

// deploymentOf returns what a site needs.
func deploymentOf(s *site.Site) (*appsv1.Deployment, error) {
	match := map[string]string{"site": s.Name}
	d := apps.Deployments.New()
	d.Namespace, d.Name, d.Labels = s.Namespace, "site-"+s.Name, match
	d.Spec.Replicas = &s.Spec.Replicas
	d.Spec.Selector = &metav1.LabelSelector{MatchLabels: match}
	d.Spec.Template.Labels = match
	d.Spec.Template.Spec.Containers = []corev1.Container{{Name: "web", Image: s.Spec.Image}}
	return d, resource.SetController(s, d)
}

func statusOf(s *site.Site, d *appsv1.Deployment) site.Status {
	status := site.Status{Ready: d.Status.ReadyReplicas, Phase: "Progressing"}
	switch {
	case s.Spec.Replicas == 0 && d.Status.Replicas == 0:
		status.Phase = "Off"
	case d.Status.ReadyReplicas >= s.Spec.Replicas && s.Spec.Replicas > 0:
		status.Phase = "Ready"
	}
	return status
}
