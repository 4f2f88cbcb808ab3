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
	def   *resource.Definition
	form  form
	limit int
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

// Limit refuses objects, list items and watch frames above so many bytes. Default: DefaultLimit.
func Limit(bytes int) Option { return func(d *Decoder) { d.limit = bytes } }

// For returns a decoder for the resource's objects.
func For(def *resource.Definition, opts ...Option) *Decoder {
	d := &Decoder{def: def, limit: DefaultLimit}
	switch def.GoType() {
	case reflect.TypeFor[unstructured.Unstructured]():
		d.form = untyped
	case reflect.TypeFor[metav1.PartialObjectMetadata]():
		d.form = metadataOnly
	}
	for _, opt := range opts {
		opt(d)
	}
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
	if f == formatProtobuf {
		env, err := openEnvelope(body)
		if err != nil {
			return nil, err
		}
		if err := d.expect(env.apiVersion, env.kind, env.raw, f); err != nil {
			return nil, err
		}
		return d.decode(f, env.raw)
	}
	if apiVersion, kind := jsonKind(body); bytes.Equal(kind, kindStatus) || bytes.Equal(kind, kindTable) {
		if err := d.expect(apiVersion, kind, body, f); err != nil {
			return nil, err
		}
	}
	return d.decode(f, body)
}

// decode decodes the bytes of one object without an envelope. A panic of a type's own Unmarshal method becomes an error, because
// one bad object must not end the others.
func (d *Decoder) decode(f format, raw []byte) (o resource.Object, err error) {
	defer func() {
		if p := recover(); p != nil {
			o, err = nil, fmt.Errorf("decode %s: panic: %v\n%s", d.def, p, debug.Stack())
		}
	}()
	o = reflect.New(d.def.GoType()).Interface().(resource.Object)
	switch {
	case f == formatProtobuf:
		message, ok := o.(interface{ Unmarshal([]byte) error })
		if !ok {
			return nil, fmt.Errorf("decode %s: %T cannot be read from protobuf", d.def, o)
		}
		err = message.Unmarshal(raw)
	case d.form == untyped:
		var content map[string]any
		err = json.UnmarshalCaseSensitivePreserveInts(raw, &content)
		if err == nil && content == nil {
			err = fmt.Errorf("want an object, have null")
		}
		o.(*unstructured.Unstructured).Object = content
	default:
		err = json.UnmarshalCaseSensitivePreserveInts(raw, o)
	}
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", d.def, err)
	}
	if f == formatJSON && d.form != metadataOnly {
		if err := d.checkKind(o.GetObjectKind().GroupVersionKind()); err != nil {
			return nil, err
		}
	}
	d.def.SetKind(o)
	return o, nil
}

// expect checks the apiVersion and kind that came before an object's bytes. Both may be empty: not every server sets them.
func (d *Decoder) expect(apiVersion, kind, raw []byte, f format) error {
	switch {
	case bytes.Equal(kind, kindStatus) && d.def.GroupVersionKind().Kind != "Status":
		return statusError(f, raw)
	case bytes.Equal(kind, kindTable):
		return fmt.Errorf("decode %s: the server sent a Table, which is for printing; ask for objects", d.def)
	case d.form == metadataOnly:
		return nil // the body says meta.k8s.io/v1 PartialObjectMetadata, or the real kind from an old server
	}
	gv, err := schema.ParseGroupVersion(string(apiVersion))
	if err != nil {
		return fmt.Errorf("decode %s: %w", d.def, err)
	}
	return d.checkKind(gv.WithKind(string(kind)))
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

// TooLargeError says that an object, item or frame was larger than the decoder's limit.
type TooLargeError struct {
	Limit int // bytes
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("larger than the limit of %d bytes", e.Limit)
}
