package subresource

import (
	autoscalingv1 "k8s.io/api/autoscaling/v1"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/resource"
)

// scales is the kind that the subresource has, whatever the resource.
var scales = resource.Define[*autoscalingv1.Scale]("autoscaling", "v1", "scales", "Scale", resource.Namespaced, resource.Builtin())

// Scale returns the client of the number of replicas of a resource's objects. Of a resource without the subresource "scale", each request
// is an error. A custom resource says that it has it:
//
//	resource.Define[*Widget](…, resource.WithSubresources(resource.StatusSubresource(), resource.ScaleSubresource()))
func Scale[T resource.Object](c typed.Client[T]) typed.Subresource[*autoscalingv1.Scale] {
	return typed.SubresourceOf(c, "scale", scales)
}
