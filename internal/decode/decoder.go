package decode

import (
	"bytes"
	"fmt"
	"reflect"
	"runtime/debug"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/json"

	"github.com/sheaf-dev/sheaf/resource"
)

// DefaultLimit is the size in bytes above which an object, a list item or a watch frame is refused. Servers refuse requests
// above 3 MiB, so that only aggregated servers come near it.
const DefaultLimit = 64 << 20

// Decoder decodes the objects of one resource. It is immutable and safe for concurrent use. Every object it returns carries
// the apiVersion and kind of the resource's definition, whatever the bytes said. Objects are private to the caller.
type Decoder struct {
	def      *resource.Definition
	typeMeta metav1.TypeMeta
	form     form
	limit    int
	drops    *dropTree
	plan     *plan
	table    *Table // nil: objects are private
	reuse    func(Identity) resource.Object
	previous func(resource.Key) Trace
	only     func(Identity) bool // nil: all
	pack     func(resource.Object, Raw) resource.Object
}

// form says what kind of Go type holds the objects.
type form uint8

const (
	typed form = iota
	untyped
	metadataOnly
)

// Option refines a Decoder.
type Option func(*Decoder)

// Limit refuses objects, list items and watch frames above so many bytes, at most 1 GiB; 0 means DefaultLimit.
func Limit(bytes int) Option {
	return func(d *Decoder) {
		if bytes > 0 {
			d.limit = min(bytes, 1<<30)
		}
	}
}

// Shared lets objects share equal parts with each other and with those of other decoders of the same table. They are then
// read-only for everyone.
func Shared(t *Table) Option { return func(d *Decoder) { d.table = t } }

// Reuse lets a cache keep the objects that a list, or the initial events of a watch, bring again unchanged: known is called with the
// identity of each item or ADDED event, before it is decoded, by the goroutine that reads the stream; the identity's strings are valid only during
// the call. If it returns an object, that is the item's; if it returns nil, the item is decoded. To know an object by its UID and resourceVersion is not enough: a server restored from a backup issues versions again.
func Reuse(known func(Identity) resource.Object) Option {
	return func(d *Decoder) { d.reuse = known }
}

// Previous lets the next version of an object take over what it has in common with the last one, without decoding it. last is called with the key
// of each item or event whose bytes are worth it, by the goroutine that reads the stream, and returns the trace that came with the last version, if
// there is one. The objects of traces must be unchanged: with Shared they are read-only anyway, and without it nothing is taken over.
func Previous(last func(resource.Key) Trace) Option {
	return func(d *Decoder) { d.previous = last }
}

// known asks the option Reuse for an object.
func (d *Decoder) known(e *encoded, hash uint64) resource.Object {
	if d.reuse == nil {
		return nil
	}
	id, ok := e.glance()
	if !ok {
		return nil
	}
	id.Hash = hash
	return d.reuse(id)
}

// For returns a decoder for the resource's objects.
func For(def *resource.Definition, opts ...Option) *Decoder {
	d := &Decoder{def: def, limit: DefaultLimit}
	d.typeMeta.APIVersion, d.typeMeta.Kind = def.GroupVersionKind().ToAPIVersionAndKind()
	shape, at := def.GoType(), place{full: def.Full()}
	switch def.GoType() {
	case reflect.TypeFor[unstructured.Unstructured]():
		d.form = untyped
		shape, at.full = reflect.TypeFor[any](), nil
	case reflect.TypeFor[metav1.PartialObjectMetadata]():
		d.form = metadataOnly
	}
	for _, opt := range opts {
		opt(d)
	}
	at.drops = d.drops
	d.plan = planOf(shape, at)
	return d
}

// Definition returns the resource whose objects are decoded.
func (d *Decoder) Definition() *resource.Definition { return d.def }

// Object decodes one object: the body of an answer to a get, create, update or patch. A body that is a Status is returned as an
// error, an *errors.StatusError of k8s.io/apimachinery.
func (d *Decoder) Object(mediaType string, body []byte) (resource.Object, error) {
	if len(body) > d.limit {
		return nil, d.tooLarge("body", len(body))
	}
	f, err := formatOf(mediaType)
	if err != nil {
		return nil, err
	}
	e, err := open(f, body)
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", d.def, err)
	}
	if err := d.expect(e); err != nil {
		return nil, err
	}
	return d.decode(e)
}

// decode decodes one object by itself.
func (d *Decoder) decode(e encoded) (resource.Object, error) {
	o, _, err := d.version(e, nil)
	return o, err
}

// version decodes one version of an object. A panic of a type's own Unmarshal method becomes an error, because one bad object must not end the others. With a
// digest the object may take its unit from the last version, and leaves a trace.
func (d *Decoder) version(e encoded, g *digest) (o resource.Object, t Trace, err error) {
	defer func() {
		if p := recover(); p != nil {
			t, o, err = Trace{}, nil, fmt.Errorf("decode %s: panic: %v\n%s", d.def, p, debug.Stack())
		}
	}()
	o, t, err = d.decodePlanned(e, g)
	if err == errUnusual {
		t = Trace{}
		if o, err = d.decodeOfficial(e); err == nil {
			d.drops.prune(reflect.ValueOf(o).Elem())
		}
	}
	if err == nil {
		err = d.finish(e.format, o)
	} else {
		err = fmt.Errorf("decode %s: %w", d.def, err)
	}
	if err != nil {
		return nil, Trace{}, err
	}
	if d.pack != nil { // and a trace would hold the object itself
		return d.pack(o, Raw{Protobuf: e.format == formatProtobuf, Bytes: e.raw}), Trace{}, nil
	}
	return o, t, nil
}

