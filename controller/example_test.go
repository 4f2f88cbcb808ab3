package controller_test

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/controller"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/resource"
	apps "github.com/sheaf-dev/sheaf/resource/apps/v1"
	core "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// A controller of Deployments, which also looks when one of their Pods changes.
func Example() {
	server := apitest.New(apitest.Options{InMemory: true})
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error)
	go func() { served <- server.Run(ctx) }()
	defer func() { <-served }()
	web := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web"}}
	if err := apitest.In(server, apps.Deployments).Put(web); err != nil {
		panic(err)
	}

	client, err := rest.NewClient(server.Config())
	if err != nil {
		panic(err)
	}
	defer client.CloseIdle()
	factory := informers.NewSharedInformerFactory(client, informers.Options{})
	defer factory.Shutdown()
	deployments, pods := informers.For(factory, apps.Deployments), informers.For(factory, core.Pods)

	c := controller.New("example", func(ctx context.Context, key resource.Key) (controller.Result, error) {
		_, err := deployments.Lister().Get(key)
		if apierrors.IsNotFound(err) {
			fmt.Println(key, "is gone")
			stop()
			return controller.Result{}, nil
		}
		fmt.Println(key, "is there:", controller.Triggers(ctx)[0].Event)
		return controller.Result{}, apitest.In(server, apps.Deployments).Remove(key) // what happens next
	}, controller.Options{Workers: 2},
		controller.For(deployments),
		controller.Owned(pods, apps.Deployments))

	factory.Start(ctx)
	if err := c.Run(ctx); err != nil {
		panic(err)
	}
	// Output:
	// default/web is there: initial
	// default/web is gone
}
