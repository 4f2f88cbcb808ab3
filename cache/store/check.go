package store

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/sheaf-dev/sheaf/resource"
)

// Check verifies the store's invariants: index ⇔ objects, numbers ⇔ names, order, counts. It is for tests and looks at everything;
// like the other methods of a Writer it is for the writer's goroutine.
func (w *Writer) Check() error {
	w.core.mu.Lock()
	defer w.core.mu.Unlock()
	return w.core.state.check()
}

func (s *state) check() error {
	errs := []error{s.keys.check("keys"), s.checkSlots(), s.groups.check(), s.checkGroupsOfObjects()}
	for _, x := range s.indexes {
		errs = append(errs, x.check(s))
	}
	return errors.Join(errs...)
}

// checkSlots: a key is live as long as its slot has an object or a mark, and the object's own key is that key.
func (s *state) checkSlots() error {
	length, stale := 0, 0
	for slot, name := range s.keys.all() {
		o, reason := s.objects.get(slot), s.stale.get(slot)
		if o != nil {
			length++
		}
		if reason != nil {
			stale++
		}
		key := resource.Key{Namespace: name[0], Name: name[1]}
		if !s.keys.live[slot] {
			if number, found := s.keys.lookup(name[0], name[1]); found && number == slot || o != nil || reason != nil {
				return fmt.Errorf("slot %d of the dead key %s is in use", slot, key)
			}
			continue
		}
		if o == nil && reason == nil {
			return fmt.Errorf("slot %d of the live key %s is empty", slot, key)
		}
		if o != nil && resource.KeyOf(o) != key {
			return fmt.Errorf("slot %d of %s has the object %s", slot, key, resource.KeyOf(o))
		}
	}
	if length != s.length || stale != s.staleLength {
		return fmt.Errorf("%d objects and %d stale keys, counted %d and %d", s.length, s.staleLength, length, stale)
	}
	return nil
}

// check: each number is either free, or the number of exactly one name of the table, which can be found.
func (d *dictionary) check(what string) error {
	seen := make([]int, len(d.live))
	used, dead := 0, 0
	for number, name := range d.all() {
		seen[number]++
		used++
		if !d.live[number] {
			dead++
		}
		if found, ok := d.find(name[0], name[1]); !ok || found != number {
			return fmt.Errorf("%s: %q has number %d, found %d %t", what, name, number, found, ok)
		}
	}
	for _, number := range d.free {
		seen[number]++
		if d.live[number] {
			return fmt.Errorf("%s: number %d is free and live", what, number)
		}
	}
	for number, times := range seen {
		if times != 1 {
			return fmt.Errorf("%s: number %d is there %d times", what, number, times)
		}
	}
	if used != d.used || dead != d.dead || used >= len(d.table.entries) {
		return fmt.Errorf("%s: %d used and %d dead of %d entries, counted %d and %d", what, d.used, d.dead, len(d.table.entries), used, dead)
	}
	return nil
}

// check: ascending order, no empty chunk, no oversized one, the right length.
func (s *set) check() error {
	length, last := 0, -1
	if s.chunks != nil && (len(s.small) > 0 || len(s.chunks.list) < 2) {
		return errors.New("set: two forms at once")
	}
	for _, piece := range s.pieces(new([1][]uint32)) {
		if s.chunks != nil && len(piece) == 0 || len(piece) > chunkSize {
			return fmt.Errorf("set: piece of %d members", len(piece))
		}
		for _, n := range piece {
			if int(n) <= last {
				return fmt.Errorf("set: %d after %d", n, last)
			}
			last = int(n)
			length++
		}
	}
	if length != s.len() {
		return fmt.Errorf("set: %d members, counted %d", s.len(), length)
	}
	return nil
}

func (s *set) members() []uint32 { return slices.Concat(s.pieces(new([1][]uint32))...) }

// check compares the terms with what they should be: term → members in ascending order.
func (w *termWriter) check(what string, want map[uint32][]uint32) error {
	if err := w.dictionary.check(what); err != nil {
		return err
	}
	for number, name := range w.all() {
		p := w.postings.get(number)
		if (p != nil) != w.live[number] {
			return fmt.Errorf("%s: %q is live: %t, has members: %t", what, name, w.live[number], p != nil)
		}
		if p == nil {
			continue
		}
		if err := p.members.check(); err != nil {
			return fmt.Errorf("%s: %q: %w", what, name, err)
		}
		if !slices.Equal(p.members.members(), want[number]) {
			return fmt.Errorf("%s: %q has members %v, want %v", what, name, p.members.members(), want[number])
		}
		delete(want, number)
	}
	if len(want) > 0 {
		return fmt.Errorf("%s: missing: %v", what, want)
	}
	return nil
}

