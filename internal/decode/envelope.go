package decode

import (
	"bytes"
	"fmt"
	"io"
)

// magic precedes every protobuf body of the API; a runtime.Unknown message follows.
var magic = []byte("k8s\x00")

var (
	kindStatus = []byte("Status")
	kindTable  = []byte("Table")
)

// encoded is one object on the wire, taken out of what is around it. Its slices point into the body.
type encoded struct {
	format           format
	apiVersion, kind []byte // as far as the body says them
	raw              []byte
	cursor           jsonCursor // JSON: at the object's start
}

// open takes an object out of a body.
func open(f format, body []byte) (encoded, error) {
	if f == formatProtobuf {
		return openEnvelope(body)
	}
	e := encoded{format: f, raw: body, cursor: newCursor(body)}
	e.apiVersion, e.kind = jsonKind(e.cursor)
	return e, nil
}

// Field numbers of runtime.Unknown and runtime.TypeMeta.
const (
	unknownTypeMeta    = 1
	unknownRaw         = 2
	unknownEncoding    = 3
	typeMetaAPIVersion = 1
	typeMetaKind       = 2
)

// openEnvelope reads a protobuf body.
func openEnvelope(body []byte) (encoded, error) {
	env := encoded{format: formatProtobuf}
	if !bytes.HasPrefix(body, magic) {
		return env, notProtobuf(body)
	}
	body = body[len(magic):]
	if len(body) == 0 {
		return env, fmt.Errorf("protobuf envelope: %w", io.ErrUnexpectedEOF)
	}
	for len(body) > 0 {
		f, rest, err := nextField(body)
		if err != nil {
			return env, fmt.Errorf("protobuf envelope: %w", err)
		}
		if err := env.take(f); err != nil {
			return env, err
		}
		body = rest
	}
	return env, nil
}

// take puts one field of the message where it belongs.
func (env *encoded) take(f wireField) error {
	switch f.number {
	case unknownTypeMeta, unknownRaw, unknownEncoding:
		if f.kind != wireBytes {
			return fmt.Errorf("protobuf envelope: field %d: %w", f.number, errWire)
		}
	}
	switch f.number {
	case unknownTypeMeta:
		return env.takeKind(f.bytes)
	case unknownRaw:
		env.raw = f.bytes
	case unknownEncoding:
		if len(f.bytes) > 0 {
			return fmt.Errorf("protobuf envelope: content encoding %q is not supported", f.bytes)
		}
	}
	return nil
}

func (env *encoded) takeKind(b []byte) error {
	for len(b) > 0 {
		f, rest, err := nextField(b)
		if err != nil {
			return fmt.Errorf("protobuf envelope: %w", err)
		}
		if f.number <= typeMetaKind && f.kind != wireBytes {
			return fmt.Errorf("protobuf envelope: type field %d: %w", f.number, errWire)
		}
		switch f.number {
		case typeMetaAPIVersion:
			env.apiVersion = f.bytes
		case typeMetaKind:
			env.kind = f.bytes
		}
		b = rest
	}
	return nil
}

func notProtobuf(body []byte) error {
	return fmt.Errorf("the body is no Kubernetes protobuf: want it to start with %q, have %q", magic, body[:min(len(body), 16)])
}
