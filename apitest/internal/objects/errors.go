package objects

import (
	"fmt"
	"net/http"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/sheaf-dev/sheaf/apitest/internal/kinds"
)

func notFound(k *kinds.Kind, name string) error { return apierrors.NewNotFound(k.GR(), name) }

func invalid(k *kinds.Kind, name string, problems field.ErrorList) error {
	return apierrors.NewInvalid(schema.GroupKind{Group: k.GVK().Group, Kind: k.GVK().Kind}, name, problems)
}

// modified is the error of an update over a state that is not the newest.
func modified(k *kinds.Kind, name string) error {
	return apierrors.NewConflict(k.GR(), name,
		fmt.Errorf("the object has been modified; please apply your changes to the latest version and try again"))
}

// plainError is an error that the API server passes on as it is, without a reason.
func plainError(message string) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: http.StatusInternalServerError, Message: message}}
}

// terminating is the error of creating an object in a namespace that is being deleted.
func terminating(k *kinds.Kind, name, namespace string) error {
	err := apierrors.NewForbidden(k.GR(), name, fmt.Errorf("unable to create new content in namespace %s because it is being terminated", namespace))
	err.ErrStatus.Details.Causes = append(err.ErrStatus.Details.Causes, metav1.StatusCause{
		Type: corev1.NamespaceTerminatingCause, Message: fmt.Sprintf("namespace %s is being terminated", namespace), Field: "metadata.namespace",
	})
	return err
}
