package events

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/klog/v2"
)

// sink writes Events in one of the API's two forms.
type sink interface {
	// create writes a new Event.
	create(ctx context.Context, n note, s *series) error
	// repeat writes the count and the last time of an Event that there is.
	repeat(ctx context.Context, of story, s *series) error
}

// Retries: after each failure the wait doubles, up to the longest; after so many tries the event is dropped.
const (
	firstWait   = 500 * time.Millisecond
	longestWait = 10 * time.Second
	maxTries    = 12
)

// write performs a request until it succeeds, is refused for good, or has failed too often, and counts what came of it.
func (w *writer) write(ctx context.Context, request func(context.Context) error) bool {
	var err error
	wait := firstWait
	for range maxTries {
		if err = request(ctx); err == nil {
			w.written.Add(1)
			return true
		}
		if isFinal(err) || !sleep(ctx, wait) {
			break
		}
		wait = min(2*wait, longestWait)
	}
	w.failed.Add(1)
	klog.FromContext(ctx).Error(err, "An event could not be written", "controller", w.options.Controller)
	return false
}

// isFinal says whether trying again would not help.
func isFinal(err error) bool {
	return apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) || apierrors.IsForbidden(err) || apierrors.IsNotFound(err) ||
		apierrors.IsUnauthorized(err) || apierrors.IsAlreadyExists(err) || apierrors.IsMethodNotSupported(err) || apierrors.IsRequestEntityTooLargeError(err)
}

// isGone says whether an Event to be counted is no longer there.
func isGone(err error) bool { return apierrors.IsNotFound(err) }

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

// nameFor names an Event after its object and moment, as all recorders do, so that sorting by name sorts by time. No two names of
// one recorder are the same.
func (w *writer) nameFor(n note) string {
	w.moment = max(w.moment+1, n.at.UnixNano())
	return fmt.Sprintf("%s.%x", cut(n.regarding.name, 200), w.moment)
}

// eventNamespace is where an Event lives: with its object or, for those of cluster scope, in "default".
func eventNamespace(of story) string {
	if of.regarding.namespace == "" {
		return "default"
	}
	return of.regarding.namespace
}