// check: groups ⇔ namespaces, labels and keys, and groups ⇔ numbers.
func (w *groupWriter) check() error {
	namespaces, labels, keys := map[uint32][]uint32{}, map[uint32][]uint32{}, map[uint32][]uint32{}
	view := &groups{all: w.all}
	numbers := 0
	for g := range view.every {
		number, found := w.numbers[g.id]
		if numbers++; !found || w.all.get(number) != g {
			return fmt.Errorf("group %x is not under its number", g.id)
		}
		if err := g.slots.check(); err != nil {
			return fmt.Errorf("group %d: %w", number, err)
		}
		if g.slots.len() == 0 {
			return fmt.Errorf("group %d is empty", number)
		}
		namespaces[g.id.namespace()] = append(namespaces[g.id.namespace()], number)
		for i := range g.id.labels() {
			labels[g.id.label(i)] = append(labels[g.id.label(i)], number)
		}
	}
	if numbers != len(w.numbers) {
		return fmt.Errorf("%d groups, counted %d", len(w.numbers), numbers)
	}
	for _, term := range slices.Sorted(maps.Keys(labels)) {
		key := w.labels.postings.get(term).key
		keys[key] = append(keys[key], term)
	}
	for _, members := range []map[uint32][]uint32{namespaces, labels} {
		for _, m := range members {
			slices.Sort(m)
		}
	}
	return errors.Join(w.checkKnown(), w.namespaces.check("namespaces", namespaces), w.labels.check("labels", labels), w.keys.check("label keys", keys))
}

// checkKnown: the map that a group knows has the group's labels; numbers without a group know none.
func (w *groupWriter) checkKnown() error {
	for number, labels := range w.known {
		g := w.all.get(uint32(number))
		if labels == nil {
			continue
		}
		if g == nil || len(labels) != g.id.labels() {
			return fmt.Errorf("number %d knows %d labels, which are not those of its group", number, len(labels))
		}
		for key, value := range labels {
			if term, found := w.labels.lookup(key, value); !found || !g.id.hasLabel(term) {
				return fmt.Errorf("group %d knows the label %s=%s, which is not its own", number, key, value)
			}
		}
	}
	return nil
}

// checkGroupsOfObjects: each object is in the one group that has its namespace and its labels.
func (s *state) checkGroupsOfObjects() error {
	members := 0
	view := s.groups.view()
	for g := range view.every {
		for _, slot := range g.slots.members() {
			members++
			o := s.objects.get(slot)
			if o == nil {
				return fmt.Errorf("group %x has the empty slot %d", g.id, slot)
			}
			if want := s.groups.numbers[g.id] + 1; s.groups.groupOf[slot] != want {
				return fmt.Errorf("%s is in group %d, remembered as %d", resource.KeyOf(o), want, s.groups.groupOf[slot])
			}
			if home, found := view.namespaces.number("", o.GetNamespace()); !found || home != g.id.namespace() {
				return fmt.Errorf("%s is in a group of another namespace", resource.KeyOf(o))
			}
			labels := labelsOf(o, s.groups.noLabels)
			if len(labels) != g.id.labels() {
				return fmt.Errorf("%s has %d labels, its group %d", resource.KeyOf(o), len(labels), g.id.labels())
			}
			for key, value := range labels {
				term, found := view.labels.number(key, value)
				if wish := (&wish{terms: []uint32{term}}); !found || !view.has(g.id, wish) {
					return fmt.Errorf("%s has the label %s=%s, its group has not", resource.KeyOf(o), key, value)
				}
			}
		}
	}
	if members != s.length {
		return fmt.Errorf("groups have %d members, the store %d objects", members, s.length)
	}
	return nil
}

// check: values ⇔ what is remembered of each slot, and an object that failed is found under none.
func (w *indexWriter) check(s *state) error {
	want, failed := map[uint32][]uint32{}, 0
	for slot := range w.first {
		numbers := w.numbers(uint32(slot))
		err := w.errs.get(uint32(slot))
		if err != nil {
			failed++
		}
		if len(numbers) > 0 && (err != nil || s.objects.get(uint32(slot)) == nil) {
			return fmt.Errorf("index %q: slot %d has values %v, error %v and object %v", w.name, slot, numbers, err, s.objects.get(uint32(slot)))
		}
		for _, number := range numbers {
			want[number] = append(want[number], uint32(slot))
		}
	}
	if failed != w.failed {
		return fmt.Errorf("index %q: %d failed, counted %d", w.name, w.failed, failed)
	}
	return w.values.check("index "+w.name, want)
}
