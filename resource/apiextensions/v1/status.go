package v1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Status is what the server says about a definition.
type Status struct {
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// AcceptedNames are the names that are served: others may have been taken by another definition.
	AcceptedNames Names `json:"acceptedNames,omitzero"`
	// StoredVersions are the versions in which objects may still be stored.
	StoredVersions     []string `json:"storedVersions,omitempty"`
	ObservedGeneration int64    `json:"observedGeneration,omitempty"`
}

// The types of conditions that matter most.
const (
	// ConditionEstablished is true once the resource is served.
	ConditionEstablished = "Established"
	// ConditionNamesAccepted is false if a name clashes with another definition's.
	ConditionNamesAccepted = "NamesAccepted"
	// ConditionNonStructuralSchema says what is wrong with a schema.
	ConditionNonStructuralSchema = "NonStructuralSchema"
	// ConditionTerminating is true while the objects are deleted because the definition is.
	ConditionTerminating = "Terminating"
)

// Condition returns the condition of a type; false if there is none.
func (d *CustomResourceDefinition) Condition(kind string) (metav1.Condition, bool) {
	for _, c := range d.Status.Conditions {
		if c.Type == kind {
			return c, true
		}
	}
	return metav1.Condition{}, false
}

// Established says whether the server serves the resource. A request within moments after that may still be answered "not found".
func (d *CustomResourceDefinition) Established() bool {
	c, ok := d.Condition(ConditionEstablished)
	return ok && c.Status == metav1.ConditionTrue
}
