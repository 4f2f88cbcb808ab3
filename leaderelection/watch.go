package leaderelection

import (
	"context"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// refusedPause is how many retry periods pass before a watch is tried again that RBAC does not allow.
const refusedPause = 100

// sighting is a state of the Lease, nil if it was deleted, that a watch has seen directly after another one.
type sighting struct {
	lease *coordinationv1.Lease
	after string // the other one's resourceVersion; empty: there is none
}

// watch keeps the loop informed until the requests end. It only speeds things up: the loop polls all the same, so whatever
// goes wrong here needs no more than another try.
func (l *loop) watch() {
	for l.requests.Err() == nil {
		ctx, cancel := context.WithCancel(l.requests)
		var next sighting
		err := l.leases.Watch(ctx, l.name, func(lease *coordinationv1.Lease) {
			l.note(func(s *Status) { s.Watching = true })
			next.lease = lease
			select {
			case l.seen <- next:
			case <-ctx.Done():
			}
			if next.after = ""; lease != nil {
				next.after = lease.ResourceVersion
			}
		})
		cancel()
		l.note(func(s *Status) { s.Watching = false })
		if refused(err) {
			l.log.Info("The Lease cannot be watched; the candidate polls", "reason", err.Error())
		}
		l.sleep(l.pauseAfter(err))
	}
}

func refused(err error) bool {
	return apierrors.IsForbidden(err) || apierrors.IsMethodNotSupported(err)
}

// pauseAfter returns how long to wait after a watch has ended.
func (l *loop) pauseAfter(err error) time.Duration {
	if refused(err) {
		return refusedPause * l.opts.RetryPeriod
	}
	return l.pause()
}

// sleep waits, or until the requests end.
func (l *loop) sleep(d time.Duration) {
	timer := l.clock.after(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-l.requests.Done():
	}
}
