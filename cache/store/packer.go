package store

import (
	"fmt"
	"reflect"
	"slices"
	"sync"
	"unsafe"

	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
)

// Compaction is a way to hold objects compressed. Package compact has one.
type Compaction interface {
	// NewPacker returns a packer for the objects of one store, which are decoded with the options; see the function NewPacker.
	NewPacker(reader *Reader, def *resource.Definition, options ...decode.Option) Packer
}

// Packer makes objects of a compact store: compressed bytes, with a weak pointer to the decoded object, so that all who hold it hold the same
// one. They stand for the decoded object from the decoder to the store and the handlers, know who they are without being decoded, and are
// opened by Open. Its methods may be called from any goroutine.
//
// It is an interface so that a program without a compact store does not link what encodes objects.
type Packer interface {
	// Decoded packs an object that was decoded from raw, which is not kept. It is an argument of decode.Pack.
	Decoded(o resource.Object, raw decode.Raw) resource.Object
	// Made packs an object that was made in another way, or returns one that is packed already. The error says that the object cannot be
	// written, or cannot be read again as what it was.
	Made(o resource.Object) (resource.Object, error)
}

// Codec compresses the objects of one store. Its methods may be called from any goroutine.
type Codec interface {
	// Pack appends compressed bytes to a slice. It does not keep raw.
	Pack(to, raw []byte) []byte
	// Unpack appends what was packed to a slice. Whatever Pack has returned can be unpacked, for ever.
	Unpack(to, packed []byte) ([]byte, error)
}

// packer is the packer of one store.
type packer struct {
	*opener
	reader *Reader
}

// opener is what packed objects need of their packer. It cannot pack: through it, the linker would find what encodes objects.
type opener struct {
	codec   Codec
	goType  reflect.Type
	decoder *decode.Decoder // shares nothing, so that readers do not wait for each other

	// Decoding many objects one after the other, as for a handler, costs a third where what they have in common is shared.
	turn    sync.Mutex // owns the rest; nobody waits for it
	sharing *decode.Decoder
	buffer  []byte
}

const (
	// sharedBytes bounds the memory for what objects that are decoded one after the other have in common, in bytes.
	sharedBytes = 128 << 10
	// keptBuffer is the largest buffer that is kept.
	keptBuffer = 64 << 10
)

// NewPacker returns a packer for a store. The options are those that the objects are decoded with.
func NewPacker(reader *Reader, def *resource.Definition, codec Codec, options ...decode.Option) Packer {
	return newPacker(reader, def, codec, options...)
}

func newPacker(reader *Reader, def *resource.Definition, codec Codec, options ...decode.Option) *packer {
	return &packer{reader: reader, opener: &opener{
		codec: codec, goType: def.GoType(), decoder: decode.For(def, options...),
		sharing: decode.For(def, append(slices.Clone(options), decode.Shared(decode.NewTable(sharedBytes)))...),
	}}
}

// Decoded packs an object that was decoded.
func (p *packer) Decoded(o resource.Object, raw decode.Raw) resource.Object {
	packed := &packed{opener: p.opener, notes: p.note(o)}
	packed.data = p.write(o, raw)
	packed.ref.Store(newRef(o))
	return packed
}

// unpack decodes what write has written.
func (p *opener) unpack(protobuf bool, packed []byte) (resource.Object, error) {
	if !p.turn.TryLock() {
		raw, err := p.codec.Unpack(nil, packed)
		if err != nil {
			return nil, err
		}
		return p.decoder.FromRaw(decode.Raw{Protobuf: protobuf, Bytes: raw})
	}
	defer p.turn.Unlock()
	raw, err := p.codec.Unpack(p.buffer[:0], packed)
	if err != nil {
		return nil, err
	}
	if p.buffer = raw; cap(raw) > keptBuffer {
		p.buffer = nil
	}
	return p.sharing.FromRaw(decode.Raw{Protobuf: protobuf, Bytes: raw})
}

// Made packs an object that was made in another way.
func (p *packer) Made(o resource.Object) (resource.Object, error) {
	if _, ok := o.(*packed); ok {
		return o, nil
	}
	raw, err := p.decoder.ToRaw(o)
	if err != nil {
		return nil, err
	}
	again, err := p.decoder.FromRaw(raw)
	if err != nil {
		return nil, fmt.Errorf("pack %s: %w", resource.KeyOf(o), err)
	}
	p.decoder.Definition().SetKind(o)
	if !resource.Equal(o, again) {
		return nil, fmt.Errorf("pack %s: a %T that is encoded and decoded again is another one", resource.KeyOf(o), o)
	}
	return p.Decoded(again, raw), nil
}

// note takes down what the store will want to know of an object. Until it is stored, the object may have to be decoded again.
func (p *packer) note(o resource.Object) *notes {
	v := p.reader.core.current.Load()
	n := &notes{}
	if v.labelIndex {
		n.labels = o.GetLabels()
	}
	if len(v.indexes) > 0 {
		n.values = make([]indexed, len(v.indexes))
	}
	for i, x := range v.indexes {
		values, err := x.function.call(o)
		n.values[i] = indexed{x.name, values, err}
	}
	return n
}

// notes are what a packed object is indexed by.
type notes struct {
	labels map[string]string
	values []indexed
}

type indexed struct {
	index  string
	values []string
	err    error
}

// labels returns the labels that an object is to be indexed by. It is for the writer, before the object is published.
func labelsToIndex(o resource.Object) map[string]string {
	if p, ok := o.(*packed); ok && p.notes != nil {
		return p.notes.labels
	}
	return o.GetLabels()
}

// callOn is call for an object of a store, which may be packed.
func (w *indexWriter) callOn(o resource.Object) (values []string, err error) {
	p, ok := o.(*packed)
	if !ok {
		return w.function.call(o)
	}
	if p.notes != nil {
		for _, have := range p.notes.values {
			if have.index == w.name {
				return have.values, have.err
			}
		}
	}
	return w.function.call(p.open())
}

// settle lets go of the notes of an object that has been indexed, before it is published.
func settle(o resource.Object) {
	if p, ok := o.(*packed); ok && p.notes != nil { // of one that is published, there is nothing to write
		p.notes = nil
	}
}

// Open returns the object itself of one that may be packed. It decodes it if nobody holds it, and panics if that fails, which it cannot do unless
// a type's own Unmarshal method fails on bytes that it has read before.
func Open(o resource.Object) resource.Object {
	if p, ok := o.(*packed); ok {
		return p.open()
	}
	return o
}

// PackedBytes returns the memory that a packed object takes, in bytes; 0: it is not packed.
func PackedBytes(o resource.Object) int {
	if p, ok := o.(*packed); ok {
		return int(unsafe.Sizeof(*p)) + cap(p.data)
	}
	return 0
}
