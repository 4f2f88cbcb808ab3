package informers

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/sheaf-dev/sheaf/cache"
	"github.com/sheaf-dev/sheaf/resource"
)

// WaitForCacheSync waits until every informer of the factory has a full state of its collection. When the context ends first, the error is
// a *SyncError, which names those that have not, and why.
func (f *SharedInformerFactory) WaitForCacheSync(ctx context.Context) error {
	all := f.informers()
	for _, informer := range all {
		select {
		case <-informer.Synced():
		case <-ctx.Done():
			return unsynced(ctx, all)
		}
	}
	return nil
}

func unsynced(ctx context.Context, all []*cache.SharedIndexInformer) error {
	e := &SyncError{Err: context.Cause(ctx)}
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
	return fmt.Sprintf("%d caches have not synced (%v): %s", len(e.NotSynced), e.Err, strings.Join(names, "; "))
}

// Unwrap returns the context's cause.
func (e *SyncError) Unwrap() error { return e.Err }

func compareDefinitions(a, b *resource.Definition) int {
	return strings.Compare(a.String(), b.String())
}
