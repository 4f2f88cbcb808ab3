package workqueue_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/workqueue"
)

// A worker takes keys until the queue is shut down. A key that fails comes back, later each time.
func Example() {
	queue := workqueue.New[resource.Key](workqueue.Options{Name: "deployments"})
	failures := 2
	reconcile := func(resource.Key) error {
		if failures > 0 {
			failures--
			return errors.New("conflict")
		}
		queue.ShutDown() // so that the example ends
		return nil
	}

	queue.Add(resource.Key{Namespace: "shop", Name: "cart"})
	queue.Add(resource.Key{Namespace: "shop", Name: "cart"}) // waits already: one entry
	for {
		key, shutdown := queue.Get(context.Background())
		if shutdown {
			break
		}
		if err := reconcile(key); err != nil {
			fmt.Println(key, "failed:", err)
			queue.AddRateLimited(key)
		} else {
			fmt.Println(key, "done after", queue.NumRequeues(key), "retries")
			queue.Forget(key)
		}
		queue.Done(key)
	}
	// Output:
	// shop/cart failed: conflict
	// shop/cart failed: conflict
	// shop/cart done after 2 retries
}

// Namespaces take turns, and what a list brought waits for live changes.
func ExampleFlows() {
	queue := workqueue.New(workqueue.Options{},
		workqueue.Flows(func(k resource.Key) string { return k.Namespace }, nil))
	for _, name := range []string{"a", "b", "c"} {
		queue.AddPriority(resource.Key{Namespace: "big", Name: name}, workqueue.Low)
	}
	queue.AddPriority(resource.Key{Namespace: "small", Name: "a"}, workqueue.Low)
	queue.Add(resource.Key{Namespace: "big", Name: "changed"})
	for range 5 {
		key, _ := queue.Get(context.Background())
		fmt.Println(key)
		queue.Done(key)
	}
	// Output:
	// big/changed
	// big/a
	// small/a
	// big/b
	// big/c
}

// A key that keeps failing is given up.
func ExampleMaxRetries() {
	queue := workqueue.New(
		workqueue.Options{RateLimiter: workqueue.Exponential(time.Millisecond, time.Second)},
		workqueue.MaxRetries(2, func(key string, requeues int) { fmt.Println(key, "given up after", requeues, "retries") }),
	)
	queue.Add("broken")
	for range 3 {
		key, _ := queue.Get(context.Background())
		fmt.Println("working on", key)
		queue.AddRateLimited(key)
		queue.Done(key)
	}
	// Output:
	// working on broken
	// working on broken
	// working on broken
	// broken given up after 2 retries
}

// Close all doors, let the workers finish, but not for ever.
func ExampleQueue_ShutDownWithDrain() {
	queue := workqueue.New[string](workqueue.Options{Name: "nodes"})
	queue.Add("a") // and no worker
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	fmt.Println(queue.ShutDownWithDrain(ctx))
	// Output: drain queue "nodes": 1 keys are queued and 0 are being worked on: context deadline exceeded
}
