// Package clientset has a typed client for each built-in resource, by group, version and name.
//
//	Beside the way. In: a rest.Config or rest.Client. Out: typed clients. Owner: the caller; clients are values. Next: clientset.go,
//	then zz_generated.go, a table that internal/gen writes from k8s.io/api.
//
//	cs, err := clientset.NewForConfig(config)
//	pod, err := cs.CoreV1().Pods("shop").Get(ctx, "cart-0", metav1.GetOptions{})
//
// What an object has below itself is in clientset/subresource (scale, eviction, logs, tokens) and remote (commands, ports); both take the
// clients of this package. The definitions of custom resources and API services have accessors, too.
//
// All clients of one set share connections, credentials and rate limiter.
//
// The package links the Go types of every API group. A program that should stay small uses clientset/typed with the resources that
// it needs, which says the same:
//
//	typed.For(client, corev1.Pods).Namespace("shop").Get(ctx, "cart-0", metav1.GetOptions{})
package clientset
