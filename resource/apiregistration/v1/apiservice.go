// Package v1 names the resource that registers groups and versions of the API, apiregistration.k8s.io/v1, with its Go types.
//
//	Stage 0. In: nothing. Out: a resource and the types of its objects. Owner: nobody, all values are immutable. Next: clientset/typed.
//
// The types are the library's own, so that no program links the aggregator's module for them. They have all fields of the API.
package v1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/resource"
)

// APIServices is the resource whose objects say which server answers for a group and version. An object's name is the version and the
// group, "v1beta1.metrics.k8s.io".
var APIServices = resource.Define[*APIService]("apiregistration.k8s.io", "v1", "apiservices", "APIService", resource.Cluster,
	resource.WithSubresources(resource.StatusSubresource()))

// APIService says which server answers for a group and version.
type APIService struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   Spec   `json:"spec"`
	Status Status `json:"status,omitzero"` // the server's
}

// Spec says who answers, and how clients shall prefer the group and version.
type Spec struct {
	// Service is the server. Nil: the API server itself.
	Service *ServiceReference `json:"service,omitempty"`
	Group   string            `json:"group,omitempty"`
	Version string            `json:"version,omitempty"`
	// InsecureSkipTLSVerify accepts any certificate of the service; CABundle, the PEM certificates of the authorities to trust, is the
	// better way.
	InsecureSkipTLSVerify bool   `json:"insecureSkipTLSVerify,omitempty"`
	CABundle              []byte `json:"caBundle,omitempty"`
	// GroupPriorityMinimum orders the groups: higher ones are preferred where a name could mean resources of several.
	GroupPriorityMinimum int32 `json:"groupPriorityMinimum"`
	// VersionPriority orders the versions within the group.
	VersionPriority int32 `json:"versionPriority"`
}

// ServiceReference names a service. The default port is 443.
type ServiceReference struct {
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
	Port      *int32 `json:"port,omitempty"`
}

// Status is what the server says about a registration.
type Status struct {
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// ConditionAvailable is true while the server behind answers.
const ConditionAvailable = "Available"

// Available says whether the server behind answers and, if not, why.
func (s *APIService) Available() (available bool, why string) {
	for _, c := range s.Status.Conditions {
		if c.Type == ConditionAvailable {
			return c.Status == metav1.ConditionTrue, c.Message
		}
	}
	return false, "the server has not looked at it yet"
}
