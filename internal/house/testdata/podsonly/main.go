// Command podsonly is the least that a watcher of pods needs: configuration, an informer, a queue.
package main

import (
	"context"
	"log"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/sheaf-dev/sheaf/clientcmd"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
	"github.com/sheaf-dev/sheaf/workqueue"
)

func main() {
	config, err := clientcmd.BuildConfig("", "")
	if err != nil {
		log.Fatal(err)
	}
	client, err := rest.NewClient(config)
	if err != nil {
		log.Fatal(err)
	}
	queue := workqueue.New[resource.Key](workqueue.Options{})
	factory := informers.NewSharedInformerFactory(client, informers.Options{})
	pods := informers.For(factory, corev1.Pods)
	_, err = pods.AddEventHandler(informers.ResourceEventHandlerFuncs[*v1.Pod]{
		AddFunc: func(pod *v1.Pod, initial bool) { queue.AddAfter(resource.KeyOf(pod), time.Second) },
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	factory.Start(ctx)
	if err := factory.WaitForCacheSync(ctx); err != nil {
		log.Fatal(err)
	}
	for _, pod := range pods.Lister().List(nil) {
		log.Print(resource.Copy(pod).Name)
	}
	factory.Shutdown()
}
