package retry

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/resource"
)

// Update reads the named object, calls change with it, and writes it back; if somebody has changed the object in between, it starts over,
// ten times at most. change may be called several times, each time with the newest state, and its error ends the matter. What change leaves as it
// was is not written. Update returns the object as the server has it.
func Update[T resource.Object](ctx context.Context, client typed.Client[T], name string, change func(T) error) (T, error) {
	return update(ctx, client, name, change, client.Update)
}

// UpdateStatus is Update for the status.
func UpdateStatus[T resource.Object](ctx context.Context, client typed.Client[T], name string, change func(T) error) (T, error) {
	return update(ctx, client, name, change, client.UpdateStatus)
}

func update[T resource.Object](ctx context.Context, client typed.Client[T], name string, change func(T) error,
	write func(context.Context, T, metav1.UpdateOptions) (T, error)) (T, error) {
	var out T
	err := OnConflict(ctx, func(ctx context.Context) error {
		o, err := client.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		before := resource.Copy(o)
		if err := change(o); err != nil {
			return err
		}
		if resource.Equal(before, o) {
			out = o
			return nil
		}
		out, err = write(ctx, o, metav1.UpdateOptions{})
		return err
	})
	if err != nil {
		return *new(T), err
	}
	return out, nil
}
