package decode

import (
	"encoding"
	stdjson "encoding/json"
	"reflect"
	"strings"
	"sync"
	"unsafe"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// A plan says how to read a Go type from both wire formats. It is compiled once per type, from the protobuf and json tags of its
// structs, and is immutable.
//
// A plan need not understand everything: what is unusual, in a type or on the wire, is left to the official decoders, which then decide
// alone. So the plan's code covers what servers really send, fast, and never has to imitate a corner.
type plan struct {
	root     *node
	gates    int   // how many nodes have a gate
	typeMeta int64 // offset of the metav1.TypeMeta in the root; -1: none
}

// kind says how values are read.
type kind uint8

const (
	kindOpaque kind = iota // only by the type's own method
	kindBool
	kindInt
	kindUint
	kindFloat
	kindString
	kindBytes
	kindTime
	kindMicroTime
	kindQuantity
	kindIntOrString
	kindStruct
	kindPointer
	kindSlice
	kindMap
	kindAny
)

// node says how the values of one Go type are read, at one place of the tree of types; structs of one type have one node.
type node struct {
	typ     reflect.Type
	proto   kind
	json    kind
	class   *class
	gate    int   // index of the place's gate
	elem    *node // of a pointer, slice or map
	key     *node // of a map
	message *message
	object  *object
	trusted bool // an opaque type known to have no hidden state
}

// class is the set of nodes whose values are equal when their bytes are.
type class struct {
	salt   uint64
	inline bool // the value is its own bytes: strings and byte slices
}

var (
	stringClass = &class{salt: 1, inline: true}
	bytesClass  = &class{salt: 2, inline: true}
)

func newClass() *class {
	c := &class{}
	c.salt = uint64(uintptr(unsafe.Pointer(c)))
	return c
}

// planKey names a plan, and a struct in it.
type planKey struct {
	typ   reflect.Type
	drops *dropTree
}

var plans sync.Map // planKey → *plan

// planOf returns the plan of a struct type without the dropped fields.
func planOf(t reflect.Type, drops *dropTree) *plan {
	key := planKey{t, drops}
	if p, ok := plans.Load(key); ok && drops == nil {
		return p.(*plan)
	}
	c := &compiler{structs: map[planKey]*node{}, classes: map[planKey]*class{}}
	p := &plan{typeMeta: -1}
	p.root = c.node(t, drops)
	p.gates = c.gates
	if t.Kind() != reflect.Struct {
	} else if f, ok := t.FieldByName("TypeMeta"); ok && f.Type == reflect.TypeFor[metav1.TypeMeta]() && len(f.Index) == 1 {
		p.typeMeta = int64(f.Offset)
	}
	if drops == nil { // else the tree is the caller's own, and the plan lives as long as the decoder
		plans.Store(key, p)
	}
	return p
}

type compiler struct {
	structs map[planKey]*node
	classes map[planKey]*class
	gates   int
}

var (
	wellKnown = map[reflect.Type]kind{
		reflect.TypeFor[metav1.Time]():        kindTime,
		reflect.TypeFor[metav1.MicroTime]():   kindMicroTime,
		reflect.TypeFor[resource.Quantity]():  kindQuantity,
		reflect.TypeFor[intstr.IntOrString](): kindIntOrString,
	}
	jsonUnmarshaler  = reflect.TypeFor[stdjson.Unmarshaler]()
	textUnmarshaler  = reflect.TypeFor[encoding.TextUnmarshaler]()
	protoUnmarshaler = reflect.TypeFor[interface{ Unmarshal([]byte) error }]()
)

// node compiles a type. Structs are looked up first, which ends the recursion of types that contain themselves.
func (c *compiler) node(t reflect.Type, drops *dropTree) *node {
	if t.Kind() == reflect.Struct {
		if n, ok := c.structs[planKey{t, drops}]; ok {
			return n
		}
	}
	n := &node{typ: t, class: c.class(t, drops), gate: c.gates}
	c.gates++
	n.trusted = strings.HasPrefix(t.PkgPath(), "k8s.io/api")
	if t.Kind() == reflect.Struct {
		c.structs[planKey{t, drops}] = n
	}
	k := c.shape(n, drops)
	n.proto, n.json = k, k
	if known, ok := wellKnown[t]; ok {
		n.proto, n.json = known, known
		if known == kindIntOrString { // an ordinary message
			n.proto = kindStruct
		}
	} else {
		c.ownMethods(n)
	}
	if n.proto == kindStruct {
		c.compileMessage(n, drops)
	}
	if n.json == kindStruct {
		c.compileObject(n, drops)
	}
	return n
}

// shape compiles what a type consists of.
func (c *compiler) shape(n *node, drops *dropTree) kind {
	switch t := n.typ; t.Kind() {
	case reflect.Bool:
		return kindBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return kindInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return kindUint
	case reflect.Float32, reflect.Float64:
		return kindFloat
	case reflect.String:
		return kindString
	case reflect.Struct:
		return kindStruct
	case reflect.Pointer:
		n.elem = c.node(t.Elem(), drops)
		return kindPointer
	case reflect.Slice:
		if t.Elem() == reflect.TypeFor[byte]() {
			return kindBytes
		}
		n.elem = c.node(t.Elem(), drops)
		return kindSlice
	case reflect.Map:
		if t.Key().Kind() != reflect.String || c.hasMethod(t.Key(), textUnmarshaler) {
			return kindOpaque
		}
		n.key, n.elem = c.node(t.Key(), nil), c.node(t.Elem(), drops)
		return kindMap
	case reflect.Interface:
		if t.NumMethod() == 0 {
			c.compileAny(n)
			return kindAny
		}
	}
	return kindOpaque
}

// compileAny prepares values without a type: the names of members, boxed strings, and the gates of both and of the values.
func (c *compiler) compileAny(n *node) {
	c.gates += anyGates - 1
	n.key = &node{typ: reflect.TypeFor[string](), json: kindString, class: stringClass, gate: c.gates}
	c.gates++
	n.elem = &node{typ: n.typ, json: kindAny, class: newClass(), gate: c.gates}
	c.gates += anyGates
}

// ownMethods makes a node opaque for a format that its type reads by itself. Structs have generated protobuf methods, which do what the
// tags say; other types with such a method have an encoding of their own.
func (c *compiler) ownMethods(n *node) {
	if c.hasMethod(n.typ, jsonUnmarshaler) || c.hasMethod(n.typ, textUnmarshaler) || n.typ == reflect.TypeFor[stdjson.Number]() {
		n.json = kindOpaque
	}
	if n.proto != kindStruct && c.hasMethod(n.typ, protoUnmarshaler) {
		n.proto = kindOpaque
	}
	if n.proto == kindMap && n.elem.proto == kindOpaque && !c.hasMethod(n.elem.typ, protoUnmarshaler) {
		n.proto = kindOpaque
	}
}

func (c *compiler) hasMethod(t, method reflect.Type) bool {
	return t.Kind() != reflect.Pointer && (t.Implements(method) || reflect.PointerTo(t).Implements(method))
}

// class returns the class of a type: the same for all places where its values are read alike.
func (c *compiler) class(t reflect.Type, drops *dropTree) *class {
	switch {
	case t.Kind() == reflect.String:
		return stringClass
	case t.Kind() == reflect.Slice && t.Elem() == reflect.TypeFor[byte]():
		return bytesClass
	}
	key := planKey{t, drops}
	if c.classes[key] == nil {
		c.classes[key] = newClass()
	}
	return c.classes[key]
}
