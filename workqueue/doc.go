// Package workqueue holds the keys that wait to be worked on, and gives each to one worker at a time.
//
//	Stage 8. In: keys. Out: keys, never one key to two workers. Owner: whoever made the queue; its users lock shortly. Next: leaderelection.
//
// A queue remembers that there is work for a key, not how often or why: adding a key that already waits changes nothing,
// and adding one that is being worked on makes it run once more afterwards. So a controller compares what is with what
// should be, and a thousand changes of one object cost one run.
//
//	queue := workqueue.New[resource.Key](workqueue.Options{Name: "deployments"})
//	go func() {
//		for {
//			key, shutdown := queue.Get(ctx)
//			if shutdown {
//				return
//			}
//			if err := reconcile(ctx, key); err != nil {
//				queue.AddRateLimited(key) // again, later each time
//			} else {
//				queue.Forget(key) // the next failure starts from the shortest delay
//			}
//			queue.Done(key)
//		}
//	}()
//
// The layers, one file each, from the worker outwards:
//
//   - queue.go: dedupe, Get and Done. Its keys stand in the order of
//   - priority.go: higher priorities first, and lower ones often enough not to starve, and within a priority
//   - fair.go: flows (tenants, namespaces) take turns by their weight.
//   - delay.go: keys that are to be queued at a later time, on one timer.
//   - limit.go: delays that grow with a key's failures; the limiters themselves are in ratelimiter.go.
//
// They share one lock, in lock.go. A worker that finds it taken leaves what it wants to whoever holds it.
//
// A queue runs no goroutine: delays wait on a timer that is armed only while a key is delayed, and numbers for metrics are
// read when asked for.
package workqueue
