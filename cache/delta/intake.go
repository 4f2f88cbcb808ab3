package delta

import (
	"context"
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
)

// IntakeOptions refines an Intake.
type IntakeOptions struct {
	// Scope is the namespace that the stream covers; "": all of them.
	Scope string
	// Transform is called on each new version; nil: none.
	Transform Transform
	// Pack puts what the store shall hold in the place of an object, after the transform. It has the object's identity. nil: the object itself. An
	// error, or a panic, quarantines the object.
	Pack func(resource.Object) (resource.Object, error)
}

// Intake is the end of a queue at which one stream comes in. It drops what is known already, and transforms what is new. Its methods
// are those of reflector.Sink, for the reflector's goroutine, and Heal and Lose, for any.
type Intake struct {
	queue *Queue
	opts  IntakeOptions

	// mu owns the rest. It is held while a delta is pushed, so that what is decided here holds where the delta stands in the queue.
	mu      sync.Mutex
	known   versions
	broken  map[uint64]string       // hash of the key → version, of what could not be processed or is in doubt
	ahead   map[resource.Key]single // objects read alone, until the stream has passed them
	draft   *replacement            // what the last abandoned attempt at a full state had collected
	version string                  // of the last delta pushed
}

var _ reflector.Sink = (*Intake)(nil)

// single is a version that was read alone.
type single struct {
	uid     types.UID
	version string
}

// Intake returns a new intake of the queue.
func (q *Queue) Intake(opts IntakeOptions) *Intake {
	return &Intake{queue: q, opts: opts, known: newVersions(0), broken: map[uint64]string{}, ahead: map[resource.Key]single{}}
}

// Change takes one event of the stream.
func (in *Intake) Change(ctx context.Context, event decode.Event) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	d := in.admit(event)
	if older(d.ResourceVersion, in.version) {
		// A stream may repeat itself, but the point to resume at must not go back: everything since would be told again.
		d.ResourceVersion = ""
	}
	if err := in.queue.Push(ctx, d); err != nil {
		return err
	}
	if d.ResourceVersion != "" {
		in.version = d.ResourceVersion
	}
	return nil
}

// Flush waits until all that was taken has been applied, and returns the version reached.
func (in *Intake) Flush(ctx context.Context) (resourceVersion string, err error) {
	if err := in.queue.Flush(ctx); err != nil {
		return "", err
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.version, nil
}

// admit makes a delta of an event. What is known already leaves nothing but its version. mu is held.
func (in *Intake) admit(event decode.Event) Delta {
	d := Delta{Type: Bookmark, ResourceVersion: event.ResourceVersion, Scope: in.opts.Scope}
	if event.Type == watch.Bookmark {
		return d
	}
	if event.Err.Nameless() {
		d.Type, d.Err = Updated, event.Err
		return d
	}
	v := versionOf(event.Object, event.Err, event.Hash)
	if in.passed(v, event.Type == watch.Deleted) {
		return d
	}
	hash := hashKey(v.key)
	same := in.known.knows(hash, v.stamp)
	if same && event.Err == nil && event.Type != watch.Deleted {
		return d
	}
	in.known.forget(hash)
	delete(in.broken, hash)
	d.Key, d.UID, d.Size = v.key, v.uid, event.Size
	switch {
	case event.Type == watch.Deleted:
		d.Type, d.Known = Deleted, same
		if !same && event.Err == nil {
			d.Object, _ = in.transform(event.Object) // without it, the last state that was good
		}
		return d
	case event.Type == watch.Added:
		d.Type = Added
	default:
		d.Type = Updated
	}
	if d.Object, d.Err = in.process(event.Object, event.Err); d.Err != nil {
		in.broken[hash] = v.version
	} else {
		in.known.put(hash, v.stamp, event.Trace)
	}
	return d
}

// version is what identifies a version of an object.
type version struct {
	key     resource.Key
	uid     types.UID
	version string
	stamp   uint64
}

func versionOf(o resource.Object, broken *decode.ObjectError, hash uint64) version {
	v := version{}
	if broken != nil {
		v.key, v.uid, v.version = broken.Key, broken.UID, broken.ResourceVersion
	} else {
		v.key, v.uid, v.version = resource.KeyOf(o), o.GetUID(), o.GetResourceVersion()
	}
	v.stamp = stamp(v.key, v.uid, v.version, hash)
	return v
}

// passed says whether an event is older than what was read alone, or the same. The end of that object never is: where it has ceased to match a
// selector, it has the version of that change, and may have been read after it.
func (in *Intake) passed(v version, ended bool) bool {
	if len(in.ahead) == 0 {
		return false
	}
	had, ok := in.ahead[v.key]
	if !ok {
		return false
	}
	if ended && v.uid == had.uid {
		delete(in.ahead, v.key)
		return false
	}
	if older(v.version, had.version) { // it may also be of the object that had the name before
		return true
	}
	delete(in.ahead, v.key)
	if had.uid == v.uid && had.version == v.version {
		in.known.put(hashKey(v.key), v.stamp, decode.Trace{})
		return true
	}
	return false
}

// Heal takes an object that was read alone, in its newest state, because the stream's could not be processed. It counts only as long as
// the stream has brought nothing better. It returns what is wrong with this one, if something is, or the context's cause.
func (in *Intake) Heal(ctx context.Context, o resource.Object) error {
	key := resource.KeyOf(o)
	had := single{o.GetUID(), o.GetResourceVersion()}
	in.mu.Lock()
	defer in.mu.Unlock()
	hash := hashKey(key)
	broken, ok := in.broken[hash]
	if !ok || older(had.version, broken) {
		return nil
	}
	o, err := in.transform(o)
	if err != nil {
		return err
	}
	delete(in.broken, hash)
	in.ahead[key] = had
	return in.queue.Push(ctx, Delta{Type: Sync, Key: key, Object: o, UID: had.uid, Scope: in.opts.Scope})
}

// Lose takes the news that an object, which the stream left in doubt, is not there. It counts as Heal does.
func (in *Intake) Lose(ctx context.Context, key resource.Key) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	hash := hashKey(key)
	if _, ok := in.broken[hash]; !ok {
		return nil
	}
	delete(in.broken, hash)
	return in.queue.Push(ctx, Delta{Type: Sync, Key: key, Scope: in.opts.Scope})
}

// process transforms an object that could be decoded.
func (in *Intake) process(o resource.Object, broken *decode.ObjectError) (resource.Object, error) {
	if broken != nil {
		return nil, broken
	}
	return in.transform(o)
}

// transform returns what is to be stored of an object.
func (in *Intake) transform(o resource.Object) (out resource.Object, err error) {
	if out, err = in.opts.Transform.Apply(o); err != nil || in.opts.Pack == nil {
		return out, err
	}
	defer func() {
		if p := recover(); p != nil {
			out, err = nil, fmt.Errorf("packing of %s panicked: %v", resource.KeyOf(o), p)
		}
	}()
	if out, err = in.opts.Pack(out); err != nil {
		return nil, err
	}
	return out, nil
}
