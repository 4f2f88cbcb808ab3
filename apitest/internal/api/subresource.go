package api

import (
	"github.com/sheaf-dev/sheaf/apitest/internal/history"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// subresource serves the paths below an object.
func (q *request) subresource() error {
	if q.kind.Table.Get(history.KeyOf(q.Namespace, q.Name)) == nil {
		return apierrors.NewNotFound(q.kind.GR(), q.Name)
	}
	switch q.Verb {
	case "get":
		return q.get()
	case "update":
		return q.update()
	case "patch":
		return q.patch()
	}
	return errMethod
}
