package typed

import (
	"context"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Apply makes the server's object have what obj has set, by server-side apply, and creates it if it is not there. opts.FieldManager is
// required: the manager owns the fields that are sent, and fields that it sent before and does not send now are removed.
//
// Sent is what is set: not the status, not what the server fills in (resourceVersion, uid, managedFields, …), and no field that
// is empty: "", an empty list or map, a nil pointer, a struct with nothing set. A pointer to an empty value is set. Numbers and booleans
// that are zero are sent if their json tag has no omitempty. obj is not changed.
func (c Client[T]) Apply(ctx context.Context, obj T, opts metav1.ApplyOptions) (T, error) {
	if err := c.canPatch(nil); err != nil {
		return *new(T), err
	}
	return c.apply(ctx, obj, opts, spec)
}

// ApplyStatus is Apply for the status, and sends nothing else.
func (c Client[T]) ApplyStatus(ctx context.Context, obj T, opts metav1.ApplyOptions) (T, error) {
	if err := c.canPatch([]string{"status"}); err != nil {
		return *new(T), err
	}
	return c.apply(ctx, obj, opts, status, "status")
}

func (c Client[T]) apply(ctx context.Context, obj T, opts metav1.ApplyOptions, what half, subresources ...string) (T, error) {
	data, err := c.configuration(obj, opts, what)
	if err != nil {
		return *new(T), fmt.Errorf("apply %s: %w", c.def, err)
	}
	client, err := c.rest.InNamespaceOf(obj)
	if err != nil {
		return *new(T), fmt.Errorf("apply %w", err)
	}
	return as[T](client.Patch(ctx, obj.GetName(), types.ApplyPatchType, data, opts.ToPatchOptions(), subresources...))
}

func (c Client[T]) configuration(obj T, opts metav1.ApplyOptions, what half) ([]byte, error) {
	switch {
	case obj.GetName() == "":
		return nil, errors.New("the object has no name")
	case opts.FieldManager == "":
		return nil, fmt.Errorf("the options for %q name no field manager", obj.GetName())
	}
	return applied(c.def, obj, what)
}
