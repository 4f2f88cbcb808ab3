package store

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"reflect"
	"slices"

	"github.com/sheaf-dev/sheaf/resource"
)

// groups is the index of namespaces and labels as of one snapshot.
//
// A group is all objects of one namespace with the same labels, such as the replicas of a deployment. Namespaces and labels lead to groups,
// and groups to objects. So an object is in one set instead of one for each of its labels, a selector is checked once a group, and
// an update that leaves the labels alone changes nothing here.
type groups struct {
	all        vector[*group]
	length     int
	namespaces terms // ("", namespace) → groups
	labels     terms // (key, value) → groups
	keys       terms // ("", key) → terms of labels
}

// each visits the groups that are members of a posting, which may be nil, until visit returns false.
func (g *groups) each(p *posting, visit func(*group) bool) {
	if p == nil {
		return
	}
	var buffer [1][]uint32
	for _, piece := range p.members.pieces(&buffer) {
		for _, number := range piece {
			if !visit(g.all.get(number)) {
				return
			}
		}
	}
}

// every visits all groups, until visit returns false.
func (g *groups) every(visit func(*group) bool) {
	g.all.each(func(_ uint32, groups *[width]*group) bool {
		for _, one := range groups {
			if one != nil && !visit(one) {
				return false
			}
		}
		return true
	})
}

type group struct {
	slots set
	batch uint64 // that may write to this group
	id    groupID
}

// groupID says what the objects of a group have in common: the number of the namespace, then those of the labels in
// ascending order, four bytes each.
type groupID string

func (id groupID) namespace() uint32 { return id.number(0) }

// labels returns how many labels the objects have.
func (id groupID) labels() int { return len(id)/4 - 1 }

func (id groupID) label(i int) uint32 { return id.number(i + 1) }

func (id groupID) hasLabel(term uint32) bool {
	for i := range id.labels() {
		if id.label(i) == term {
			return true
		}
	}
	return false
}

func (id groupID) number(i int) uint32 {
	return uint32(id[4*i]) | uint32(id[4*i+1])<<8 | uint32(id[4*i+2])<<16 | uint32(id[4*i+3])<<24
}

// groupWriter is the writer's side of groups.
type groupWriter struct {
	all        vector[*group]
	namespaces termWriter
	labels     termWriter
	keys       termWriter
	noLabels   bool

	numbers    map[groupID]uint32 // of all groups
	free       []uint32           // numbers without a group; only vectors lead to groups, so a number can be used again at once
	count      uint32             // numbers ever used
	seed       maphash.Seed
	groupOf    []uint32 // slot → number of its group + 1; 0: none
	signatures []uint64 // slot → signature of its labels
	// known has for each group the map of labels that one of its objects was last seen with. An object with the same map has the same labels.
	known   []map[string]string
	built   bool // objects build the maps that GetLabels returns, so that there is nothing to remember
	changed bool // since the last snapshot
	buffer  []byte
	sorted  []uint32
}

func newGroupWriter(noLabels bool) groupWriter {
	return groupWriter{
		namespaces: newTermWriter(), labels: newTermWriter(), keys: newTermWriter(),
		noLabels: noLabels, numbers: map[groupID]uint32{}, seed: maphash.MakeSeed(), changed: true,
	}
}

// view freezes the groups for a snapshot.
func (w *groupWriter) view() *groups {
	return &groups{all: w.all, length: len(w.numbers), namespaces: w.namespaces.view(), labels: w.labels.view(), keys: w.keys.view()}
}

// signature is a keyed hash of a set of labels. An update compares it instead of the labels, to spare a visit to the old object, which
// is not in the processor's cache. With 64 bits, one change of labels in 2^64 would go unnoticed.
func (w *groupWriter) signature(labels map[string]string) (sum uint64) {
	for key, value := range labels {
		h := maphash.String(w.seed, key)*0x9E3779B97F4A7C15 ^ bits.RotateLeft64(maphash.String(w.seed, value), 32)
		h = (h ^ h>>32) * 0xD6E8FEB86659FD93
		sum += h ^ h>>32
	}
	return sum
}

