package decode

import (
	"encoding/binary"
	"reflect"

	"github.com/sheaf-dev/sheaf/resource"
)

// object is the JSON side of a struct: its members by name, in a hash table without collisions.
type object struct {
	fields []objectField
	slots  []int16 // index into fields; -1: empty
	seed   uint64
	opaque bool // only the type's own method, or the official decoder, can read it
}

type objectField struct {
	name   string
	offset uintptr
	node   *node
}

// maxObjectFields is how many members fit into the bits that find a duplicate.
const maxObjectFields = 64

// lookup returns the index of a member, or -1. Names are case-sensitive.
func (o *object) lookup(name []byte) int {
	i := o.slots[nameHash(name, o.seed)&uint64(len(o.slots)-1)]
	if i >= 0 && o.fields[i].name == string(name) {
		return int(i)
	}
	return -1
}

// nameHash mixes a name's length with its first and last eight bytes.
func nameHash(name []byte, seed uint64) uint64 {
	h := seed + uint64(len(name))
	switch n := len(name); {
	case n >= 8:
		h = (h ^ binary.LittleEndian.Uint64(name)) * 0x9e3779b97f4a7c15
		h ^= h>>29 ^ binary.LittleEndian.Uint64(name[n-8:])
	case n >= 4:
		h ^= uint64(binary.LittleEndian.Uint32(name))<<32 | uint64(binary.LittleEndian.Uint32(name[n-4:]))
	case n > 0:
		h ^= uint64(name[0])<<16 | uint64(name[n/2])<<8 | uint64(name[n-1])
	}
	h *= 0xff51afd7ed558ccd
	return h ^ h>>32
}

// compileObject finds the struct's members. A struct with anything rare stays opaque.
func (c *compiler) compileObject(n *node) *object {
	o := &object{}
	members, ok := resource.Members(n.typ)
	types := map[string]reflect.Type{}
	if n.at.full != nil {
		full, _ := resource.Members(n.at.pointee().full)
		for _, m := range full {
			types[m.Name] = m.Type
		}
	}
	for _, m := range members {
		sub, dropped := n.at.drops.member(m.Name)
		if !dropped {
			o.fields = append(o.fields, objectField{name: m.Name, offset: m.Offset, node: c.node(m.Type, place{sub, types[m.Name]})})
		}
	}
	if !ok || len(o.fields) > maxObjectFields || !o.hash() {
		return &object{opaque: true}
	}
	return o
}

// hash builds the table: it tries seeds until no two names meet.
func (o *object) hash() bool {
	size := 4
	for size < 2*len(o.fields) {
		size *= 2
	}
	for attempt := range uint64(1000) {
		if attempt%100 == 99 {
			size *= 2
		}
		if o.tryHash(size, attempt*0x9e3779b97f4a7c15) {
			return true
		}
	}
	return false
}

func (o *object) tryHash(size int, seed uint64) bool {
	o.slots, o.seed = make([]int16, size), seed
	for i := range o.slots {
		o.slots[i] = -1
	}
	for i, f := range o.fields {
		slot := &o.slots[nameHash([]byte(f.name), seed)&uint64(size-1)]
		if *slot >= 0 {
			return false
		}
		*slot = int16(i)
	}
	return true
}
