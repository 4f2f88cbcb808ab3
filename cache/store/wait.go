package store

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"k8s.io/apimachinery/pkg/util/resourceversion"
)

// WaitFor waits until the store has reached a resourceVersion, such as that of an object which the caller has just written, and
// returns the first snapshot known to have. "" and "0" are reached by any snapshot.
//
// Versions are ordered as apimachinery's CompareResourceVersion does. A version which that function does not understand has no order:
// then WaitFor returns when the snapshot, an object in it, or an object deleted since the call carries exactly this version. Such a
// version may have been replaced by a newer one before the call, and is then never seen: give ctx a deadline.
//
// The error names the version that was waited for and the one that was reached, and wraps the context's cause.
func (r *Reader) WaitFor(ctx context.Context, resourceVersion string) (Snapshot, error) {
	waiter := &waiter{want: resourceVersion, reached: make(chan Snapshot, 1)}
	waits := &r.core.waits
	// First in the list, then look: what is published in between is seen by one of the two.
	waits.add(waiter)
	defer waits.remove(waiter)
	if now := r.Snapshot(); waiter.satisfiedBy(now) {
		return now, nil
	}
	select {
	case snapshot := <-waiter.reached:
		return snapshot, nil
	case <-ctx.Done():
		return Snapshot{}, fmt.Errorf("wait for resourceVersion %q, reached %q: %w", resourceVersion, r.ResourceVersion(), context.Cause(ctx))
	}
}

// A waiter is one call of WaitFor.
type waiter struct {
	want    string
	reached chan Snapshot // has room for the one snapshot that is sent
}

// satisfiedBy looks at a whole snapshot. Only for a version without order does it look at every object.
func (w *waiter) satisfiedBy(s Snapshot) bool {
	reached, ordered := hasReached(s.ResourceVersion(), w.want)
	if reached || ordered {
		return reached
	}
	for o := range s.AllHeld() {
		if o.GetResourceVersion() == w.want {
			return true
		}
	}
	return false
}

// satisfiedAfter looks at a snapshot and the changes that led to it, when the waiter had not been satisfied before them.
func (w *waiter) satisfiedAfter(s Snapshot, changes []Change) bool {
	reached, ordered := hasReached(s.ResourceVersion(), w.want)
	if reached || ordered {
		return reached
	}
	for i := range changes {
		if o := changes[i].Object; o != nil && o.GetResourceVersion() == w.want {
			return true
		}
	}
	return false
}

// hasReached compares two versions. If they have no order, it can only say whether they are equal.
func hasReached(have, want string) (reached, ordered bool) {
	if want == "" || want == "0" || have == want {
		return true, true
	}
	order, err := resourceversion.CompareResourceVersion(have, want)
	if err != nil {
		// A store that has seen nothing yet is before every version that has an order.
		_, wantErr := resourceversion.CompareResourceVersion(want, want)
		return false, have == "" && wantErr == nil
	}
	return order >= 0, true
}

// waits is the list of those who wait. The writer looks at one atomic as long as nobody does.
type waits struct {
	count   atomic.Int32
	mu      sync.Mutex // owns waiting
	waiting map[*waiter]struct{}
}

func (ws *waits) add(w *waiter) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.waiting == nil {
		ws.waiting = map[*waiter]struct{}{}
	}
	ws.waiting[w] = struct{}{}
	ws.count.Add(1)
}

func (ws *waits) remove(w *waiter) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.drop(w)
}

func (ws *waits) drop(w *waiter) { // mu is held
	if _, ok := ws.waiting[w]; ok {
		delete(ws.waiting, w)
		ws.count.Add(-1)
	}
}

// published tells those whose version a new snapshot has reached.
func (ws *waits) published(s Snapshot, changes []Change) {
	if ws.count.Load() == 0 {
		return
	}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for w := range ws.waiting {
		if w.satisfiedAfter(s, changes) {
			w.reached <- s
			ws.drop(w)
		}
	}
}
