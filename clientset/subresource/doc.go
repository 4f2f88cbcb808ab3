// Package subresource has what built-in objects offer below themselves: the scale of a Deployment, the log of a Pod, the token of a
// ServiceAccount.
//
//	Beside the way. In: typed clients. Out: objects of other kinds, parts of objects, byte streams, and a transport to what runs in the
//	cluster. Owner: the caller; nothing is started. Next: remote, which runs commands in pods and forwards their ports.
//
// Each function takes the client of the resource, for the namespace that is meant:
//
//	pods := typed.For(client, corev1.Pods).Namespace("shop")
//	logs, err := subresource.Logs(ctx, pods, "cart-0", &api.PodLogOptions{Follow: true})
//
// What works for any resource, custom ones included, is generic: Scale, and typed.SubresourceOf for paths that have no function here. The
// subresource "status" is part of typed.Client.
//
// Reading order: scale.go, pods.go, objects.go, logs.go, proxy.go.
package subresource
