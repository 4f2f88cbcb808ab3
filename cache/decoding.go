package cache

import (
	"github.com/sheaf-dev/sheaf/cache/delta"
	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/cache/store"
	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
)

// decoding makes the sources of one informer decode as suits a cache: what the store holds already is not decoded again, and equal parts
// of different objects are one piece of memory.
type decoding struct {
	table     *decode.Table
	transform delta.Transform // the user's; nil: none
	reader    *store.Reader
}

// source returns a source whose objects share parts from the start, unless there is a transform, which may change them in place.
func (d *decoding) source(source reflector.ListerWatcher, intake *delta.Intake) reflector.ListerWatcher {
	s, ok := source.(reflector.Decoding)
	if !ok {
		return source
	}
	opts := []decode.Option{decode.Reuse(func(id decode.Identity) resource.Object {
		if !intake.Unchanged(id) {
			return nil
		}
		o, found := d.reader.Get(id.Key)
		if !found || o.GetUID() != id.UID || o.GetResourceVersion() != id.ResourceVersion {
			return nil // it is on its way to the store, or a transform has changed what it is
		}
		return o
	})}
	if d.transform == nil {
		opts = append(opts, decode.Shared(d.table))
	}
	return s.Decoding(opts...)
}

// transforms returns the transform for the objects of a source: the user's, after which they share parts.
func (d *decoding) transforms(source reflector.ListerWatcher) delta.Transform {
	if _, ok := source.(reflector.Decoding); !ok || d.transform == nil {
		return d.transform
	}
	return func(o resource.Object) (resource.Object, error) {
		o, err := d.transform(o)
		if err == nil && o != nil {
			d.table.Share(o)
		}
		return o, err
	}
}
