package apply

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestConflictsNameManagerAndField(t *testing.T) {
	err := apierrors.NewApplyConflict([]metav1.StatusCause{
		{Type: metav1.CauseTypeFieldManagerConflict, Message: `conflict with "kubectl" using apps/v1`, Field: ".spec.replicas"},
		{Type: metav1.CauseTypeFieldManagerConflict, Message: `conflict with nobody in particular`, Field: ".spec.paused"},
		{Type: metav1.CauseTypeFieldValueInvalid, Message: `something "else"`, Field: ".spec"},
	}, "Apply failed with 2 conflicts")
	want := []Conflict{
		{"kubectl", ".spec.replicas", `conflict with "kubectl" using apps/v1`},
		{"", ".spec.paused", `conflict with nobody in particular`},
	}
	if have := Conflicts(fmt.Errorf("apply: %w", err)); !reflect.DeepEqual(have, want) {
		t.Errorf("have %v", have)
	}
	for _, err := range []error{nil, errors.New("other"), apierrors.NewNotFound(schema.GroupResource{}, "x"),
		apierrors.NewConflict(schema.GroupResource{}, "x", errors.New("modified")), &apierrors.StatusError{ErrStatus: metav1.Status{Reason: metav1.StatusReasonConflict}}} {
		if have := Conflicts(err); have != nil {
			t.Errorf("%v: have %v", err, have)
		}
	}
}
