// Package typed has the client of any one resource, typed by the Go struct of its objects.
//
//	Beside the way. In: a rest.Client and a resource. Out: requests, answered with objects of type T. Owner: the caller; clients are
//	values. Next: clientset, which has one such client for each built-in resource.
//
// A client for a custom resource needs no generated code:
//
//	widgets := typed.For(client, Widgets).Namespace("shop")
//	widget, err := widgets.Get(ctx, "anvil", metav1.GetOptions{})
//
// What a resource does not offer, such as updating a status it does not have, is an error without a request.
//
// Reading order: client.go, all.go, write.go, apply.go (package apply says what is sent), watch.go, subresource.go.
package typed
