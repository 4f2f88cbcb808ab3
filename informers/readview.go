package informers

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"

	"github.com/sheaf-dev/sheaf/cache"
	"github.com/sheaf-dev/sheaf/listers"
	"github.com/sheaf-dev/sheaf/resource"
)

// ReadView shows its user the informer's cache plus the writes that were made through it and that the watch has not brought yet; see
// cache.View. It is a small value; its methods may be called from any goroutine.
type ReadView[T resource.Object] struct {
	informer Informer[T]
	view     *cache.View
}

// NewReadView returns a view without writes. It fails for an informer with a field selector, because only the server knows what that
// matches; for one whose label selector cannot be read; and for one of a user's own functions, unless they are said to leave out nothing (see
// ListWatch).
func NewReadView[T resource.Object](informer Informer[T]) (ReadView[T], error) {
	view, err := cache.NewView(informer.shared)
	if err != nil {
		return ReadView[T]{}, err
	}
	return ReadView[T]{informer, view}, nil
}

// Lister reads the view.
func (v ReadView[T]) Lister() listers.Lister[T] {
	return listers.New[T](v.informer.Definition(), v.view)
}

// ByIndex returns the objects that the named index finds under a value.
func (v ReadView[T]) ByIndex(index, value string) ([]T, error) {
	return v.Lister().ByIndex(index, value)
}

// Pending returns how many writes the watch has not brought yet.
func (v ReadView[T]) Pending() int { return v.view.Pending() }

// Wrote shows an object as the server returned it from a write that was not made through Client or Applying; see cache.View.
func (v ReadView[T]) Wrote(ctx context.Context, o T) error { return v.view.Wrote(ctx, o) }

// Writes is what ReadView needs of a typed client, such as those of package clientset.
type Writes[T resource.Object] interface {
	Get(ctx context.Context, name string, opts metav1.GetOptions) (T, error)
	List(ctx context.Context, opts metav1.ListOptions) (*resource.List[T], error)
	Create(ctx context.Context, o T, opts metav1.CreateOptions) (T, error)
	Update(ctx context.Context, o T, opts metav1.UpdateOptions) (T, error)
	UpdateStatus(ctx context.Context, o T, opts metav1.UpdateOptions) (T, error)
	Patch(ctx context.Context, name string, t types.PatchType, data []byte, opts metav1.PatchOptions, subresources ...string) (T, error)
	Delete(ctx context.Context, name string, opts metav1.DeleteOptions) error
	DeleteCollection(ctx context.Context, opts metav1.DeleteOptions, list metav1.ListOptions) error
}

// Applies is what ReadView needs of a typed client for server-side apply. M is the type of its marks.
type Applies[T resource.Object, M any] interface {
	Apply(ctx context.Context, o T, opts metav1.ApplyOptions, marks ...M) (T, error)
	ApplyStatus(ctx context.Context, o T, opts metav1.ApplyOptions, marks ...M) (T, error)
}

// Client returns a client whose writes the view shows at once. The given one must be a client of the informer's resource in the namespace,
// "" for cluster scope.
func (v ReadView[T]) Client(client Writes[T], namespace string) Writes[T] {
	return showing[T]{Writes: client, view: v, namespace: namespace}
}

// Applying returns a client whose applied objects the view shows at once. The given one must be a client of the informer's resource.
func Applying[T resource.Object, M any](v ReadView[T], client Applies[T, M]) Applies[T, M] {
	return applying[T, M]{client, showing[T]{view: v}}
}

// applying is a client that tells a view what it applies.
type applying[T resource.Object, M any] struct {
	client Applies[T, M]
	showing[T]
}

func (a applying[T, M]) Apply(ctx context.Context, o T, opts metav1.ApplyOptions, marks ...M) (T, error) {
	applied, err := a.client.Apply(ctx, o, opts, marks...)
	return a.show(ctx, applied, err, opts.DryRun)
}

func (a applying[T, M]) ApplyStatus(ctx context.Context, o T, opts metav1.ApplyOptions, marks ...M) (T, error) {
	applied, err := a.client.ApplyStatus(ctx, o, opts, marks...)
	return a.show(ctx, applied, err, opts.DryRun)
}

