package leaderelection

import (
	"context"
	"errors"
	"io"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/watch"

	coordination "github.com/sheaf-dev/sheaf/resource/coordination/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// Leases is what an election needs of an API server: the Leases of one namespace. LeasesIn has them; tests may have their own. All
// methods may be called concurrently. Errors of the server are recognized by the functions of k8s.io/apimachinery/pkg/api/errors.
type Leases interface {
	// Get returns the newest state; a cached one would not do.
	Get(ctx context.Context, name string) (*coordinationv1.Lease, error)
	// Create and Update return the Lease as it was stored. Update fails with a conflict if the resourceVersion is not the
	// present one.
	Create(ctx context.Context, lease *coordinationv1.Lease) (*coordinationv1.Lease, error)
	Update(ctx context.Context, lease *coordinationv1.Lease) (*coordinationv1.Lease, error)
	// Watch calls seen with each state of the Lease, from the present one on, or with nil when it has been deleted, until the
	// context or the stream ends.
	Watch(ctx context.Context, name string, seen func(*coordinationv1.Lease)) error
}

// LeasesIn returns the Leases of a namespace of a server.
func LeasesIn(client *rest.Client, namespace string) Leases {
	// An election tries again by itself, and knows better when.
	return apiLeases{client.ForResource(coordination.Leases.Definition()).Namespace(namespace).MaxRetries(0)}
}

type apiLeases struct{ client *rest.ResourceClient }

func (l apiLeases) Get(ctx context.Context, name string) (*coordinationv1.Lease, error) {
	o, err := l.client.Get(ctx, name, metav1.GetOptions{})
	return asLease(o, err)
}

func (l apiLeases) Create(ctx context.Context, lease *coordinationv1.Lease) (*coordinationv1.Lease, error) {
	o, err := l.client.Create(ctx, lease, metav1.CreateOptions{})
	return asLease(o, err)
}

func (l apiLeases) Update(ctx context.Context, lease *coordinationv1.Lease) (*coordinationv1.Lease, error) {
	o, err := l.client.Update(ctx, lease, metav1.UpdateOptions{})
	return asLease(o, err)
}

func asLease(o any, err error) (*coordinationv1.Lease, error) {
	if err != nil {
		return nil, err
	}
	return o.(*coordinationv1.Lease), nil
}

func (l apiLeases) Watch(ctx context.Context, name string, seen func(*coordinationv1.Lease)) error {
	stream, err := l.client.Watch(ctx, metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, name).String()})
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
			seen(event.Object.(*coordinationv1.Lease))
		case watch.Deleted:
			seen(nil)
		case watch.Error:
			return apierrors.FromObject(event.Status)
		}
	}
}
