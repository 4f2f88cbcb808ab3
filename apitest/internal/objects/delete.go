package objects

import (
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/apitest/internal/history"
	"github.com/sheaf-dev/sheaf/apitest/internal/kinds"
	"github.com/sheaf-dev/sheaf/resource"
)

// Delete deletes an object, or begins to: deleted says whether it is gone. The version is its last state.
func (s *Store) Delete(k *kinds.Kind, namespace, name string, options metav1.DeleteOptions) (v *history.Version, deleted bool, err error) {
	key := history.KeyOf(namespace, name)
	for {
		current := k.Table.Get(key)
		if current == nil {
			return nil, false, notFound(k, name)
		}
		v, deleted, err = s.delete(k, current, options)
		if !errors.Is(err, history.ErrChanged) {
			return v, deleted, err
		}
	}
}

func (s *Store) delete(k *kinds.Kind, current *history.Version, options metav1.DeleteOptions) (*history.Version, bool, error) {
	obj, err := k.Storage.Object(current)
	if err != nil {
		return nil, false, err
	}
	if err := checkDeletePreconditions(k, obj, options.Preconditions); err != nil {
		return nil, false, err
	}
	dryRun := len(options.DryRun) > 0
	if namespace, ok := obj.(*corev1.Namespace); ok {
		return s.deleteNamespace(k, namespace, current, dryRun)
	}
	step := beginGrace(obj, options)
	if step == gracePending {
		return current, false, nil
	}
	setPropagation(k, obj, options)
	if step == graceNone {
		if len(obj.GetFinalizers()) == 0 {
			v, err := s.remove(k, current, dryRun)
			return v, true, err
		}
		markDeleting(obj)
	}
	v, err := s.commit(k, obj, current, dryRun)
	if err != nil || step != graceOver || len(obj.GetFinalizers()) > 0 {
		return v, false, err
	}
	if dryRun {
		return v, true, nil
	}
	v, err = s.remove(k, v, false)
	return v, true, err
}

func checkDeletePreconditions(k *kinds.Kind, obj resource.Object, p *metav1.Preconditions) error {
	if p == nil {
		return nil
	}
	gr := schema.GroupResource{Group: k.GVK().Group, Resource: k.GVK().Kind}
	if p.UID != nil && *p.UID != obj.GetUID() {
		return apierrors.NewConflict(gr, obj.GetName(), fmt.Errorf("the UID in the precondition (%s) does not match the UID in record (%s). "+
			"The object might have been deleted and then recreated", *p.UID, obj.GetUID()))
	}
	if p.ResourceVersion != nil && *p.ResourceVersion != obj.GetResourceVersion() {
		return apierrors.NewConflict(gr, obj.GetName(), fmt.Errorf("the ResourceVersion in the precondition (%s) does not match the ResourceVersion "+
			"in record (%s). The object might have been modified", *p.ResourceVersion, obj.GetResourceVersion()))
	}
	return nil
}

// graceStep is what a grace period makes of a deletion.
type graceStep int

const (
	graceNone    graceStep = iota // no grace period: delete now, or wait for finalizers alone
	graceBegun                    // the object has been changed: it waits
	gracePending                  // it waits already
	graceOver                     // the object has been changed, and can go
)

// beginGrace starts, shortens or ends the grace period of a pod; other resources have none.
func beginGrace(obj resource.Object, options metav1.DeleteOptions) graceStep {
	requested := options.GracePeriodSeconds
	if requested != nil && *requested < 0 {
		one := int64(1)
		requested = &one
	}
	pod, ok := obj.(*corev1.Pod)
	if !ok {
		return graceNone
	}
	if pod.DeletionTimestamp != nil {
		return shortenGrace(pod, requested)
	}
	period := int64(corev1.DefaultTerminationGracePeriodSeconds)
	switch {
	case requested != nil:
		period = *requested
	case pod.Spec.TerminationGracePeriodSeconds != nil:
		period = max(*pod.Spec.TerminationGracePeriodSeconds, 1)
	}
	if pod.Spec.NodeName == "" || pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded {
		period = 0 // nobody runs it
	}
	at := metav1.NewTime(now().Add(time.Duration(period) * time.Second))
	pod.DeletionTimestamp, pod.DeletionGracePeriodSeconds = &at, &period
	if pod.Generation > 0 {
		pod.Generation++
	}
	return begunOrOver(period)
}

