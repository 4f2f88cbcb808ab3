// Package await waits until an object is as somebody wants it, by a watch.
//
//	Beside the way. In: a typed client, a name, and a condition. Out: the object that meets it. Owner: the caller's goroutine, which reflects
//	the one object until then; afterwards nothing is left.
//
//	ctx, cancel := context.WithTimeout(ctx, time.Minute)
//	defer cancel()
//	web, err := await.Object(ctx, deployments, "web", await.Condition[*appsv1.Deployment]("Available"))
//	err = await.Gone(ctx, pods, "cart-0")
//
// The watch survives broken connections, restarted servers and forgotten versions as every watch of this module does.
package await

import (
	"context"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/rest"
)

// Until says whether the wait is over. It is called with each state of the object in turn, or, as long as there is no object, with the zero
// value and false. An error ends the wait. It must not change the object.
type Until[T resource.Object] func(o T, there bool) (bool, error)

// Object waits until the named object, in the client's namespace, meets a condition, and returns it as it was then. It need not be there yet, and may
// come and go meanwhile. The end of ctx is an error that says what was seen last; a program that must not list or watch the resource gets the
// server's error at once. Other failures to watch are logged and tried again.
func Object[T resource.Object](ctx context.Context, client typed.Client[T], name string, until Until[T]) (T, error) {
	def := client.Definition()
	if name == "" {
		return *new(T), fmt.Errorf("wait for %s: the name is empty", def)
	}
	if !def.Verbs().Has(resource.VerbList | resource.VerbWatch) {
		return *new(T), fmt.Errorf("wait for %s %q: the resource offers only %s, which does not suffice to list and watch", def, name, def.Verbs())
	}
	watching, over := context.WithCancelCause(ctx)
	defer over(nil)
	one := &one[T]{key: name, until: until, over: over}
	options := reflector.Options{OnFailure: func(f *reflector.Failure) {
		if f.Class == reflector.Forbidden || f.Class == reflector.Unauthorized || f.Class == reflector.Absent {
			over(f.Err)
		}
	}}
	source := named{client: client.ResourceClient().MaxRetries(0), selector: fields.OneTermEqualSelector(metav1.ObjectNameField, name).String()}
	reading := reflector.New(source, one, options)
	reading.Run(watching)

	cause := context.Cause(watching)
	switch {
	case errors.Is(cause, errMet):
		return one.found, nil
	case ctx.Err() != nil:
		return *new(T), fmt.Errorf("wait for %s %q: %w; %s", def, name, context.Cause(ctx), one.seen(reading.Status().LastFailure))
	default:
		return *new(T), fmt.Errorf("wait for %s %q: %w", def, name, cause)
	}
}

// Gone waits until there is no object of the name.
func Gone[T resource.Object](ctx context.Context, client typed.Client[T], name string) error {
	_, err := Object(ctx, client, name, func(_ T, there bool) (bool, error) { return !there, nil })
	return err
}

// errMet ends a watch whose condition is met.
var errMet = errors.New("met")

// named is one object as a collection.
type named struct {
	client   *rest.ResourceClient
	selector string
}

func (n named) List(ctx context.Context, opts metav1.ListOptions, yield func(rest.Item) error) (metav1.ListMeta, error) {
	opts.FieldSelector = n.selector
	return n.client.List(ctx, opts, yield)
}

func (n named) Watch(ctx context.Context, opts metav1.ListOptions) (reflector.Watcher, error) {
	opts.FieldSelector = n.selector
	w, err := n.client.Watch(ctx, opts)
	if err != nil {
		return nil, err
	}
	return w, nil
}
