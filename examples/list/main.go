// List keeps a cache of a cluster's pods and prints what it holds once it is complete: an informer, a lister, nothing else.
//
//	go run ./examples/list                                 # on an API server inside the process
//	go run ./examples/list -kubeconfig ~/.kube/config
package main

import (
	"context"
	"fmt"
	"io"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/sheaf-dev/sheaf/examples/internal/cast"
	"github.com/sheaf-dev/sheaf/examples/internal/run"
	"github.com/sheaf-dev/sheaf/informers"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

func main() { run.Main(list, run.Others{Before: cast.FivePods}) }

func list(ctx context.Context, config *rest.Config, out io.Writer) error {
	client, err := rest.NewClient(config)
	if err != nil {
		return err
	}
	defer client.CloseIdle()

	factory := informers.NewSharedInformerFactory(client, informers.Options{})
	pods := informers.For(factory, corev1.Pods)
	ctx, cancel := context.WithCancel(ctx)
	factory.Start(ctx)
	defer factory.Shutdown()
	defer cancel()
	if err := factory.WaitForCacheSync(ctx); err != nil {
		return err
	}
	for _, pod := range pods.Lister().List(labels.Everything()) {
		fmt.Fprintf(out, "%-12s %-20s %s\n", pod.Namespace, pod.Name, pod.Status.Phase)
	}
	return nil
}
