package apply

import (
	"errors"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Conflict is a field that an apply would have taken from another manager, which takes Force.
type Conflict struct {
	// Manager is who owns the field.
	Manager string
	// Field is its path as the server writes it, such as ".spec.replicas".
	Field string
	// Message is the server's sentence about it, with what else it says: the other's API version, and when it wrote.
	Message string
}

// Conflicts returns the fields because of which the server refused an apply, or nil if that was not the reason.
func Conflicts(err error) []Conflict {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || !apierrors.IsConflict(err) || status.Status().Details == nil {
		return nil
	}
	var out []Conflict
	for _, cause := range status.Status().Details.Causes {
		if cause.Type == metav1.CauseTypeFieldManagerConflict {
			out = append(out, Conflict{Manager: quoted(cause.Message), Field: cause.Field, Message: cause.Message})
		}
	}
	return out
}

// quoted returns the first text in quotes, which is the manager in `conflict with "kubectl" using apps/v1`.
func quoted(message string) string {
	_, rest, _ := strings.Cut(message, `"`)
	manager, _, ok := strings.Cut(rest, `"`)
	if !ok {
		return ""
	}
	return manager
}
