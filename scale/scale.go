// Package scale reads and sets the number of replicas of whatever can be scaled.
//
//	Beside the way. In: a typed client of any resource. Out: a client of the Scale of its objects. Owner: the caller; clients are values.
//
//	scales := scale.Of(typed.For(client, appsv1.Deployments).Namespace("shop"))
//	_, err := scales.Patch(ctx, "web", types.MergePatchType, []byte(`{"spec":{"replicas":3}}`), metav1.PatchOptions{})
//
// It works for every resource with a subresource "scale": the built-in ones that have it, custom ones defined with
// resource.ScaleSubresource(), and those that package dynamic has found.
package scale

import (
	autoscalingv1 "k8s.io/api/autoscaling/v1"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/resource"
)

// scales say what the subresource carries; of the definition only kind and Go type matter.
var scales = resource.Define[*autoscalingv1.Scale]("autoscaling", "v1", "scales", "Scale", resource.Namespaced)

// Of returns the client of the Scale of c's objects, in c's namespace. If the resource has none, its methods say so without a request.
func Of[T resource.Object](c typed.Client[T]) typed.Subresource[*autoscalingv1.Scale] {
	return typed.SubresourceOf(c, "scale", scales)
}
