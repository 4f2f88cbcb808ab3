package subresource

import (
	"context"

	api "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	policy "github.com/sheaf-dev/sheaf/resource/policy/v1"
)

// bindings is the kind; the resource of that name is an older way to the same.
var bindings = resource.Define[*api.Binding]("", "v1", "bindings", "Binding", resource.Namespaced, resource.Builtin(),
	resource.WithVerbs(resource.VerbCreate))

// Evict asks the server to delete the pod that has the eviction's name. While a disruption budget forbids it, the error satisfies
// apierrors.IsTooManyRequests.
func Evict(ctx context.Context, pods typed.Client[*api.Pod], eviction *policyv1.Eviction, opts metav1.CreateOptions) error {
	_, err := typed.SubresourceOf(pods, "eviction", policy.Evictions).Create(ctx, eviction.Name, eviction, opts)
	return err
}

// Bind tells the server on which node the pod of the binding's name shall run, as a scheduler does. A pod that has a node already is an
// error that satisfies apierrors.IsConflict.
func Bind(ctx context.Context, pods typed.Client[*api.Pod], binding *api.Binding, opts metav1.CreateOptions) error {
	_, err := typed.SubresourceOf(pods, "binding", bindings).Create(ctx, binding.Name, binding, opts)
	return err
}

// Resize replaces the resources of the containers of a running pod, and nothing else of it.
func Resize(ctx context.Context, pods typed.Client[*api.Pod], pod *api.Pod, opts metav1.UpdateOptions) (*api.Pod, error) {
	return typed.SubresourceOf(pods, "resize", corev1.Pods).Update(ctx, pod.Name, pod, opts)
}

// UpdateEphemeralContainers replaces the ephemeral containers of a pod, and nothing else of it. Containers can only be added.
func UpdateEphemeralContainers(ctx context.Context, pods typed.Client[*api.Pod], pod *api.Pod, opts metav1.UpdateOptions) (*api.Pod, error) {
	return typed.SubresourceOf(pods, "ephemeralcontainers", corev1.Pods).Update(ctx, pod.Name, pod, opts)
}
