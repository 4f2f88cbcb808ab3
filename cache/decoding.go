package cache

import (
	"context"

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
	drop      decode.Option         // what is not decoded
	prune     func(resource.Object) // takes the same out of an object that was decoded otherwise; nil: nothing is dropped
	packer    store.Packer          // of a compact store; nil: objects are held as they are
}

// compactTable bounds the memory for shared parts where decoded objects do not stay, in bytes: what neighbours have in common.
const compactTable = 256 << 10

// newDecoding returns the decoding for an informer's options. The error says which dropped path is wrong.
func newDecoding(def *resource.Definition, reader *store.Reader, opts Options) (*decoding, error) {
	d := &decoding{table: decode.NewTable(0), transform: opts.Transform, reader: reader}
	if err := d.dropping(def, opts.Drop); err != nil {
		return d, err
	}
	if opts.Compact == nil {
		return d, nil
	}
	d.table = decode.NewTable(compactTable)
	d.packer = opts.Compact.NewPacker(reader, def, d.options()...)
	return d, nil
}

// options are those that hold for every decoder.
func (d *decoding) options() []decode.Option {
	if d.drop == nil {
		return nil
	}
	return []decode.Option{d.drop}
}

// pack returns what packs the objects that come decoded; nil: nothing is packed.
func (d *decoding) pack() func(resource.Object) (resource.Object, error) {
	if d.packer == nil {
		return nil
	}
	return d.packer.Made
}

// dropping leaves fields out. The error says which path is wrong.
func (d *decoding) dropping(def *resource.Definition, paths []string) (err error) {
	if len(paths) == 0 {
		return nil
	}
	if d.drop, err = decode.Drop(def, paths...); err != nil {
		return err
	}
	d.prune, err = decode.Pruner(def, paths...)
	return err
}

// source returns a source whose objects share parts from the start, unless there is a transform, which may change them in place.
func (d *decoding) source(source reflector.ListerWatcher, intake *delta.Intake) reflector.ListerWatcher {
	s, ok := source.(reflector.Decoding)
	if !ok {
		return source
	}
	opts := append(d.options(), decode.Reuse(func(id decode.Identity) resource.Object {
		if !intake.Unchanged(id) {
			return nil
		}
		o, found := d.reader.Snapshot().Held(id.Key)
		if !found || o.GetUID() != id.UID || o.GetResourceVersion() != id.ResourceVersion {
			return nil // it is on its way to the store, or a transform has changed what it is
		}
		return o
	}))
	if d.transform == nil {
		opts = append(opts, decode.Shared(d.table))
		if d.packer == nil {
			opts = append(opts, decode.Previous(intake.Last))
		} else {
			opts = append(opts, decode.Pack(d.packer.Decoded))
		}
	}
	return s.Decoding(opts...)
}

// getter returns what reads single objects of a source, which come without the dropped fields; nil: the source cannot.
func (d *decoding) getter(source reflector.ListerWatcher) reflector.Getter {
	getter, _ := source.(reflector.Getter)
	if _, ok := source.(reflector.Decoding); !ok || d.prune == nil || getter == nil {
		return getter
	}
	return prunedGetter{getter, d.prune}
}

type prunedGetter struct {
	reflector.Getter
	prune func(resource.Object)
}

func (g prunedGetter) Get(ctx context.Context, key resource.Key) (resource.Object, error) {
	o, err := g.Getter.Get(ctx, key)
	if err == nil {
		g.prune(o)
	}
	return o, err
}

// transforms returns the transform for the objects of a source: the user's, after which they share parts. What a source has decoded by
// itself is pruned first.
func (d *decoding) transforms(source reflector.ListerWatcher) delta.Transform {
	if _, ok := source.(reflector.Decoding); !ok {
		return d.pruned()
	}
	if d.transform == nil || d.packer != nil {
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

// pruned returns the user's transform, before which the dropped fields are taken out.
func (d *decoding) pruned() delta.Transform {
	switch {
	case d.prune == nil:
		return d.transform
	case d.transform == nil:
		return func(o resource.Object) (resource.Object, error) {
			d.prune(o)
			return o, nil
		}
	}
	return func(o resource.Object) (resource.Object, error) {
		d.prune(o)
		return d.transform(o)
	}
}
