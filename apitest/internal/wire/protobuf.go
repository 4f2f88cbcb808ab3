package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Magic starts every protobuf body of the API.
var Magic = []byte("k8s\x00")

// The tags of the few messages that are composed by hand: runtime.Unknown, runtime.RawExtension, metav1.WatchEvent, and the
// lists, all of which have their metadata in field 1 and their items in field 2.
const (
	tag1 = 1<<3 | 2
	tag2 = 2<<3 | 2
)

// unknownTail ends an envelope: the content encoding and content type, both empty.
var unknownTail = []byte{3<<3 | 2, 0, 4<<3 | 2, 0}

// uvarintLen returns the length of a number in the protobuf encoding.
func uvarintLen(n int) int {
	l := 1
	for n >= 0x80 {
		n >>= 7
		l++
	}
	return l
}

func appendBytesHeader(b []byte, tag byte, n int) []byte {
	return binary.AppendUvarint(append(b, tag), uint64(n))
}

// Envelope is the fixed part of the envelope of one kind.
type Envelope struct{ typeMeta []byte }

// NewEnvelope returns the envelope of a kind.
func NewEnvelope(gvk schema.GroupVersionKind) Envelope {
	meta := runtime.TypeMeta{APIVersion: gvk.GroupVersion().String(), Kind: gvk.Kind}
	encoded, err := meta.Marshal()
	if err != nil {
		panic(fmt.Sprintf("encode the type of %v: %v", gvk, err)) // two strings cannot fail
	}
	return Envelope{append(appendBytesHeader(nil, tag1, len(encoded)), encoded...)}
}

// Size returns the length of a message of n bytes in its envelope.
func (e Envelope) Size(n int) int {
	return len(Magic) + len(e.typeMeta) + 1 + uvarintLen(n) + n + len(unknownTail)
}

// AppendHead appends what comes before a message of n bytes.
func (e Envelope) AppendHead(b []byte, n int) []byte {
	b = append(b, Magic...)
	b = append(b, e.typeMeta...)
	return appendBytesHeader(b, tag2, n)
}

// AppendTail appends what comes after the message.
func (e Envelope) AppendTail(b []byte) []byte { return append(b, unknownTail...) }

// Wrap returns a message in its envelope.
func (e Envelope) Wrap(message []byte) []byte {
	b := e.AppendHead(make([]byte, 0, e.Size(len(message))), len(message))
	return e.AppendTail(append(b, message...))
}

// Unwrap opens an envelope: the kind it names and the message, which is part of body.
func Unwrap(body []byte) (apiVersion, kind string, message []byte, err error) {
	if len(body) == 0 {
		return "", "", nil, errors.New("empty data")
	}
	if !bytes.HasPrefix(body, Magic) {
		return "", "", nil, errors.New("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
	}
	if len(body) == len(Magic) {
		return "", "", nil, errors.New("empty body")
	}
	var unknown runtime.Unknown
	if err := unknown.Unmarshal(body[len(Magic):]); err != nil {
		return "", "", nil, err
	}
	return unknown.APIVersion, unknown.Kind, unknown.Raw, nil
}

// ListHead returns the bytes of a list body before its items and after them. items is the total length of the items with their
// headers, each of ItemSize. The body's length is that of head, items and tail.
func (e Envelope) ListHead(meta metav1.ListMeta, items int) (head, tail []byte, err error) {
	encoded, err := meta.Marshal()
	if err != nil {
		return nil, nil, err
	}
	n := 1 + uvarintLen(len(encoded)) + len(encoded) + items
	head = e.AppendHead(make([]byte, 0, 128+len(encoded)), n)
	head = append(appendBytesHeader(head, tag1, len(encoded)), encoded...)
	return head, unknownTail, nil
}

// ItemSize returns the length of an item of n bytes in a list.
func ItemSize(n int) int { return 1 + uvarintLen(n) + n }

// AppendItemHead appends what comes before an item of n bytes in a list.
func AppendItemHead(b []byte, n int) []byte { return appendBytesHeader(b, tag2, n) }

// AppendFrameHead appends what comes before an object of n bytes in a watch frame; AppendTail ends the frame.
func (e Envelope) AppendFrameHead(b []byte, eventType string, n int) []byte {
	object := e.Size(n)
	extension := 1 + uvarintLen(object) + object
	event := 1 + uvarintLen(len(eventType)) + len(eventType) + 1 + uvarintLen(extension) + extension
	b = binary.BigEndian.AppendUint32(b, uint32(event))
	b = append(appendBytesHeader(b, tag1, len(eventType)), eventType...)
	b = appendBytesHeader(b, tag2, extension)
	b = appendBytesHeader(b, tag1, object)
	return e.AppendHead(b, n)
}
