package decode

import (
	"reflect"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// message is the protobuf side of a struct.
type message struct {
	fields []*messageField // by number; nil: unknown or dropped
}

// messageField is one field. What is repeated on the wire is read as a run: all elements that follow each other.
type messageField struct {
	offset uintptr
	node   *node
	run    bool
}

// maxFieldNumber bounds the table; no API type comes near it.
const maxFieldNumber = 1 << 10

func (m *message) field(number uint64) *messageField {
	if number < uint64(len(m.fields)) {
		return m.fields[number]
	}
	return nil
}

// compileMessage reads the protobuf tags. Of a tag only the number counts: its wire type is wrong for some fields of the API
// (`Priority *int32` says bytes and is a varint), so that the Go type and the wire decide. A struct with an exported field that has no
// tag is not described by its tags, and stays opaque.
func (c *compiler) compileMessage(n *node, drops *dropTree) {
	m := &message{}
	for i := range n.typ.NumField() {
		f := n.typ.Field(i)
		number, ok := protobufNumber(f)
		if !ok {
			if f.Type == reflect.TypeFor[metav1.TypeMeta]() || !f.IsExported() && !f.Anonymous {
				continue // the envelope says the kind
			}
			n.proto = kindOpaque
			return
		}
		sub, dropped := drops.field(f)
		if dropped {
			continue
		}
		elem := c.node(f.Type, sub)
		for len(m.fields) <= number {
			m.fields = append(m.fields, nil)
		}
		m.fields[number] = &messageField{
			offset: f.Offset,
			node:   elem,
			run:    elem.proto == kindSlice || elem.proto == kindMap,
		}
	}
	n.message = m
}

// protobufNumber returns the number in a field's tag, such as `protobuf:"bytes,1,opt,name=metadata"`.
func protobufNumber(f reflect.StructField) (int, bool) {
	_, rest, ok := strings.Cut(f.Tag.Get("protobuf"), ",")
	if !ok {
		return 0, false
	}
	text, _, _ := strings.Cut(rest, ",")
	number, err := strconv.Atoi(text)
	return number, err == nil && number > 0 && number <= maxFieldNumber
}
