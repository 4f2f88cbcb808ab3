// Deployments keeps a cache of a cluster's Deployments and says what happens to them: an informer with handlers, a resync of 60 s, an index of the
// user's own, and a lister.
//
//	go run ./examples/deployments                                 # on an API server inside the process
//	go run ./examples/deployments -kubeconfig ~/.kube/config
package main

import (
	"context"
	"fmt"
	"io"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/sheaf-dev/sheaf/examples/internal/cast"
	"github.com/sheaf-dev/sheaf/examples/internal/run"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/resource"
	apps "github.com/sheaf-dev/sheaf/resource/apps/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

func main() { run.Main(follow, run.Others{Before: cast.Deployments, Meanwhile: cast.Rollout}) }

func follow(ctx context.Context, config *rest.Config, out io.Writer) error {
	client, err := rest.NewClient(config)
	if err != nil {
		return err
	}
	defer client.CloseIdle()
	ctx, cancel := context.WithCancel(ctx)
	factory := informers.NewSharedInformerFactory(client, informers.Options{Resync: 60 * time.Second})
	defer factory.Shutdown() // waits until nothing of it runs
	defer cancel()

	deployments := informers.For(factory, apps.Deployments)
	if err := deployments.AddIndexers(map[string]func(*appsv1.Deployment) ([]string, error){"image": images}); err != nil {
		return err
	}
	if _, err := deployments.AddEventHandler(handler(out)); err != nil {
		return err
	}
	factory.Start(ctx)
	if err := factory.WaitForCacheSync(ctx); err != nil {
		return run.UnlessOver(ctx, err)
	}

	all := deployments.Lister().List(labels.Everything())
	sameImage, err := deployments.ByIndex("image", "example.com/web:1")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "synced: %d Deployments, %d of them run example.com/web:1\n", len(all), len(sameImage))
	<-ctx.Done()
	fmt.Fprintf(out, "over: %d Deployments\n", len(deployments.Lister().List(labels.Everything())))
	return nil
}

// images is an index function: the values under which a Deployment is found.
func images(d *appsv1.Deployment) ([]string, error) {
	var out []string
	for _, c := range d.Spec.Template.Spec.Containers {
		out = append(out, c.Image)
	}
	return out, nil
}

// handler says what happens. The objects are the cache's: they must not be changed.
func handler(out io.Writer) informers.ResourceEventHandlerFuncs[*appsv1.Deployment] {
	return informers.ResourceEventHandlerFuncs[*appsv1.Deployment]{
		AddFunc: func(d *appsv1.Deployment, initial bool) {
			if initial {
				fmt.Fprintf(out, "%s is there, %s\n", resource.KeyOf(d), readiness(d))
				return
			}
			fmt.Fprintf(out, "%s has come, %s\n", resource.KeyOf(d), readiness(d))
		},
		UpdateFunc: func(old, now *appsv1.Deployment, resync bool) {
			if !resync { // a resync shows the same again: for controllers that want to look now and then
				fmt.Fprintf(out, "%s changed: %s, was %s\n", resource.KeyOf(now), readiness(now), readiness(old))
			}
		},
		DeleteFunc: func(last *appsv1.Deployment, _ bool) { fmt.Fprintf(out, "%s is gone\n", resource.KeyOf(last)) },
	}
}

func readiness(d *appsv1.Deployment) string {
	wanted := int32(1)
	if d.Spec.Replicas != nil {
		wanted = *d.Spec.Replicas
	}
	return fmt.Sprintf("%d of %d ready", d.Status.ReadyReplicas, wanted)
}
