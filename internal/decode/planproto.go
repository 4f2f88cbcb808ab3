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
	opaque bool            // only the type's own method can read it
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
func (c *compiler) compileMessage(n *node) *message {
	if n.at.full != nil {
		return c.compileView(n)
	}
	m := &message{}
	for i := range n.typ.NumField() {
		f := n.typ.Field(i)
		number, ok := protobufNumber(f)
		if !ok {
			if f.Type == reflect.TypeFor[metav1.TypeMeta]() || f.Type.Kind() == reflect.Interface || !f.IsExported() && !f.Anonymous {
				continue // not on the wire: the envelope says the kind
			}
			return &message{opaque: true}
		}
		sub, dropped := n.at.drops.field(f)
		if !dropped {
			m.add(number, f.Offset, c.node(f.Type, place{drops: sub}))
		}
	}
	return m
}

func (m *message) add(number int, offset uintptr, n *node) {
	for len(m.fields) <= number {
		m.fields = append(m.fields, nil)
	}
	m.fields[number] = &messageField{offset: offset, node: n, run: n.proto == kindSlice || n.proto == kindMap}
}

// compileView finds the numbers of a view's members in the type that the wire has. A message that JSON has as members of the struct around
// it is read into the same struct.
func (c *compiler) compileView(n *node) *message {
	full := n.at.pointee().full
	members := c.membersOf(n)
	if members.opaque || full.Kind() != reflect.Struct {
		return &message{opaque: true}
	}
	return c.viewMessage(n, members, full)
}

func (c *compiler) viewMessage(n *node, members *object, full reflect.Type) *message {
	m := &message{}
	for i := range full.NumField() {
		f := full.Field(i)
		number, ok := protobufNumber(f)
		if !ok {
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" {
			if inner := c.viewMessage(n, members, f.Type); len(inner.fields) > 0 {
				same := &node{typ: n.typ, proto: kindStruct}
				same.message.Store(inner)
				m.add(number, 0, same)
			}
		} else if k := members.lookup([]byte(name)); k >= 0 {
			m.add(number, members.fields[k].offset, members.fields[k].node)
		}
	}
	return m
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
