package events

import (
	"context"
	"encoding/json"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/resource"
)

// sink writes Events in one of the API's two forms.
type sink interface {
	// create writes a new Event.
	create(ctx context.Context, of story, s *series) error
	// repeat writes the count and the last time of an Event that there is, and the last text where the API lets it change.
	repeat(ctx context.Context, of story, s *series) error
}

// create creates an Event.
func create[T resource.Object](ctx context.Context, client typed.Client[T], s *series, event T) error {
	written, err := client.Create(ctx, event, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	s.version = written.GetResourceVersion()
	return nil
}

// recount changes an Event in the version that is known, so that a request without an answer, which the server may see late, cannot take
// the count back. After a conflict, or without a version, it asks for it by a change of nothing: that needs no right to read Events.
func recount[T resource.Object](ctx context.Context, client typed.Client[T], s *series, change map[string]any) error {
	if s.version == "" {
		present, err := client.Patch(ctx, s.name, types.MergePatchType, []byte("{}"), metav1.PatchOptions{})
		if err != nil {
			return err
		}
		s.version = present.GetResourceVersion()
	}
	change["metadata"] = map[string]string{"resourceVersion": s.version}
	patch, err := json.Marshal(change)
	if err != nil {
		return err
	}
	written, err := client.Patch(ctx, s.name, types.MergePatchType, patch, metav1.PatchOptions{})
	if apierrors.IsConflict(err) {
		s.version = ""
	}
	if err != nil {
		return err
	}
	s.version = written.GetResourceVersion()
	return nil
}

// Retries: after each failure the wait doubles, up to the longest; after so many tries the event is dropped.
const (
	firstWait   = 500 * time.Millisecond
	longestWait = 10 * time.Second
	maxTries    = 12
	patience    = 30 * time.Second // with one try
)

// write performs a request until it succeeds, is refused for good, or has failed too often, and says whether it succeeded.
func (w *writer) write(ctx context.Context, request func(context.Context) error) bool {
	var err error
	wait := firstWait
	for range maxTries {
		if err = within(ctx, patience, request); err == nil {
			return true
		}
		if isFinal(err) || !sleep(ctx, wait) {
			break
		}
		wait = min(2*wait, longestWait)
	}
	klog.FromContext(ctx).Error(err, "An event could not be written", "controller", w.options.Controller)
	return false
}

// isFinal says whether trying again would not help.
func isFinal(err error) bool {
	return apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) || apierrors.IsForbidden(err) || apierrors.IsNotFound(err) ||
		apierrors.IsUnauthorized(err) || apierrors.IsAlreadyExists(err) || apierrors.IsMethodNotSupported(err) || apierrors.IsRequestEntityTooLargeError(err)
}

func within(ctx context.Context, d time.Duration, request func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	return request(ctx)
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// eventNamespace is where an Event lives: with its object or, for those of cluster scope, in "default".
func eventNamespace(of story) string {
	if of.regarding.namespace == "" {
		return "default"
	}
	return of.regarding.namespace
}
