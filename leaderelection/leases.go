package leaderelection

import (
	"context"
	"errors"
	"io"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/resource"
	coordination "github.com/sheaf-dev/sheaf/resource/coordination/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// Objects is what an election needs of a kind of object of an API server, in one namespace. All methods may be called concurrently.
// Errors of the server are recognized by the functions of k8s.io/apimachinery/pkg/api/errors.
type Objects[T any] interface {
	// Get returns the newest state; a cached one would not do.
	Get(ctx context.Context, name string) (T, error)
	// Create and Update return the object as it was stored. Update fails with a conflict if the resourceVersion is not the present one.
	Create(ctx context.Context, object T) (T, error)
	Update(ctx context.Context, object T) (T, error)
	// Delete deletes the object, if it still has this resourceVersion; "": whatever it has.
	Delete(ctx context.Context, name, resourceVersion string) error
	// Watch calls seen with each state of the object, from the present one on, in order and leaving none out, or with nil when it has been
	// deleted, until the context or the stream ends.
	Watch(ctx context.Context, name string, seen func(T)) error
}

// Leases are the Leases of one namespace. LeasesIn has them; tests may have their own.
type Leases = Objects[*coordinationv1.Lease]

// Witness is what Leases may offer on top: since when this process has known a state of a Lease. A candidate that comes to a Lease
// which somebody else has watched need not wait for its whole duration once more.
type Witness interface {
	// Since returns when this very state, which is the Lease's present one, was first seen, on this process's monotonic clock; false: not
	// by the witness.
	Since(lease *coordinationv1.Lease) (time.Time, bool)
}

// LeasesIn returns the Leases of a namespace of a server.
func LeasesIn(client *rest.Client, namespace string) Leases {
	return in(client, coordination.Leases, namespace)
}

func in[T resource.Object](client *rest.Client, r resource.Resource[T], namespace string) apiObjects[T] {
	// An election tries again by itself, and knows better when.
	return apiObjects[T]{client.ForResource(r.Definition()).Namespace(namespace).MaxRetries(0)}
}

type apiObjects[T resource.Object] struct{ client *rest.ResourceClient }

func (a apiObjects[T]) Get(ctx context.Context, name string) (T, error) {
	return as[T](a.client.Get(ctx, name, metav1.GetOptions{}))
}

func (a apiObjects[T]) Create(ctx context.Context, object T) (T, error) {
	return as[T](a.client.Create(ctx, object, metav1.CreateOptions{}))
}

func (a apiObjects[T]) Update(ctx context.Context, object T) (T, error) {
	return as[T](a.client.Update(ctx, object, metav1.UpdateOptions{}))
}

func (a apiObjects[T]) Delete(ctx context.Context, name, resourceVersion string) error {
	opts := metav1.DeleteOptions{}
	if resourceVersion != "" {
		opts.Preconditions = &metav1.Preconditions{ResourceVersion: &resourceVersion}
	}
	return a.client.Delete(ctx, name, opts)
}

func as[T resource.Object](o resource.Object, err error) (object T, _ error) {
	if err != nil {
		return object, err
	}
	return o.(T), nil
}

func (a apiObjects[T]) Watch(ctx context.Context, name string, seen func(T)) error {
	stream, err := a.client.Watch(ctx, metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, name).String()})
	if err != nil {
		return err
	}
	defer stream.Close()
	for {
		event, err := stream.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case event.Err != nil:
			return event.Err
		}
		switch event.Type {
		case watch.Added, watch.Modified:
			seen(event.Object.(T))
		case watch.Deleted:
			var none T
			seen(none)
		case watch.Error:
			return apierrors.FromObject(event.Status)
		}
	}
}
