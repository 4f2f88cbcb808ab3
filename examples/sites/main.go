package main

import (
	"context"
	"fmt"
	"io"

	"github.com/sheaf-dev/sheaf/controller"
	"github.com/sheaf-dev/sheaf/examples/internal/run"
	"github.com/sheaf-dev/sheaf/examples/internal/site"
	"github.com/sheaf-dev/sheaf/informers"
	apps "github.com/sheaf-dev/sheaf/resource/apps/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

func main() { run.Main(control, run.Others{Before: site.Install, Meanwhile: site.PlayWithPods}) }

func control(ctx context.Context, config *rest.Config, out io.Writer) error {
	client, err := rest.NewClient(config)
	if err != nil {
		return err
	}
	defer client.CloseIdle()
	if err := site.Install(ctx, client); err != nil {
		return run.UnlessOver(ctx, err)
	}
	fmt.Fprintln(out, "the server serves sites")

	ctx, cancel := context.WithCancel(ctx)
	factory := informers.NewSharedInformerFactory(client, informers.Options{})
	defer factory.Shutdown()
	defer cancel()
	sites, deployments := informers.For(factory, site.Sites), informers.For(factory, apps.Deployments)
	r := newReconciler(client, sites, out)
	c := controller.New("sites", r.reconcile, controller.Options{Workers: 2},
		controller.For(sites),                     // a site that has changed is looked at,
		controller.Owned(deployments, site.Sites)) // and that whose Deployment has changed
	factory.Start(ctx)
	return run.UnlessOver(ctx, c.Run(ctx))
}
