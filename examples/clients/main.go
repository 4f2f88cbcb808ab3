// Clients lists the same Deployments with the REST client, a typed client, the clientset, and the dynamic client, whose objects it converts
// to Go types.
//
//	go run ./examples/clients                                 # on an API server inside the process
//	go run ./examples/clients -kubeconfig ~/.kube/config
package main

import (
	"context"
	"fmt"
	"io"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/clientset"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/discovery"
	"github.com/sheaf-dev/sheaf/dynamic"
	"github.com/sheaf-dev/sheaf/examples/internal/cast"
	"github.com/sheaf-dev/sheaf/examples/internal/run"
	apps "github.com/sheaf-dev/sheaf/resource/apps/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

func main() { run.Main(list, run.Others{Before: cast.Deployments}) }

func list(ctx context.Context, config *rest.Config, out io.Writer) error {
	client, err := rest.NewClient(config)
	if err != nil {
		return err
	}
	defer client.CloseIdle()
	for _, way := range []struct {
		name string
		list func(context.Context, *rest.Client) ([]*appsv1.Deployment, error)
	}{{"REST client", withREST}, {"typed client", withTyped}, {"clientset", withClientset}, {"dynamic client", withDynamic}} {
		deployments, err := way.list(ctx, client)
		if err != nil {
			return fmt.Errorf("%s: %w", way.name, err)
		}
		fmt.Fprintf(out, "%s: %d Deployments\n", way.name, len(deployments))
		for _, d := range deployments {
			fmt.Fprintf(out, "  %s/%s\n", d.Namespace, d.Name)
		}
	}
	return nil
}

// withREST says by hand what is asked for. The answer is JSON, since that is what Into reads.
func withREST(ctx context.Context, client *rest.Client) ([]*appsv1.Deployment, error) {
	var list appsv1.DeploymentList
	err := client.For(appsv1.SchemeGroupVersion).Get().
		Resource("deployments").
		VersionedParams(&metav1.ListOptions{Limit: 500}).
		SetHeader("Accept", rest.ContentTypeJSON).
		Do(ctx).
		Into(&list)
	var out []*appsv1.Deployment
	for i := range list.Items {
		out = append(out, &list.Items[i])
	}
	return out, err
}

// withTyped takes the resource as a value; a program that does it this way links only what it uses. All goes through a collection page by page.
func withTyped(ctx context.Context, client *rest.Client) ([]*appsv1.Deployment, error) {
	var out []*appsv1.Deployment
	for d, err := range typed.For(client, apps.Deployments).All(ctx, metav1.ListOptions{}) {
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

// withClientset uses the familiar accessors.
func withClientset(ctx context.Context, client *rest.Client) ([]*appsv1.Deployment, error) {
	list, err := clientset.New(client).AppsV1().Deployments("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

// withDynamic knows the resource by name only, as a program does that works with whatever there is.
func withDynamic(ctx context.Context, client *rest.Client) ([]*appsv1.Deployment, error) {
	cache := discovery.NewCache(discovery.New(client, discovery.Options{}), discovery.CacheOptions{})
	finder := dynamic.New(client, discovery.NewMapper(cache, discovery.MapperOptions{}))
	resource, err := finder.Resource(ctx, schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"})
	if err != nil {
		return nil, err
	}
	list, err := resource.Objects().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	var out []*appsv1.Deployment
	for _, untyped := range list.Items {
		d, err := dynamic.Typed(apps.Deployments, untyped)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}
