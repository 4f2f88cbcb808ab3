package cache

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"

	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/cache/store"
	"github.com/sheaf-dev/sheaf/resource"
)

// View is a store plus the writes that its user has made and that the watch has not brought yet: the snapshot plus my writes. It is no state
// that the server ever had, because the writes of others that lie between are missing. Each write is shown until the snapshot has
// passed its version. Handlers know nothing of it. Make one with NewView. All methods may be called from any goroutine; reads take
// no lock.
type View struct {
	informer *SharedIndexInformer
	parts    []part
	writes   atomic.Pointer[map[resource.Key]write] // never changed, only replaced; nil: none
	pruned   atomic.Int64                           // when passed writes were last let go, in nanoseconds
	mu       sync.Mutex                             // owns the right to replace writes
}

// write is what a user has done to a key.
type write struct {
	object  resource.Object // as written; nil: nothing was, or it is not in the informer's collection
	version string          // of what was written
	deleted types.UID       // of an object that was deleted; "": none was
	after   string          // the version that the deleted object had
	base    string          // the version of the snapshot at that time
}

// NewView returns a view of an informer's store, without writes. It fails if a source of the informer cannot say what it selects: a user's own,
// unless it says so (see reflector.Selecting), or a client's with a field selector, because only the server knows what that matches.
func NewView(informer *SharedIndexInformer) (*View, error) {
	v := &View{informer: informer}
	for _, scope := range informer.opts.Scopes {
		selecting, ok := scope.Source.(reflector.Selecting)
		if !ok {
			return nil, fmt.Errorf("view of %s: a %T does not say what it selects", informer.def, scope.Source)
		}
		has, err := selecting.Selection()
		if err != nil {
			return nil, fmt.Errorf("view of %s: %w", informer.def, err)
		}
		v.parts = append(v.parts, part{scope.Namespace, has})
	}
	return v, nil
}

// part is one of the collections that an informer reads.
type part struct {
	namespace string // "": all
	has       func(resource.Object) bool
}

// partOf returns the part that reads the namespace of a key.
func (v *View) partOf(key resource.Key) (part, bool) {
	for _, p := range v.parts {
		if p.namespace == "" || p.namespace == key.Namespace {
			return p, true
		}
	}
	return part{}, false
}

// Wrote shows an object as the server returned it from a write, until the watch has brought it or something newer. The object stays the
// caller's. A transform of the informer runs on a copy of it. If its version has no order, Wrote waits until the watch has brought it; the
// error is then the context's, else a transform's.
func (v *View) Wrote(ctx context.Context, o resource.Object) error {
	key, version := resource.KeyOf(o), o.GetResourceVersion()
	if !ordered(version) {
		_, err := v.informer.WaitFor(ctx, version)
		return err
	}
	part, read := v.partOf(key)
	if !read {
		return nil
	}
	shown := resource.Copy(o)
	if !part.has(o) {
		shown = nil
	} else if transformed, err := v.informer.opts.Transform.Apply(shown); err != nil {
		return fmt.Errorf("view of %s: %w", v.informer.def, err)
	} else {
		shown = transformed
	}
	v.update(key, func(w *write) {
		if !newer(w.version, version) {
			w.object, w.version = shown, version
		}
	})
	return nil
}

// Deleted hides an object that was deleted: the one with this UID, whose last known version is given, and what had its name before, but nothing
// that has it since. It must be gone, not only marked for deletion.
func (v *View) Deleted(key resource.Key, uid types.UID, version string) {
	if _, read := v.partOf(key); !read {
		return
	}
	if !ordered(version) {
		version = "" // nothing says when the watch has passed it: it has when the snapshot does not have the object
	}
	v.update(key, func(w *write) {
		if !newer(w.after, version) {
			w.deleted, w.after = uid, version
		}
	})
}

// Pending returns how many keys have writes that the watch has not brought yet.
func (v *View) Pending() int {
	writes := v.writes.Load()
	if writes == nil {
		return 0
	}
	pending, snapshot := 0, v.informer.reader.Snapshot()
	for key, w := range *writes {
		if !w.passed(key, snapshot) {
			pending++
		}
	}
	return pending
}

// update changes the write of a key, and lets those go that the watch has passed.
func (v *View) update(key resource.Key, change func(*write)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	next := map[resource.Key]write{}
	if writes := v.writes.Load(); writes != nil {
		next = maps.Clone(*writes)
	}
	w := next[key]
	change(&w)
	w.base = v.informer.reader.ResourceVersion()
	next[key] = w
	v.replace(next)
}

// pruneNowAndThen lets the writes go that the watch has passed, once a second at most: readers leave them out by themselves.
func (v *View) pruneNowAndThen() {
	now, last := time.Now().UnixNano(), v.pruned.Load()
	if now-last < int64(time.Second) || !v.pruned.CompareAndSwap(last, now) {
		return
	}
	if !v.mu.TryLock() {
		return // a writer does
	}
	defer v.mu.Unlock()
	if writes := v.writes.Load(); writes != nil {
		v.replace(maps.Clone(*writes))
	}
}

// replace makes the pending ones of the writes the view's. mu is held.
func (v *View) replace(writes map[resource.Key]write) {
	snapshot := v.informer.reader.Snapshot()
	maps.DeleteFunc(writes, func(key resource.Key, w write) bool { return w.passed(key, snapshot) })
	if len(writes) == 0 {
		v.writes.Store(nil)
		return
	}
	v.writes.Store(&writes)
}

// passed says whether a snapshot has all that a write did, or something newer, or is of a server that has gone back to the past and may never
// have it.
func (w *write) passed(key resource.Key, s store.Snapshot) bool {
	return newer(w.base, s.ResourceVersion()) || w.writePassed(key, s) && w.deletionPassed(key, s)
}

func (w *write) writePassed(key resource.Key, s store.Snapshot) bool {
	if w.version == "" || reached(s.ResourceVersion(), w.version) {
		return true
	}
	o, ok := s.Held(key)
	return ok && reached(o.GetResourceVersion(), w.version)
}

func (w *write) deletionPassed(key resource.Key, s store.Snapshot) bool {
	if w.deleted == "" {
		return true
	}
	o, ok := s.Held(key)
	switch {
	case ok && w.hides(o):
		return false
	case w.after == "" || reached(s.ResourceVersion(), w.after):
		return true
	}
	// An object that was made and deleted before the watch brought it may still come.
	return ok && reached(o.GetResourceVersion(), w.after)
}

// hides says whether an object is the one that was deleted, or had its name before.
func (w *write) hides(o resource.Object) bool {
	return w.deleted != "" && (o.GetUID() == w.deleted || newer(w.after, o.GetResourceVersion()))
}

// ordered says whether a version can be compared with others.
func ordered(version string) bool {
	_, err := resourceversion.CompareResourceVersion(version, version)
	return err == nil
}

// reached says whether a version is known to be another one or a newer one.
func reached(have, want string) bool {
	order, err := resourceversion.CompareResourceVersion(have, want)
	return err == nil && order >= 0
}

// newer says whether a version is known to be newer than another one.
func newer(a, b string) bool {
	order, err := resourceversion.CompareResourceVersion(a, b)
	return err == nil && order > 0
}

// errHiddenIndex says that an index is not known to the informer, only to its store.
var errHiddenIndex = errors.New("the index was added to the store and not to the informer")
