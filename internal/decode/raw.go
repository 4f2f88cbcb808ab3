package decode

import (
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/sheaf-dev/sheaf/resource"
)

// Raw is one object as it travels, without an envelope.
type Raw struct {
	Protobuf bool // else it is JSON
	Bytes    []byte
}

// Pack lets a cache put something of its own in the place of each object that was decoded: pack is called with the object and its bytes,
// which it may not keep, by the goroutine that reads the stream. What it returns is the object of the item or event. It must have the
// identity of the object.
func Pack(pack func(o resource.Object, raw Raw) resource.Object) Option {
	return func(d *Decoder) { d.pack = pack }
}

// FromRaw decodes an object. For the bytes that a Decoder of the same definition and options gave to Pack, the result is equal to the object that
// it gave with them, and there is no error.
func (d *Decoder) FromRaw(raw Raw) (resource.Object, error) {
	e := encoded{format: formatProtobuf, raw: raw.Bytes}
	if !raw.Protobuf {
		e.format, e.cursor = formatJSON, newCursor(raw.Bytes)
	}
	return d.decode(e)
}

// ToRaw encodes an object of the decoder's definition.
func (d *Decoder) ToRaw(o resource.Object) (Raw, error) {
	if message, ok := o.(interface{ Marshal() ([]byte, error) }); ok && d.def.Protobuf() && d.def.Full() == nil {
		raw, err := message.Marshal()
		if err != nil {
			return Raw{}, fmt.Errorf("encode %s: %w", d.def, err)
		}
		return Raw{Protobuf: true, Bytes: raw}, nil
	}
	value := any(o)
	if u, ok := o.(*unstructured.Unstructured); ok {
		value = u.Object
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return Raw{}, fmt.Errorf("encode %s: %w", d.def, err)
	}
	return Raw{Bytes: raw}, nil
}
