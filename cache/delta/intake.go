package delta

import (
	"context"
	"fmt"
	"reflect"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
)

// Transform changes an object before it is stored, or replaces it by another one of the same type and key. It is called once for each version
// of each object, one object after the other; informers of several namespaces call it from several goroutines. An error, or a panic,
// quarantines the object.
type Transform func(resource.Object) (resource.Object, error)

// IntakeOptions refines an Intake.
type IntakeOptions struct {
	// Scope is the namespace that the stream covers; "": all of them.
	Scope string
	// Transform is called on each new version; nil: none.
	Transform Transform
}

// Intake is the end of a queue at which one stream comes in. It drops what is known already, and transforms what is new. Its methods
// are those of reflector.Sink, for the reflector's goroutine, and Heal, for any.
type Intake struct {
	queue *Queue
	opts  IntakeOptions

	mu      sync.Mutex // owns the rest
	known   versions
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
	return &Intake{queue: q, opts: opts, known: versions{}}
}

// Change takes one event of the stream.
func (in *Intake) Change(ctx context.Context, event decode.Event) error {
	d := in.admit(event)
	if err := in.queue.Push(ctx, d); err != nil {
		return err
	}
	if d.ResourceVersion != "" {
		in.mu.Lock()
		in.version = d.ResourceVersion
		in.mu.Unlock()
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

// admit makes a delta of an event. What is known already leaves nothing but its version.
func (in *Intake) admit(event decode.Event) Delta {
	in.mu.Lock()
	defer in.mu.Unlock()
	d := Delta{Type: Bookmark, ResourceVersion: event.ResourceVersion, Scope: in.opts.Scope}
	if event.Type == watch.Bookmark {
		return d
	}
	if event.Err != nil && event.Err.Key.Name == "" {
		d.Type, d.Err = Updated, event.Err
		return d
	}
	v := versionOf(event.Object, event.Err, event.Hash)
	if in.passed(v) {
		return d
	}
	hash, size := hashKey(v.key), event.Size
	same := in.known[hash] == v.stamp
	if event.Type == watch.Deleted {
		delete(in.known, hash)
		d.Type, d.Key, d.UID, d.Size, d.Known = Deleted, v.key, v.uid, size, same
		if !same && event.Err == nil {
			d.Object, _ = in.transform(event.Object) // without it, the last state that was good
		}
		return d
	}
	if same && event.Err == nil {
		return d
	}
	d.Type, d.Key, d.UID, d.Size = Updated, v.key, v.uid, size
	if event.Type == watch.Added {
		d.Type = Added
	}
	d.Object, d.Err = in.process(event.Object, event.Err)
	if d.Err != nil {
		delete(in.known, hash)
	} else {
		in.known[hash] = v.stamp
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

// passed says whether an event is older than what was read alone, or the same.
func (in *Intake) passed(v version) bool {
	if len(in.ahead) == 0 {
		return false
	}
	had, ok := in.ahead[v.key]
	if !ok {
		return false
	}
	if had.uid == v.uid {
		if had.version == v.version {
			delete(in.ahead, v.key)
			in.known[hashKey(v.key)] = v.stamp
			return true
		}
		if order, err := resourceversion.CompareResourceVersion(v.version, had.version); err == nil && order < 0 {
			return true
		}
	} else if order, err := resourceversion.CompareResourceVersion(v.version, had.version); err == nil && order < 0 {
		return true // its predecessor's last days
	}
	delete(in.ahead, v.key)
	return false
}

// Heal takes an object that was read alone, in its newest state, because the stream's could not be processed. It returns what is wrong
// with this one, if something is, or the context's cause.
func (in *Intake) Heal(ctx context.Context, o resource.Object) error {
	key := resource.KeyOf(o)
	in.mu.Lock()
	transformed, err := in.transform(o)
	if err == nil {
		if in.ahead == nil {
			in.ahead = map[resource.Key]single{}
		}
		in.ahead[key] = single{o.GetUID(), o.GetResourceVersion()}
		delete(in.known, hashKey(key))
	}
	in.mu.Unlock()
	if err != nil {
		return err
	}
	return in.queue.Push(ctx, Delta{Type: Sync, Key: key, Object: transformed, UID: o.GetUID(), Scope: in.opts.Scope})
}

// Lose takes the news that an object, which the stream left in doubt, is not there. It counts only while the key is stale.
func (in *Intake) Lose(ctx context.Context, key resource.Key) error {
	return in.queue.Push(ctx, Delta{Type: Sync, Key: key, Scope: in.opts.Scope})
}

// process transforms an object that could be decoded.
func (in *Intake) process(o resource.Object, broken *decode.ObjectError) (resource.Object, error) {
	if broken != nil {
		return nil, broken
	}
	return in.transform(o)
}

func (in *Intake) transform(o resource.Object) (out resource.Object, err error) {
	if in.opts.Transform == nil {
		return o, nil
	}
	key, kind := resource.KeyOf(o), reflect.TypeOf(o)
	defer func() {
		if p := recover(); p != nil {
			out, err = nil, fmt.Errorf("transform of %s panicked: %v", key, p)
		}
	}()
	out, err = in.opts.Transform(o)
	switch {
	case err != nil:
		return nil, fmt.Errorf("transform of %s: %w", key, err)
	case out == nil || reflect.ValueOf(out).IsNil():
		return nil, fmt.Errorf("transform of %s returned nothing", key)
	case reflect.TypeOf(out) != kind:
		return nil, fmt.Errorf("transform of %s returned a %T instead of a %v", key, out, kind)
	case resource.KeyOf(out) != key:
		return nil, fmt.Errorf("transform of %s returned an object named %s", key, resource.KeyOf(out))
	}
	return out, nil
}
