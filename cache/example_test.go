package cache_test

import (
	"context"
	"fmt"
	"sync"

	v1 "k8s.io/api/core/v1"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/cache"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// printer is a handler that prints what it is told.
type printer struct{ deleted chan struct{} }

func (p printer) OnAdd(o resource.Object, initial bool) {
	fmt.Println("add", resource.KeyOf(o), initial)
}

func (p printer) OnUpdate(old, new resource.Object, resync bool) {
	fmt.Println("update", resource.KeyOf(new), old.(*v1.ConfigMap).Data, "→", new.(*v1.ConfigMap).Data)
}

func (p printer) OnDelete(last resource.Object, finalStateUnknown bool) {
	fmt.Println("delete", resource.KeyOf(last), finalStateUnknown)
	close(p.deleted)
}

func ExampleSharedIndexInformer() {
	server := apitest.New(apitest.Options{InMemory: true}) // usually a cluster
	client, err := rest.NewClient(server.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	settings := corev1.ConfigMaps.New()
	settings.Namespace, settings.Name = "default", "settings"
	collection := apitest.In(server, corev1.ConfigMaps)
	collection.Put(settings)

	source := informers.Client(client, corev1.ConfigMaps.Definition(), "default")
	informer := cache.New(corev1.ConfigMaps.Definition(), source, cache.Options{})
	handler := printer{make(chan struct{})}
	registration, err := informer.AddEventHandler(handler, cache.HandlerOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}

	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { server.Run(ctx) })
	running.Go(func() { informer.Run(ctx) })

	<-registration.Synced()
	settings.Data = map[string]string{"colour": "green"}
	collection.Put(settings)
	collection.Remove(resource.KeyOf(settings))
	<-handler.deleted

	cancel()
	running.Wait()
	client.CloseIdle()
	// Output:
	// add default/settings true
	// update default/settings map[] → map[colour:green]
	// delete default/settings false
}
