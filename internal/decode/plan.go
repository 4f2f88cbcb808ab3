package decode

import (
	"encoding"
	stdjson "encoding/json"
	"reflect"
	"sync"
	"sync/atomic"
	"unsafe"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// A plan says how to read a Go type from both wire formats. It is compiled once per type, from the protobuf and json tags of its
// structs, each struct when it is first met on the wire: of the hundreds of types behind a Pod a cluster uses a few.
//
// A plan need not understand everything: what is unusual, in a type or on the wire, is left to the official decoders, which then decide
// alone. So the plan's code covers what servers really send, fast, and never has to imitate a corner.
type plan struct {
	root     *node
	typeMeta int64  // offset of the metav1.TypeMeta in the root; -1: none
	status   uint64 // number of the root's field Status in protobuf; 0: none
	*compiler
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
	kindRaw // a struct whose bytes keep the JSON as it is
	kindStruct
	kindPointer
	kindSlice
	kindMap
	kindAny
)

// node says how the values of one Go type are read, at one place of the tree of types; types with a name have one node.
type node struct {
	typ     reflect.Type
	proto   kind
	json    kind
	class   *class
	gate    int   // index of the place's gate
	elem    *node // of a pointer, slice or map
	key     *node // of a map
	trusted bool  // its own method leaves nothing behind that a reader could change

	// The fields of a struct in each format, nil until they are met.
	compiler *compiler
	at       place
	message  atomic.Pointer[message]
	object   atomic.Pointer[object]
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

// place is what a type's node depends on besides the type: what is dropped below it, and, in a view, the type that the wire has.
type place struct {
	drops *dropTree
	full  reflect.Type // nil: the type itself
}

// planKey names a plan, and a struct in it.
type planKey struct {
	typ reflect.Type
	place
}

var plans sync.Map // planKey → *plan

// planOf returns the plan of a type.
func planOf(t reflect.Type, at place) *plan {
	key := planKey{t, at}
	if p, ok := plans.Load(key); ok {
		return p.(*plan)
	}
	p := &plan{typeMeta: -1, compiler: &compiler{named: map[planKey]*node{}, classes: map[planKey]*class{}}}
	p.root = p.node(t, at)
	if t.Kind() == reflect.Struct {
		if f, ok := t.FieldByName("TypeMeta"); ok && f.Type == reflect.TypeFor[metav1.TypeMeta]() && len(f.Index) == 1 {
			p.typeMeta = int64(f.Offset)
		}
		if f, ok := t.FieldByName("Status"); ok {
			number, _ := protobufNumber(f)
			p.status = uint64(max(number, 0))
		}
	}
	if at.drops != nil { // the tree is the caller's own, and the plan lives as long as the decoder
		return p
	}
	first, _ := plans.LoadOrStore(key, p)
	return first.(*plan)
}

// compiler makes the nodes of one plan.
type compiler struct {
	mu      sync.Mutex // owns named, classes and the making of nodes
	named   map[planKey]*node
	classes map[planKey]*class

	gates atomic.Int64 // how many nodes have a gate
}

func (c *compiler) newGates(n int) (first int) { return int(c.gates.Add(int64(n))) - n }

var (
	wellKnown = map[reflect.Type]kind{
		reflect.TypeFor[metav1.Time]():        kindTime,
		reflect.TypeFor[metav1.MicroTime]():   kindMicroTime,
		reflect.TypeFor[resource.Quantity]():  kindQuantity,
		reflect.TypeFor[intstr.IntOrString](): kindIntOrString,

		reflect.TypeFor[metav1.FieldsV1]():      kindRaw,
		reflect.TypeFor[runtime.RawExtension](): kindRaw,
	}
	jsonUnmarshaler  = reflect.TypeFor[stdjson.Unmarshaler]()
	textUnmarshaler  = reflect.TypeFor[encoding.TextUnmarshaler]()
	protoUnmarshaler = reflect.TypeFor[interface{ Unmarshal([]byte) error }]()
)

// node compiles a type. Types with a name, and structs, are looked up first, which ends the recursion of types that contain themselves.
func (c *compiler) node(t reflect.Type, at place) *node {
	if at.full == t {
		at.full = nil
	}
	key := planKey{t, at}
	if n, ok := c.named[key]; ok {
		return n
	}
	n := &node{typ: t, class: c.class(key), gate: c.newGates(1), compiler: c, at: at}
	n.trusted = t == reflect.TypeFor[metav1.Duration]() || wellKnown[t] != kindOpaque
	if t.Kind() == reflect.Struct || t.Name() != "" && t.Kind() != reflect.String {
		c.named[key] = n
	}
	k := c.shape(n, at)
	n.proto, n.json = k, k
	if known, ok := wellKnown[t]; ok {
		n.json = known
		if known != kindIntOrString && known != kindRaw { // else an ordinary message
			n.proto = known
		}
		if known == kindRaw && (t.Field(0).Name != "Raw" || t.Field(0).Type != reflect.TypeFor[[]byte]()) {
			n.json = kindOpaque // built for another representation
		}
	} else {
		c.ownMethods(n)
	}
	return n
}

// fieldsOf returns the protobuf side of a struct's node.
func (n *node) fieldsOf() *message {
	if m := n.message.Load(); m != nil {
		return m
	}
	n.compiler.mu.Lock()
	defer n.compiler.mu.Unlock()
	if n.message.Load() == nil {
		n.message.Store(n.compiler.compileMessage(n))
	}
	return n.message.Load()
}

// membersOf returns the JSON side of a struct's node.
func (n *node) membersOf() *object {
	if o := n.object.Load(); o != nil {
		return o
	}
	n.compiler.mu.Lock()
	defer n.compiler.mu.Unlock()
	return n.compiler.membersOf(n)
}

// membersOf is for who has the lock.
func (c *compiler) membersOf(n *node) *object {
	if n.object.Load() == nil {
		n.object.Store(c.compileObject(n))
	}
	return n.object.Load()
}

// shape compiles what a type consists of.
func (c *compiler) shape(n *node, at place) kind {
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
		n.elem = c.node(t.Elem(), at.pointee())
		return kindPointer
	case reflect.Slice:
		if t.Elem() == reflect.TypeFor[byte]() {
			return kindBytes
		}
		n.elem = c.node(t.Elem(), at.elem())
		return kindSlice
	case reflect.Map:
		if t.Key().Kind() != reflect.String || hasMethod(t.Key(), textUnmarshaler) {
			return kindOpaque
		}
		n.key, n.elem = c.node(t.Key(), place{}), c.node(t.Elem(), at.elem())
		return kindMap
	case reflect.Interface:
		if t.NumMethod() == 0 {
			c.compileAny(n)
			return kindAny
		}
	}
	return kindOpaque
}

// pointee is the place behind a pointer, which the full type of a view need not have.
func (at place) pointee() place {
	if at.full != nil && at.full.Kind() == reflect.Pointer {
		at.full = at.full.Elem()
	}
	return at
}

// elem is the place of a slice's or map's elements.
func (at place) elem() place {
	if at = at.pointee(); at.full != nil {
		at.full = at.full.Elem()
	}
	return at
}

// compileAny prepares values without a type: the names of members, boxed strings, and the gates of both and of the values.
func (c *compiler) compileAny(n *node) {
	c.newGates(anyGates - 1)
	n.key = &node{typ: reflect.TypeFor[string](), json: kindString, class: stringClass, gate: c.newGates(1)}
	n.elem = &node{typ: n.typ, json: kindAny, class: newClass(), gate: c.newGates(anyGates)}
}

// ownMethods makes a node opaque for a format that its type reads by itself. Structs have generated protobuf methods, which do what the
// tags say, and so have named slices: they are messages of one repeated field. Other types with such a method have an encoding of
// their own.
func (c *compiler) ownMethods(n *node) {
	if hasMethod(n.typ, jsonUnmarshaler) || hasMethod(n.typ, textUnmarshaler) || n.typ == reflect.TypeFor[stdjson.Number]() {
		n.json = kindOpaque
	}
	if !hasMethod(n.typ, protoUnmarshaler) {
		return
	}
	switch n.proto {
	case kindStruct:
	case kindSlice:
		m := &message{}
		m.add(1, 0, &node{typ: n.typ, proto: kindSlice, class: newClass(), gate: n.gate, elem: n.elem})
		n.proto = kindStruct
		n.message.Store(m)
	default:
		n.proto = kindOpaque
	}
}

func hasMethod(t, method reflect.Type) bool {
	return t.Kind() != reflect.Pointer && (t.Implements(method) || reflect.PointerTo(t).Implements(method))
}

// class returns the class of a type at a place: the same wherever its values are read alike.
func (c *compiler) class(key planKey) *class {
	switch t := key.typ; {
	case t.Kind() == reflect.String:
		return stringClass
	case t.Kind() == reflect.Slice && t.Elem() == reflect.TypeFor[byte]():
		return bytesClass
	}
	if c.classes[key] == nil {
		c.classes[key] = newClass()
	}
	return c.classes[key]
}
