// Command sheaf is the least that a controller of pods needs, on this library's side: configuration, an informer, a queue, a worker, no
// metrics. With -start it ends where main begins, and prints its heap.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"runtime"

	v1 "k8s.io/api/core/v1"

	"github.com/sheaf-dev/sheaf/clientcmd"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
	"github.com/sheaf-dev/sheaf/workqueue"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "-start" {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		fmt.Println(m.HeapAlloc)
		return
	}
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
		AddFunc:    func(pod *v1.Pod, _ bool) { queue.Add(resource.KeyOf(pod)) },
		UpdateFunc: func(_, pod *v1.Pod, _ bool) { queue.Add(resource.KeyOf(pod)) },
		DeleteFunc: func(pod *v1.Pod, _ bool) { queue.Add(resource.KeyOf(pod)) },
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	factory.Start(ctx)
	if err := factory.WaitForCacheSync(ctx); err != nil {
		log.Fatal(err)
	}
	for {
		key, shutdown := queue.Get(ctx)
		if shutdown {
			return
		}
		if pod, err := pods.Lister().Get(key); err == nil {
			log.Print(pod.Name, " ", pod.Status.Phase)
		}
		queue.Done(key)
	}
}
