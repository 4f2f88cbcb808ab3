package cache_test

import (
	"context"
	"fmt"
	"sync"

	"github.com/sheaf-dev/sheaf/cache"
	"github.com/sheaf-dev/sheaf/cache/internal/fake"
	"github.com/sheaf-dev/sheaf/resource"
)

// printer is a handler that prints what it is told.
type printer struct{ deleted chan struct{} }

func (p printer) OnAdd(o resource.Object, initial bool) {
	fmt.Println("add", resource.KeyOf(o), initial)
}

func (p printer) OnUpdate(old, new resource.Object, resync bool) {
	fmt.Println("update", resource.KeyOf(new), old.GetResourceVersion(), "→", new.GetResourceVersion())
}

func (p printer) OnDelete(last resource.Object, finalStateUnknown bool) {
	fmt.Println("delete", resource.KeyOf(last), finalStateUnknown)
	close(p.deleted)
}

func ExampleSharedIndexInformer() {
	collection := fake.New() // a source: usually a collection on a server
	collection.Set("default", "settings", "blue")

	informer := cache.New(fake.ConfigMaps.Definition(), collection, cache.Options{})
	handler := printer{make(chan struct{})}
	registration, err := informer.AddEventHandler(handler, cache.HandlerOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}

	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { informer.Run(ctx) })

	<-registration.Synced()
	collection.Set("default", "settings", "green")
	collection.Delete("default", "settings")
	<-handler.deleted

	cancel()
	running.Wait()
	// Output:
	// add default/settings true
	// update default/settings 2 → 3
	// delete default/settings false
}
