package controller_test

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/controller"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/resource"
	apps "github.com/sheaf-dev/sheaf/resource/apps/v1"
	core "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// A controller of Deployments, which also looks when a ConfigMap changes that they name: an index finds them.
func ExampleMapped() {
	server := apitest.New(apitest.Options{InMemory: true})
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error)
	go func() { served <- server.Run(ctx) }()
	defer func() { <-served }()
	web := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web", Annotations: map[string]string{"config": "colours"}}}
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
	deployments, configMaps := informers.For(factory, apps.Deployments), informers.For(factory, core.ConfigMaps)

	err = deployments.AddIndexers(map[string]func(*appsv1.Deployment) ([]string, error){
		"config": func(d *appsv1.Deployment) ([]string, error) {
			return []string{resource.Key{Namespace: d.Namespace, Name: d.Annotations["config"]}.String()}, nil
		},
	})
	if err != nil {
		panic(err)
	}
	users := func(m *corev1.ConfigMap) (keys []resource.Key) {
		found, err := deployments.ByIndex("config", resource.KeyOf(m).String())
		if err != nil {
			panic(err) // there is no such index
		}
		for _, d := range found {
			keys = append(keys, resource.KeyOf(d))
		}
		return keys
	}

	c := controller.New("example", func(ctx context.Context, key resource.Key) (controller.Result, error) {
		m, err := configMaps.Lister().Get(resource.Key{Namespace: key.Namespace, Name: "colours"})
		if err != nil {
			fmt.Println(key, "waits for its ConfigMap")
			m := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "colours"}, Data: map[string]string{"sky": "blue"}}
			return controller.Result{}, apitest.In(server, core.ConfigMaps).Put(m) // what happens next
		}
		fmt.Println(key, "sees a sky that is", m.Data["sky"])
		stop()
		return controller.Result{}, nil
	}, controller.Options{},
		controller.For(deployments),
		controller.Mapped(configMaps, users))

	factory.Start(ctx)
	if err := c.Run(ctx); err != nil {
		panic(err)
	}
	// Output:
	// default/web waits for its ConfigMap
	// default/web sees a sky that is blue
}
