package events_test

import (
	"context"
	"fmt"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/events"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	eventsv1 "github.com/sheaf-dev/sheaf/resource/events/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

func ExampleRecorder() {
	serving, stop := context.WithCancel(context.Background())
	defer stop()
	server := apitest.New(apitest.Options{InMemory: true})
	var running sync.WaitGroup
	running.Go(func() { _ = server.Run(serving) })
	client, err := rest.NewClient(server.Config())
	if err != nil {
		fmt.Println(err)
		return
	}

	ctx, cancel := context.WithCancel(serving)
	recorder := events.New(client, events.Options{Controller: "example.com/demo"})
	var recording sync.WaitGroup
	recording.Go(func() { recorder.Run(ctx) })
	pod := corev1.Pods.New()
	pod.Namespace, pod.Name = "default", "web"
	for range 3 {
		recorder.Eventf(pod, nil, events.Warning, "OutOfStock", "Order", "no %s left", "bolts")
	}
	cancel()
	recording.Wait() // writes what waits

	list, err := typed.For(client, eventsv1.Events).List(serving, metav1.ListOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range list.Items {
		fmt.Println(e.Type, e.Regarding.Kind, e.Regarding.Name, e.Reason, e.Note, "times", e.Series.Count)
	}
	client.CloseIdle()
	stop()
	running.Wait()
	// Output: Warning Pod web OutOfStock no bolts left times 3
}
