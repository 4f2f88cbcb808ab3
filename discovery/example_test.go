package discovery_test

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/discovery"
	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/rest"
)

// start runs an embedded server until stop is called.
func start() (client *rest.Client, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	server := apitest.New(apitest.Options{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Run(ctx)
	}()
	_ = server.WaitListening(ctx)
	client, err := rest.NewClient(server.Config())
	if err != nil {
		panic(err)
	}
	return client, func() {
		client.CloseIdle()
		cancel()
		<-done
	}
}

// A client for something of which only the short name is known.
func Example() {
	client, stop := start()
	defer stop()
	ctx := context.Background()

	cache := discovery.NewCache(discovery.New(client, discovery.Options{}), discovery.CacheOptions{})
	mapper := discovery.NewMapper(cache, discovery.MapperOptions{})

	found, err := mapper.Lookup(ctx, "ns")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(found.Resource.Resource, found.Kind.Kind, found.Scope, found.Verbs)

	namespaces, err := discovery.Define[*unstructured.Unstructured](found)
	if err != nil {
		fmt.Println(err)
		return
	}
	one, err := typed.For(client, namespaces).Get(ctx, "default", metav1.GetOptions{})
	fmt.Println(one.GetName(), one.Object["status"], err)
	// Output:
	// namespaces Namespace cluster [create delete get list patch update watch]
	// default map[phase:Active] <nil>
}

// What a backup program would go through: everything that can be listed and written, once.
func ExampleCatalog_Resources() {
	client, stop := start()
	defer stop()

	catalog, err := discovery.New(client, discovery.Options{}).Catalog(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := catalog.Err(); err != nil {
		fmt.Println("incomplete:", err)
	}
	writable := discovery.Supporting(resource.VerbList | resource.VerbCreate)
	for r := range catalog.Resources(discovery.Preferred, discovery.Namespaced, writable, discovery.InCategory("all")) {
		fmt.Println(r.Resource.GroupVersion(), r.Resource.Resource)
	}
	// Output:
	// v1 pods
	// v1 replicationcontrollers
	// v1 services
	// apps/v1 daemonsets
	// apps/v1 deployments
	// apps/v1 replicasets
	// apps/v1 statefulsets
	// autoscaling/v2 horizontalpodautoscalers
	// batch/v1 cronjobs
	// batch/v1 jobs
}
