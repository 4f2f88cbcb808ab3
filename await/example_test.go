package await_test

import (
	"context"
	"fmt"
	"time"

	coreapi "k8s.io/api/core/v1"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/await"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

func ExampleObject() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	server := apitest.New(apitest.Options{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Run(ctx)
	}()
	defer func() { cancel(); <-done }()
	if err := server.WaitListening(ctx); err != nil {
		fmt.Println(err)
		return
	}
	client, err := rest.NewClient(server.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.CloseIdle()

	namespaces := typed.For(client, corev1.Namespaces)
	found, err := await.Object(ctx, namespaces, "default", func(ns *coreapi.Namespace, there bool) (bool, error) {
		return there && ns.Status.Phase == coreapi.NamespaceActive, nil
	})
	fmt.Println(found.Name, found.Status.Phase, err)
	fmt.Println(await.Gone(ctx, namespaces, "nowhere"))
	// Output:
	// default Active <nil>
	// <nil>
}
