package informers_test

import (
	"context"
	"fmt"
	"sync"

	v1 "k8s.io/api/core/v1"

	"github.com/sheaf-dev/sheaf/cache"
	"github.com/sheaf-dev/sheaf/informers"
)

// An informer of a user's own functions. With a factory it would be informers.For(factory, corev1.ConfigMaps).
func ExampleNew() {
	system := newShelf()
	system.put("default", "settings", "blue")

	informer := informers.New(configMaps, system.source(), cache.Options{})
	updated := make(chan struct{})
	registration, err := informer.AddEventHandler(informers.ResourceEventHandlerFuncs[*v1.ConfigMap]{
		AddFunc: func(o *v1.ConfigMap, initial bool) { fmt.Println("there is", o.Name, o.Data["value"]) },
		UpdateFunc: func(old, new *v1.ConfigMap, resync bool) {
			fmt.Println(new.Name, "changed from", old.Data["value"], "to", new.Data["value"])
			close(updated)
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { informer.Run(ctx) })
	<-registration.Synced()
	system.put("default", "settings", "green")
	<-updated

	settings, err := informer.Lister().Namespace("default").Get("settings")
	fmt.Println(settings.Data["value"], err)
	_, err = informer.Lister().Namespace("default").Get("other")
	fmt.Println(err)

	cancel()
	running.Wait()
	// Output:
	// there is settings blue
	// settings changed from blue to green
	// green <nil>
	// configmaps "default/other" not found
}
