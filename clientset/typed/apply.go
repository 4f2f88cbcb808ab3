package typed

import (
	"context"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sheaf-dev/sheaf/apply"
	"github.com/sheaf-dev/sheaf/resource"
)

// Apply makes the server's object have what obj has set, by server-side apply, and creates it if it is not there. opts.FieldManager is
// required: the manager owns the fields that are sent, and fields that it sent before and does not send now are removed.
//
// What is set is what package apply says: nothing that is empty, and not the status. A number or boolean that is zero, has no
// omitempty and is no pointer is an *apply.AmbiguousError, unless a mark says whether the zero is meant: apply.Zero(&obj.Spec.Replicas). obj is
// not changed. If fields belong to other managers, the error satisfies apierrors.IsConflict and apply.Conflicts names them;
// opts.Force takes them over.
func (c Client[T]) Apply(ctx context.Context, obj T, opts metav1.ApplyOptions, marks ...apply.Mark) (T, error) {
	if err := c.canPatch(nil); err != nil {
		return *new(T), err
	}
	data, err := configuration(apply.Configuration, c.def, obj, opts, marks)
	if err != nil {
		return *new(T), err
	}
	return c.apply(ctx, obj, data, opts)
}

// ApplyStatus is Apply for the status, and sends nothing else.
func (c Client[T]) ApplyStatus(ctx context.Context, obj T, opts metav1.ApplyOptions, marks ...apply.Mark) (T, error) {
	if err := c.canPatch([]string{"status"}); err != nil {
		return *new(T), err
	}
	data, err := configuration(apply.StatusConfiguration, c.def, obj, opts, marks)
	if err != nil {
		return *new(T), err
	}
	return c.apply(ctx, obj, data, opts, "status")
}

// configuration returns what is sent for an object, if it can be applied.
func configuration(half func(*resource.Definition, resource.Object, ...apply.Mark) ([]byte, error),
	def *resource.Definition, obj resource.Object, opts metav1.ApplyOptions, marks []apply.Mark) (data []byte, err error) {
	switch {
	case obj.GetName() == "":
		err = errors.New("the object has no name")
	case opts.FieldManager == "":
		err = fmt.Errorf("the options for %q name no field manager", obj.GetName())
	default:
		data, err = half(def, obj, marks...)
	}
	if err != nil {
		return nil, fmt.Errorf("apply %s: %w", def, err)
	}
	return data, nil
}

func (c Client[T]) apply(ctx context.Context, obj T, data []byte, opts metav1.ApplyOptions, subresources ...string) (T, error) {
	client, err := c.rest.InNamespaceOf(obj)
	if err != nil {
		return *new(T), fmt.Errorf("apply %w", err)
	}
	return as[T](client.Patch(ctx, obj.GetName(), types.ApplyPatchType, data, opts.ToPatchOptions(), subresources...))
}
