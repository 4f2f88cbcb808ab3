package informers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"k8s.io/klog/v2"

	"github.com/sheaf-dev/sheaf/cache"
	"github.com/sheaf-dev/sheaf/resource"
)

// patience is how long a wait goes on without a word.
const patience = 10 * time.Second

var errPatience = errors.New("still waiting")

// WaitForCacheSync waits until every informer of the factory has a full state of its collection. When the context ends first, the error is
// a *SyncError, which names those that have not, and why. A wait that takes more than ten seconds says so in the log.
func (f *SharedInformerFactory) WaitForCacheSync(ctx context.Context) error {
	all := f.informers()
	late := time.NewTimer(patience)
	defer late.Stop()
	for i := 0; i < len(all); {
		select {
		case <-all[i].Synced():
			i++
		case <-late.C:
			klog.FromContext(ctx).Info("Waiting for caches", "reason", unsynced(all, errPatience))
		case <-ctx.Done():
			return unsynced(all, context.Cause(ctx))
		}
	}
	return nil
}

func unsynced(all []*cache.SharedIndexInformer, why error) error {
	e := &SyncError{Err: why}
	for _, informer := range all {
		if !informer.HasSynced() {
			e.NotSynced = append(e.NotSynced, informer.Status())
		}
	}
	if len(e.NotSynced) == 0 {
		return nil
	}
	return e
}

// Status returns the status of every informer, ordered by resource.
func (f *SharedInformerFactory) Status() []cache.Status {
	var all []cache.Status
	for _, informer := range f.informers() {
		all = append(all, informer.Status())
	}
	return all
}

// Health returns a health check of all informers of the factory; see cache.Health.
func (f *SharedInformerFactory) Health(bound time.Duration) cache.Health {
	return cache.Health{Bound: bound, Informers: f.informers}
}

// SyncError says which informers have not synced. Unwrap returns why the wait ended.
type SyncError struct {
	NotSynced []cache.Status
	Err       error
}

// Error names each informer that has not synced, what it is doing, and what went wrong last.
func (e *SyncError) Error() string {
	var names []string
	for _, s := range e.NotSynced {
		names = append(names, s.String())
	}
	return fmt.Sprintf("caches have not synced (%v): %s", e.Err, strings.Join(names, "; "))
}

// Unwrap returns the context's cause.
func (e *SyncError) Unwrap() error { return e.Err }

func compareDefinitions(a, b *resource.Definition) int {
	return strings.Compare(a.String(), b.String())
}