func begunOrOver(period int64) graceStep {
	if period == 0 {
		return graceOver
	}
	return graceBegun
}

func shortenGrace(pod *corev1.Pod, requested *int64) graceStep {
	left := pod.DeletionGracePeriodSeconds
	switch {
	case left == nil || *left == 0:
		return graceNone
	case requested == nil || *requested >= *left:
		return gracePending
	}
	at := metav1.NewTime(pod.DeletionTimestamp.Add(time.Duration(*requested-*left) * time.Second))
	period := *requested
	if current := metav1.NewTime(now()); at.Before(&current) {
		at = current
		period = min(period, 1)
	}
	pod.DeletionTimestamp, pod.DeletionGracePeriodSeconds = &at, &period
	return begunOrOver(period)
}

// orphans returns the deprecated option, which clients still send.
func orphans(options metav1.DeleteOptions) *bool {
	return options.OrphanDependents //lint:ignore SA1019 the real server honours it
}

// setPropagation replaces the two finalizers of the garbage collector by what the deletion asks for.
func setPropagation(k *kinds.Kind, obj resource.Object, options metav1.DeleteOptions) {
	if k.Facts.NoGarbage {
		return
	}
	want := ""
	switch old := obj.GetFinalizers(); {
	case orphans(options) != nil:
		if *orphans(options) {
			want = metav1.FinalizerOrphanDependents
		}
	case options.PropagationPolicy != nil:
		switch *options.PropagationPolicy {
		case metav1.DeletePropagationOrphan:
			want = metav1.FinalizerOrphanDependents
		case metav1.DeletePropagationForeground:
			want = metav1.FinalizerDeleteDependents
		}
	case slices.Contains(old, metav1.FinalizerOrphanDependents):
		want = metav1.FinalizerOrphanDependents
	case slices.Contains(old, metav1.FinalizerDeleteDependents):
		want = metav1.FinalizerDeleteDependents
	}
	finalizers := slices.DeleteFunc(slices.Clone(obj.GetFinalizers()), func(f string) bool {
		return f == metav1.FinalizerOrphanDependents || f == metav1.FinalizerDeleteDependents
	})
	if want != "" {
		finalizers = append(finalizers, want)
	}
	obj.SetFinalizers(finalizers)
}

// markDeleting says in an object that it is being deleted, and waits for its finalizers.
func markDeleting(obj resource.Object) {
	if obj.GetDeletionTimestamp() == nil {
		at := metav1.NewTime(now())
		obj.SetDeletionTimestamp(&at)
		if obj.GetGeneration() > 0 {
			obj.SetGeneration(obj.GetGeneration() + 1)
		}
	}
	zero := int64(0)
	obj.SetDeletionGracePeriodSeconds(&zero)
}

// now is the time as the API stores it.
func now() time.Time { return time.Now().UTC().Truncate(time.Second) }

// remove ends an object. The deletion's version is its last state with the deletion's resourceVersion.
func (s *Store) remove(k *kinds.Kind, current *history.Version, dryRun bool) (*history.Version, error) {
	if dryRun {
		return current, nil
	}
	obj, err := k.Storage.Object(current)
	if err != nil {
		return nil, err
	}
	return s.write(k, current.Key, current, func(revision uint64) (*history.Version, error) {
		v, err := version(k, obj, revision, current)
		if err == nil {
			v.Deleted = true
		}
		return v, err
	})
}

// deleteNamespace marks a namespace as terminating. It ends when its finalizers, in the spec and in the metadata, are gone.
func (s *Store) deleteNamespace(k *kinds.Kind, namespace *corev1.Namespace, current *history.Version, dryRun bool) (*history.Version, bool, error) {
	if namespace.DeletionTimestamp == nil {
		at := metav1.NewTime(now())
		namespace.DeletionTimestamp = &at
	}
	namespace.Status.Phase = corev1.NamespaceTerminating
	if isFinished(namespace) {
		v, err := s.remove(k, current, dryRun)
		return v, true, err
	}
	v, err := s.commit(k, namespace, current, dryRun)
	return v, false, err
}

// namespaceFinalizers says whether the object is a namespace that finalizers of its spec keep.
func namespaceFinalizers(obj resource.Object) bool {
	namespace, ok := obj.(*corev1.Namespace)
	return ok && len(namespace.Spec.Finalizers) > 0
}