// decodePlanned decodes by the type's plan, sharing what the decoder's table knows.
func (d *Decoder) decodePlanned(e encoded, g *digest) (resource.Object, Trace, error) {
	o := reflect.New(d.def.GoType()).Interface().(resource.Object)
	s := session{table: d.table, plan: d.plan}
	if d.table != nil {
		d.table.mu.Lock()
		defer d.table.mu.Unlock()
		d.table.begin(len(e.raw))
		s.gates = d.table.gatesOf(d.plan)
		s.inherited = d.inherit(&e, g)
		s.inherited.root = pointerOf(o)
	}
	err := s.object(d, &e, o)
	if err == nil && d.table != nil {
		d.table.neighbour = o
	}
	if err != nil || g == nil || g.unit.none() || s.hidden > 0 {
		return o, Trace{}, err
	}
	return o, Trace{object: o, print: g.print}, nil
}

// object reads the whole object.
func (s *session) object(d *Decoder, e *encoded, o resource.Object) (err error) {
	root := d.plan.root
	if e.format == formatProtobuf {
		if root.proto != kindStruct || root.fieldsOf().opaque {
			return errUnusual
		}
		return s.top(root.fieldsOf(), pointerOf(o), e.raw)
	}
	s.jsonCursor = e.cursor
	if s.next() != '{' {
		return errUnusual
	}
	if u, ok := o.(*unstructured.Unstructured); ok {
		s.drops = d.drops
		u.Object, err = s.anyMap(root)
	} else {
		err = s.value(root, pointerOf(o))
	}
	if s.next(); err == nil && s.i != len(s.b) {
		err = errUnusual
	}
	return err
}

// maxOfficial bounds what the official protobuf decoders are given: they recurse with the nesting of what they skip.
const maxOfficial = 4 << 20

// decodeOfficial decodes with the type's own methods.
func (d *Decoder) decodeOfficial(e encoded) (resource.Object, error) {
	o := reflect.New(d.def.GoType()).Interface().(resource.Object)
	if e.format == formatProtobuf {
		message, ok := o.(interface{ Unmarshal([]byte) error })
		if !ok || d.def.Full() != nil {
			return nil, fmt.Errorf("%T cannot be read from protobuf", o)
		}
		if len(e.raw) > maxOfficial {
			return nil, fmt.Errorf("%d bytes: %w", len(e.raw), errUnusual)
		}
		return o, message.Unmarshal(e.raw)
	}
	if u, ok := o.(*unstructured.Unstructured); ok {
		err := json.UnmarshalCaseSensitivePreserveInts(e.raw, &u.Object)
		if err == nil && u.Object == nil {
			err = fmt.Errorf("want an object, have null")
		}
		return o, err
	}
	return o, json.UnmarshalCaseSensitivePreserveInts(e.raw, o)
}

// finish checks what an object says that it is, and sets it.
func (d *Decoder) finish(f format, o resource.Object) error {
	check := f == formatJSON && d.form != metadataOnly
	if d.plan.typeMeta < 0 {
		if check {
			if err := d.checkKind(o.GetObjectKind().GroupVersionKind()); err != nil {
				return err
			}
		}
		if u, ok := o.(*unstructured.Unstructured); !ok || !d.said(u) {
			d.def.SetKind(o)
		}
		return nil
	}
	meta := (*metav1.TypeMeta)(at(pointerOf(o), uintptr(d.plan.typeMeta)))
	if check && *meta != d.typeMeta {
		if err := d.checkKind(meta.GroupVersionKind()); err != nil {
			return err
		}
	}
	*meta = d.typeMeta
	return nil
}

// said says whether an object has the right apiVersion and kind already. They may be shared ones, which setting them would replace.
func (d *Decoder) said(u *unstructured.Unstructured) bool {
	return u.Object["apiVersion"] == any(d.typeMeta.APIVersion) && u.Object["kind"] == any(d.typeMeta.Kind)
}

// expect checks the apiVersion and kind that came with an object. Both may be empty: not every server sets them.
func (d *Decoder) expect(e encoded) error {
	switch {
	case bytes.Equal(e.kind, kindStatus) && d.def.GroupVersionKind().Kind != "Status":
		return statusError(e.format, e.raw)
	case bytes.Equal(e.kind, kindTable):
		return fmt.Errorf("decode %s: the server sent a Table, which is for printing; ask for objects", d.def)
	case d.form == metadataOnly || string(e.kind) == d.typeMeta.Kind && string(e.apiVersion) == d.typeMeta.APIVersion:
		return nil // metadata says meta.k8s.io/v1 PartialObjectMetadata, or the real kind from an old server
	}
	gv, err := schema.ParseGroupVersion(string(e.apiVersion))
	if err != nil {
		return fmt.Errorf("decode %s: %w", d.def, err)
	}
	return d.checkKind(gv.WithKind(string(e.kind)))
}

// checkKind refuses an object of another kind: its bytes could be read, but would mean something else.
func (d *Decoder) checkKind(have schema.GroupVersionKind) error {
	want := d.def.GroupVersionKind()
	if have.Kind != "" && have.Kind != want.Kind || have.Version != "" && have.GroupVersion() != want.GroupVersion() {
		return fmt.Errorf("decode %s: the server sent %s %s, the definition says %s %s",
			d.def, have.GroupVersion(), have.Kind, want.GroupVersion(), want.Kind)
	}
	return nil
}

func (d *Decoder) tooLarge(what string, size int) error {
	return fmt.Errorf("decode %s: %s of %d bytes: %w", d.def, what, size, &TooLargeError{Limit: d.limit})
}
