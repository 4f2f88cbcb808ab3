// Dynamicinformer follows the objects of a resource that it knows by name only, with an informer of untyped objects, and another one of their
// metadata alone.
//
//	go run ./examples/dynamicinformer                                                       # on an API server inside the process
//	go run ./examples/dynamicinformer -kubeconfig ~/.kube/config -resource deployments.apps
//
// By default it follows the custom resource of examples/sites, which installs its definition.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/sheaf-dev/sheaf/discovery"
	"github.com/sheaf-dev/sheaf/dynamic"
	"github.com/sheaf-dev/sheaf/examples/internal/run"
	"github.com/sheaf-dev/sheaf/examples/internal/site"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/rest"
)

var name = flag.String("resource", "sites.example.sheaf.dev", "the `name` of the resource: a plural, singular or short one, with or without a group")

func main() { run.Main(follow, run.Others{Before: site.Install, Meanwhile: site.Play}) }

func follow(ctx context.Context, config *rest.Config, out io.Writer) error {
	client, err := rest.NewClient(config)
	if err != nil {
		return err
	}
	defer client.CloseIdle()
	cache := discovery.NewCache(discovery.New(client, discovery.Options{}), discovery.CacheOptions{})
	found, err := dynamic.New(client, discovery.NewMapper(cache, discovery.MapperOptions{})).Lookup(ctx, *name)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "following %s, %s\n", found, found.Found().Scope)

	ctx, cancel := context.WithCancel(ctx)
	factory := informers.NewSharedInformerFactory(client, informers.Options{})
	defer factory.Shutdown()
	defer cancel()
	objects := informers.For(factory, found.Definition())
	metadata := informers.For(factory, found.MetadataDefinition())
	_, err = objects.AddEventHandler(informers.ResourceEventHandlerFuncs[*unstructured.Unstructured]{
		AddFunc: func(o *unstructured.Unstructured, _ bool) {
			fmt.Fprintf(out, "%s: %v\n", resource.KeyOf(o), o.Object["spec"])
		},
		UpdateFunc: func(_, o *unstructured.Unstructured, _ bool) {
			fmt.Fprintf(out, "%s is now: %v\n", resource.KeyOf(o), o.Object["spec"])
		},
	})
	if err != nil {
		return err
	}
	_, err = metadata.AddEventHandler(informers.ResourceEventHandlerFuncs[*metav1.PartialObjectMetadata]{
		DeleteFunc: func(o *metav1.PartialObjectMetadata, _ bool) {
			fmt.Fprintf(out, "%s is gone; it was a %s at generation %d\n", resource.KeyOf(o), o.Kind, o.Generation)
		},
	})
	if err != nil {
		return err
	}
	factory.Start(ctx)
	if err := factory.WaitForCacheSync(ctx); err != nil {
		return run.UnlessOver(ctx, err)
	}
	<-ctx.Done()
	fmt.Fprintf(out, "over: %d objects\n", len(objects.Lister().List(labels.Everything())))
	return nil
}
