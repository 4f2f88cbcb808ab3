// Package informers shares typed informers: one watch and one cache a resource, however many users.
//
//	Stage 7. In: the informers of package cache. Out: typed handlers and reads. Owner: SharedInformerFactory runs what it has
//	made. Next: workqueue.
//
// A factory makes an informer when somebody first asks for it, and shares it from then on:
//
//	factory := informers.NewSharedInformerFactory(client, informers.Options{})
//	pods := informers.For(factory, corev1.Pods)
//	pods.AddEventHandler(informers.ResourceEventHandlerFuncs[*v1.Pod]{ … })
//	factory.Start(ctx)
//
// New makes an informer without a factory, also of a user's own list and watch functions (ListWatch).
//
// Reading order: informer.go, handler.go, factory.go, sync.go, source.go (a client as a source), listwatch.go (functions as a source).
package informers
