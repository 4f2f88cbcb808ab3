package cache

import (
	"context"
	"errors"
	"time"

	"github.com/sheaf-dev/sheaf/resource"
)

// EventHandler is told what changes, one call at a time, in order. For each key the calls are OnAdd, then any number of OnUpdate,
// then OnDelete, and then perhaps OnAdd again. The objects are shared and read-only. A call that blocks delays only this handler; a panic
// is recovered, logged and counted.
type EventHandler interface {
	// OnAdd: the object is there. initial says that it was there already when the handler was added, or when the informer started.
	OnAdd(o resource.Object, initial bool)
	// OnUpdate: the object changed. resync says that it did not, and that the call comes from the handler's resync timer.
	OnUpdate(old, new resource.Object, resync bool)
	// OnDelete: the object is gone. last is its last state or, if finalStateUnknown, one that may be out of date.
	OnDelete(last resource.Object, finalStateUnknown bool)
}

// HandlerOptions refines how a handler is called. The zero value is a handler that gets every event.
type HandlerOptions struct {
	// Name is how the handler is called in statuses and logs. "": its Go type.
	Name string
	// Resync is how often the whole cache is delivered again, as updates that are flagged as resync. It never reads from the server. 0: what
	// the informer's options say; negative: never; anything below a second is a second.
	Resync time.Duration
	// Filter leaves out the objects for which it returns false. An object that begins or ceases to pass is added or deleted as far as the
	// handler can see. It is called once for each delivery, from the handler's goroutine.
	Filter func(resource.Object) bool
	// Coalesce always delivers at most one pending change a key, from the last state delivered to the newest one. Otherwise every
	// event is delivered, and this happens only while the handler is too far behind. If even the last states delivered take more memory
	// than the informer's JournalBytes, some of them are delivered as skeletons: with their identity, labels and owners only.
	Coalesce bool
	// DropUnseen leaves out objects that came and went while both were pending, when changes are coalesced.
	DropUnseen bool
}

// MinResync is the shortest time between resyncs.
const MinResync = time.Second

// Errors of AddEventHandler and Run, for errors.Is.
var (
	ErrStopped = errors.New("the informer has stopped")
	ErrStarted = errors.New("the informer was started before")
)

// Registration is one handler of one informer. Its methods may be called from any goroutine, also from inside the handler.
type Registration struct {
	informer *SharedIndexInformer
	listener *listener
}

// HasSynced says whether the handler has been called for every object that was there when it was added, or in the first full state.
func (r *Registration) HasSynced() bool {
	select {
	case <-r.Synced():
		return true
	default:
		return false
	}
}

// Synced is closed when HasSynced becomes true.
func (r *Registration) Synced() <-chan struct{} { return r.listener.synced }

// Remove takes the handler off the informer. No call begins after it returns; one that is running may still run. Removing twice
// does nothing.
func (r *Registration) Remove() { r.informer.remove(r.listener) }

// Wait waits until the handler has been removed, or its informer has stopped, and its last call has returned. Inside of the handler it
// does not wait for the call that it is made from. The error is the context's cause.
func (r *Registration) Wait(ctx context.Context) error {
	if r.listener.isCurrentGoroutine() {
		return nil
	}
	select {
	case <-r.listener.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Status says how far the handler is.
func (r *Registration) Status() HandlerStatus { return r.listener.status() }
