package clientset

import (
	"context"
	"fmt"

	policyv1 "k8s.io/api/policy/v1"
	policyv1beta1 "k8s.io/api/policy/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	policy "github.com/sheaf-dev/sheaf/resource/policy/v1"
	policybeta "github.com/sheaf-dev/sheaf/resource/policy/v1beta1"
	"github.com/sheaf-dev/sheaf/rest"
)

// Evictions evicts pods of one namespace. An eviction is no resource of its own: it is posted to the pod that it names.
type Evictions[T resource.Object] struct {
	server    *rest.Client
	def       *resource.Definition
	namespace string
}

// Evictions evicts pods of a namespace, which must not be empty.
func (g PolicyV1) Evictions(namespace string) Evictions[*policyv1.Eviction] {
	return Evictions[*policyv1.Eviction]{g.server, policy.Evictions.Definition(), namespace}
}

// Evictions evicts pods of a namespace, which must not be empty. Servers since 1.22 know PolicyV1's, too.
func (g PolicyV1beta1) Evictions(namespace string) Evictions[*policyv1beta1.Eviction] {
	return Evictions[*policyv1beta1.Eviction]{g.server, policybeta.Evictions.Definition(), namespace}
}

// Evict asks the server to delete the pod that has the eviction's name. While a disruption budget forbids it, the error satisfies
// apierrors.IsTooManyRequests. An eviction that names another namespace is an error without a request.
func (e Evictions[T]) Evict(ctx context.Context, eviction T, opts metav1.CreateOptions) error {
	if ns := eviction.GetNamespace(); ns != "" && ns != e.namespace {
		return fmt.Errorf("evict pod %s: the eviction's namespace is %q, the client's %q", eviction.GetName(), ns, e.namespace)
	}
	pods := corev1.Pods.Definition().GroupVersionResource()
	return e.server.For(pods.GroupVersion()).Post().
		Namespace(e.namespace).
		Resource(pods.Resource).
		Name(eviction.GetName()).
		SubResource("eviction").
		VersionedParams(&opts).
		BodyObject(e.def, eviction).
		Do(ctx).
		Error()
}