// showing is a client that tells a view what it writes.
type showing[T resource.Object] struct {
	Writes[T]
	view      ReadView[T]
	namespace string
}

// show shows the result of a write, unless the write was a dry run.
func (s showing[T]) show(ctx context.Context, o T, err error, dryRun []string) (T, error) {
	if err == nil && len(dryRun) == 0 {
		s.try(ctx, o)
	}
	return o, err
}

// try shows an object. If that fails, the watch will: the write itself has succeeded.
func (s showing[T]) try(ctx context.Context, o T) {
	if err := s.view.Wrote(ctx, o); err != nil {
		klog.FromContext(ctx).Error(err, "A write is not shown before the watch brings it", "object", klog.KRef(o.GetNamespace(), o.GetName()))
	}
}

func (s showing[T]) Create(ctx context.Context, o T, opts metav1.CreateOptions) (T, error) {
	created, err := s.Writes.Create(ctx, o, opts)
	return s.show(ctx, created, err, opts.DryRun)
}

func (s showing[T]) Update(ctx context.Context, o T, opts metav1.UpdateOptions) (T, error) {
	updated, err := s.Writes.Update(ctx, o, opts)
	return s.show(ctx, updated, err, opts.DryRun)
}

func (s showing[T]) UpdateStatus(ctx context.Context, o T, opts metav1.UpdateOptions) (T, error) {
	updated, err := s.Writes.UpdateStatus(ctx, o, opts)
	return s.show(ctx, updated, err, opts.DryRun)
}

func (s showing[T]) Patch(ctx context.Context, name string, t types.PatchType, data []byte, opts metav1.PatchOptions, subresources ...string) (T, error) {
	patched, err := s.Writes.Patch(ctx, name, t, data, opts, subresources...)
	if len(subresources) > 0 && subresources[0] != "status" {
		return patched, err // what was patched is another kind of object
	}
	return s.show(ctx, patched, err, opts.DryRun)
}

// Delete deletes the object, and asks the server what became of it: it is gone, or it waits for its finalizers.
func (s showing[T]) Delete(ctx context.Context, name string, opts metav1.DeleteOptions) error {
	key := resource.Key{Namespace: s.namespace, Name: name}
	before, known := s.view.view.Get(key)
	if err := s.Writes.Delete(ctx, name, opts); err != nil || len(opts.DryRun) > 0 || !known {
		return err
	}
	switch now, err := s.Get(ctx, name, metav1.GetOptions{}); {
	case apierrors.IsNotFound(err), err == nil && now.GetUID() != before.GetUID():
		s.view.view.Deleted(key, before.GetUID(), before.GetResourceVersion())
	case err == nil:
		s.try(ctx, now)
	}
	return nil
}

// DeleteCollection deletes objects, and reads the namespace to see what became of those that the view shows and that may be among them. A
// namespace that cannot be read is left to the watch: the deletion itself has succeeded.
func (s showing[T]) DeleteCollection(ctx context.Context, opts metav1.DeleteOptions, list metav1.ListOptions) error {
	selector, err := labels.Parse(list.LabelSelector)
	if err != nil {
		return fmt.Errorf("view of %s: label selector %q: %w", s.view.informer.Definition(), list.LabelSelector, err)
	}
	before := s.view.view.List(selector, s.namespace)
	if err := s.Writes.DeleteCollection(ctx, opts, list); err != nil || len(opts.DryRun) > 0 || len(before) == 0 {
		return err
	}
	// Without the selectors: what does not match them any more has not been deleted.
	left, err := s.List(ctx, metav1.ListOptions{})
	if err != nil {
		klog.FromContext(ctx).Error(err, "A deletion is not shown before the watch brings it", "resource", s.view.informer.Definition().String(), "namespace", s.namespace)
		return nil
	}
	now := make(map[resource.Key]T, len(left.Items))
	for _, o := range left.Items {
		now[resource.KeyOf(o)] = o
	}
	for _, o := range before {
		key := resource.KeyOf(o)
		switch there, ok := now[key]; {
		case !ok || there.GetUID() != o.GetUID():
			s.view.view.Deleted(key, o.GetUID(), o.GetResourceVersion())
		case there.GetDeletionTimestamp() != nil: // it waits for its finalizers
			s.try(ctx, there)
		}
	}
	return nil
}
