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
// A Client has the verbs of the API, with the options of k8s.io/apimachinery: Get, List, Watch, Create, Update, UpdateStatus, Patch, Apply,
// ApplyStatus, Delete, DeleteCollection. All goes through a collection of any size, page by page:
//
//	for widget, err := range widgets.All(ctx, metav1.ListOptions{LabelSelector: "tier=front"}) {
//		…
//	}
//
// Objects that a client returns are the caller's own. An error of the server's is an *errors.StatusError of k8s.io/apimachinery, for
// apierrors.IsNotFound and its like. For a write that loses against another there is package retry, for waiting package await, for a
// patch of a difference package patch.
//
// Reviews, which are answered and not kept, have a Creator instead; what is below an object and of another kind, such as its scale, has a
// Subresource.
//
// What a resource does not offer, such as updating a status it does not have, is an error without a request.
//
// Reading order: client.go, all.go, write.go, apply.go (package apply says what is sent), watch.go, subresource.go.
package typed