// set puts an object into the group of its namespace, which is the same for all objects that a slot ever holds while it is in
// a group, and its labels.
func (w *groupWriter) set(slot uint32, namespace string, o resource.Object, batch uint64) {
	for int(slot) >= len(w.groupOf) {
		w.groupOf, w.signatures = append(w.groupOf, 0), append(w.signatures, 0)
	}
	labels := labelsOf(o, w.noLabels)
	former := w.groupOf[slot]
	if former != 0 && sameMap(w.known[former-1], labels) {
		return
	}
	signature := w.signature(labels)
	if former != 0 && w.signatures[slot] == signature {
		w.know(former-1, o, labels)
		return
	}
	number := w.number(namespace, labels, batch)
	w.changed = true
	w.groupOf[slot], w.signatures[slot] = number+1, signature
	w.know(number, o, labels)
	w.writable(number, batch).slots.add(slot)
	if former != 0 { // after the new one, so that labels in both need not die and be born again
		w.leave(former-1, slot, batch)
	}
}

// know remembers the labels of an object of a group, unless nothing but the group would hold the map.
func (w *groupWriter) know(number uint32, o resource.Object, labels map[string]string) {
	if _, ok := o.(*packed); ok || w.built || labels == nil {
		return
	}
	if !sameMap(labels, o.GetLabels()) {
		w.built = true
		return
	}
	w.known[number] = labels
}

// sameMap says whether two maps are one, and not nil.
func sameMap(a, b map[string]string) bool {
	return a != nil && reflect.ValueOf(a).UnsafePointer() == reflect.ValueOf(b).UnsafePointer()
}

// remove takes an object out of its group.
func (w *groupWriter) remove(slot uint32, batch uint64) {
	w.changed = true
	w.leave(w.groupOf[slot]-1, slot, batch)
	w.groupOf[slot] = 0
}

// number returns the number of the group, which is made if it is not there.
func (w *groupWriter) number(namespace string, labels map[string]string, batch uint64) uint32 {
	w.sorted = w.sorted[:0]
	for key, value := range labels {
		term, isNew := w.labels.add(key, value)
		if isNew {
			w.linkKey(key, term, batch)
		}
		w.sorted = append(w.sorted, term)
	}
	slices.Sort(w.sorted)
	home, _ := w.namespaces.add("", namespace)
	w.buffer = binary.LittleEndian.AppendUint32(w.buffer[:0], home)
	for _, term := range w.sorted {
		w.buffer = binary.LittleEndian.AppendUint32(w.buffer, term)
	}
	if number, found := w.numbers[groupID(w.buffer)]; found {
		return number
	}
	number := w.newNumber()
	id := groupID(w.buffer)
	w.numbers[id] = number
	w.all.set(number, &group{batch: batch, id: id}, batch)
	w.namespaces.insert(home, number, batch)
	for _, term := range w.sorted {
		w.labels.insert(term, number, batch)
	}
	return number
}

// linkKey notes that a new label belongs to its key.
func (w *groupWriter) linkKey(key string, term uint32, batch uint64) {
	number, _ := w.keys.add("", key)
	w.keys.insert(number, term, batch)
	w.labels.writable(term, batch).key = number
}

func (w *groupWriter) newNumber() uint32 {
	if last := len(w.free) - 1; last >= 0 {
		number := w.free[last]
		w.free = w.free[:last]
		return number
	}
	w.count++
	w.known = append(w.known, nil)
	return w.count - 1
}

// writable returns a group, copied if it is of an older batch.
func (w *groupWriter) writable(number uint32, batch uint64) *group {
	g := w.all.get(number)
	if g.batch == batch {
		return g
	}
	next := &group{slots: g.slots, id: g.id, batch: batch}
	next.slots.own()
	w.all.set(number, next, batch)
	return next
}

// leave takes a slot out of a group. A group exists as long as it has members, and so do its namespace and its labels.
func (w *groupWriter) leave(number, slot uint32, batch uint64) {
	g := w.writable(number, batch)
	g.slots.remove(slot)
	if g.slots.len() > 0 {
		return
	}
	w.all.set(number, nil, batch)
	delete(w.numbers, g.id)
	w.free, w.known[number] = append(w.free, number), nil
	w.namespaces.remove(g.id.namespace(), number, batch)
	for i := range g.id.labels() {
		term := g.id.label(i)
		key := w.labels.postings.get(term).key
		if w.labels.remove(term, number, batch) {
			w.keys.remove(key, term, batch)
		}
	}
}
