package dynamic_test

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/discovery"
	"github.com/sheaf-dev/sheaf/dynamic"
	coreresource "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// Create whatever object comes along, then read it back with its Go type.
func Example() {
	ctx, cancel := context.WithCancel(context.Background())
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

	cache := discovery.NewCache(discovery.New(client, discovery.Options{}), discovery.CacheOptions{})
	finder := dynamic.New(client, discovery.NewMapper(cache, discovery.MapperOptions{}))

	manifest := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": map[string]any{"name": "colors", "namespace": "default"},
		"data":     map[string]any{"sky": "blue"},
	}}
	resource, err := finder.Of(ctx, manifest)
	if err != nil {
		fmt.Println(err)
		return
	}
	made, err := resource.Objects().Create(ctx, manifest, metav1.CreateOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	configMap, err := dynamic.Typed(coreresource.ConfigMaps, made)
	fmt.Println(resource, configMap.Data["sky"], err)

	metadata, err := resource.Metadata().Namespace("default").Get(ctx, "colors", metav1.GetOptions{})
	fmt.Println(metadata.Kind, metadata.UID == configMap.UID, err)
	// Output:
	// configmaps/v1 blue <nil>
	// ConfigMap true <nil>
}
