package site

import (
	"context"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/apply"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/examples/internal/run"
	apps "github.com/sheaf-dev/sheaf/resource/apps/v1"
	"github.com/sheaf-dev/sheaf/rest"
	"github.com/sheaf-dev/sheaf/retry"
)

// step is what somebody does to a site.
type step func(ctx context.Context, client *rest.Client) error

// Play has somebody on the embedded server make two sites, change one and delete the other.
func Play(ctx context.Context, client *rest.Client) error { return play(ctx, client, false) }

// PlayWithPods is Play, with somebody who runs the replicas of the sites' Deployments, as a cluster would.
func PlayWithPods(ctx context.Context, client *rest.Client) error { return play(ctx, client, true) }

func play(ctx context.Context, client *rest.Client, pods bool) error {
	steps := []step{want("blog", 2), want("shop", 1), want("blog", 0), remove("shop")}
	if pods {
		steps = []step{want("blog", 2), ready("blog", 1), ready("blog", 2), want("blog", 0), ready("blog", 0), want("shop", 1), remove("shop")}
	}
	for _, do := range steps {
		if err := do(ctx, client); err != nil {
			return err
		}
		if !run.Pause(ctx, 700*time.Millisecond) {
			return nil
		}
	}
	return nil
}

// want makes or changes a site.
func want(name string, replicas int32) step {
	return func(ctx context.Context, client *rest.Client) error {
		site := Sites.New()
		site.Name, site.Spec = name, Spec{Image: "example.com/" + name, Replicas: replicas}
		// Replicas has no omitempty, so that zero has to be said to be meant.
		_, err := typed.For(client, Sites).Namespace("default").Apply(ctx, site, metav1.ApplyOptions{FieldManager: "owner-of-" + name}, apply.Zero(&site.Spec.Replicas))
		return err
	}
}

func remove(name string) step {
	return func(ctx context.Context, client *rest.Client) error {
		return typed.For(client, Sites).Namespace("default").Delete(ctx, name, metav1.DeleteOptions{})
	}
}

// ready has so many replicas of a site's Deployment run.
func ready(name string, n int32) step {
	return func(ctx context.Context, client *rest.Client) error {
		_, err := retry.UpdateStatus(ctx, typed.For(client, apps.Deployments).Namespace("default"), "site-"+name, func(d *appsv1.Deployment) error {
			d.Status.Replicas, d.Status.ReadyReplicas = n, n
			return nil
		})
		if apierrors.IsNotFound(err) {
			return nil // the controller is not so far yet
		}
		return err
	}
}
