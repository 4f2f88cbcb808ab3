// Package groups has an accessor for the informer of each built-in resource, by group, version and name.
//
//	Stage 7. In: a factory. Out: informers and listers. Owner: the factory, which runs what was asked for. Next: workqueue.
//
//	factory := groups.NewSharedInformerFactory(client, informers.Options{})
//	deployments := factory.Apps().V1().Deployments()
//	deployments.Informer().AddEventHandler(…)
//	factory.Start(ctx)
//	deployment, err := deployments.Lister().Namespace("shop").Get("cart")
//
// The package links the Go types of every API group. A program that should stay small uses the factory of package informers, with the
// resources that it needs: informers.For(factory, appsv1.Deployments) is the same informer.
//
// Reading order: factory.go, then zz_generated.go, a table that internal/gen writes from k8s.io/api.
package groups
