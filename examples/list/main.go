// List keeps a cache of a cluster's pods and prints what it holds once it is complete: an informer, a lister, nothing else.
//
//	go run ./examples/list                                 # on an API server inside the process
//	go run ./examples/list -kubeconfig ~/.kube/config
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"time"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/sheaf-dev/sheaf/clientcmd"
	"github.com/sheaf-dev/sheaf/informers"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

func main() {
	kubeconfig := flag.String("kubeconfig", "", "kubeconfig `file` of the cluster to list (default: an API server inside the process)")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	config, err := clientcmd.BuildConfig("", *kubeconfig)
	if *kubeconfig == "" {
		config, err = demoCluster(ctx)
	}
	if err != nil {
		log.Fatal(err)
	}
	client, err := rest.NewClient(config)
	if err != nil {
		log.Fatal(err)
	}

	factory := informers.NewSharedInformerFactory(client, informers.Options{})
	pods := informers.For(factory, corev1.Pods)
	factory.Start(ctx)
	defer factory.Shutdown()
	defer cancel()
	if err := factory.WaitForCacheSync(ctx); err != nil {
		log.Fatal(err)
	}
	for _, pod := range pods.Lister().List(labels.Everything()) {
		fmt.Printf("%-12s %-20s %s\n", pod.Namespace, pod.Name, pod.Status.Phase)
	}
}
