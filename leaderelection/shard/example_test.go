package shard_test

import (
	"context"
	"fmt"
	"sync"

	"k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/cache"
	"github.com/sheaf-dev/sheaf/leaderelection"
	"github.com/sheaf-dev/sheaf/leaderelection/shard"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// A replica that is alone owns all shards. Each has an informer of its own objects.
func Example() {
	server := apitest.New(apitest.Options{InMemory: true}).Start(&test)
	defer test.end()
	for i := range 100 {
		object := &v1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: fmt.Sprint("team-", i), Name: "settings"}}
		if err := apitest.In(server, corev1.ConfigMaps).Put(object); err != nil {
			panic(err)
		}
	}
	client, err := rest.NewClient(server.Config())
	if err != nil {
		panic(err)
	}
	defer client.CloseIdle()

	ctx, stop := context.WithCancel(context.Background())
	var shards sync.WaitGroup
	shards.Add(4)
	counts := make(chan int, 4)
	replica, err := shard.New(client, "kube-system", "my-controller", shard.Callbacks{
		OnAcquired: func(ctx context.Context, s shard.Shard) {
			settings := shard.Informer(client, corev1.ConfigMaps, "", s, cache.Options{})
			var wg sync.WaitGroup
			defer wg.Wait()
			wg.Go(func() { _ = settings.Run(ctx) })
			<-settings.Synced()
			if _, fenced := leaderelection.Token(ctx); fenced {
				counts <- settings.Shared().Reader().Len()
			}
			shards.Done() // a real controller works on them, until ctx ends
		},
	}, shard.Options{Shards: 4, Sample: shard.Namespaces(client)})
	if err != nil {
		panic(err)
	}
	go func() {
		shards.Wait()
		stop()
	}()
	if err := replica.Run(ctx); err != nil {
		panic(err)
	}
	total := 0
	for range 4 {
		total += <-counts
	}
	fmt.Println(total, "objects in", replica.Layout().Len(), "shards")
	// Output:
	// 100 objects in 4 shards
}

var test cleanup

// cleanup stands for a test, which an example does not have.
type cleanup []func()

func (*cleanup) Helper()                           {}
func (c *cleanup) Cleanup(f func())                { *c = append(*c, f) }
func (*cleanup) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

func (c *cleanup) end() {
	for _, f := range *c {
		f()
	}
}
