package decode

import (
	"bytes"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var statusTypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}

// Status reads the body of an error answer. It returns false for anything but a Status, such as a proxy's page.
func Status(mediaType string, body []byte) (*metav1.Status, bool) {
	f, err := formatOf(mediaType)
	if err != nil {
		return nil, false
	}
	e, err := open(f, body)
	if err != nil {
		return nil, false
	}
	var status metav1.Status
	if !bytes.Equal(e.kind, kindStatus) || unmarshal(f, e.raw, &status) != nil {
		return nil, false
	}
	status.TypeMeta = statusTypeMeta
	return &status, true
}

// Kind returns the kind that a body says that it has: "" if it says none, or is something else than an object.
func Kind(mediaType string, body []byte) string {
	f, err := formatOf(mediaType)
	if err != nil {
		return ""
	}
	e, err := open(f, body)
	if err != nil {
		return ""
	}
	return string(e.kind)
}

// statusError returns a Status that came where an object was expected.
func statusError(f format, raw []byte) error {
	var status metav1.Status
	if err := unmarshal(f, raw, &status); err != nil {
		return fmt.Errorf("the server sent a Status instead: %w", err)
	}
	if status.Status == metav1.StatusSuccess {
		return fmt.Errorf("the server sent a Status of success instead: %s", status.Message)
	}
	status.TypeMeta = statusTypeMeta
	return &apierrors.StatusError{ErrStatus: status}
}
