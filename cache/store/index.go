package store

import (
	"slices"

	"github.com/sheaf-dev/sheaf/resource"
)

// index is a user's index as of one snapshot.
type index struct {
	name     string
	function IndexFunc
	values   terms         // ("", value) → slots
	errs     vector[error] // slot → why the object is missing from this index
	failed   int           // number of errs
}

// indexWriter is the writer's side of an index. It remembers what it stored for each object, so an index function that answers
// differently for the same object later cannot leave traces of it behind.
type indexWriter struct {
	name     string
	function IndexFunc
	values   termWriter
	errs     vector[error]
	failed   int
	first    []uint32            // slot → its value's number + 1; 0: none, or several
	several  map[uint32][]uint32 // slot → its values' numbers, ascending, when there are several
	changed  bool                // since the last snapshot
	buffer   []uint32
}

func newIndexWriter(name string, function IndexFunc) *indexWriter {
	return &indexWriter{name: name, function: function, values: newTermWriter(), several: map[uint32][]uint32{}, changed: true}
}

// view freezes the index for a snapshot.
func (w *indexWriter) view() *index {
	return &index{name: w.name, function: w.function, values: w.values.view(), errs: w.errs, failed: w.failed}
}

// set indexes the object that a slot holds from now on.
func (w *indexWriter) set(slot uint32, o resource.Object, batch uint64) {
	for int(slot) >= len(w.first) {
		w.first = append(w.first, 0)
	}
	values, err := w.callOn(o)
	if err != nil {
		w.setValues(slot, nil, batch)
		w.setError(slot, err, batch)
		return
	}
	w.setError(slot, nil, batch)
	if len(values) == 1 && w.first[slot] != 0 { // the usual case: the one value that it had
		if number, found := w.values.lookup("", values[0]); found && number+1 == w.first[slot] {
			return
		}
	}
	w.setValues(slot, values, batch)
}

// remove forgets the object of a slot.
func (w *indexWriter) remove(slot uint32, batch uint64) {
	w.setValues(slot, nil, batch)
	w.setError(slot, nil, batch)
}

// setValues replaces what the slot is found under.
func (w *indexWriter) setValues(slot uint32, values []string, batch uint64) {
	before := w.numbers(slot)
	after := make([]uint32, 0, 4)
	for _, value := range values {
		number, _ := w.values.add("", value)
		after = append(after, number)
	}
	slices.Sort(after)
	after = slices.Compact(after)
	if slices.Equal(before, after) {
		return
	}
	w.changed = true
	for _, number := range after {
		if _, found := slices.BinarySearch(before, number); !found {
			w.values.insert(number, slot, batch)
		}
	}
	for _, number := range before {
		if _, found := slices.BinarySearch(after, number); !found {
			w.values.remove(number, slot, batch)
		}
	}
	w.remember(slot, after)
}

// numbers returns the values that the slot is found under now. The slice is valid until the next call.
func (w *indexWriter) numbers(slot uint32) []uint32 {
	if number := w.first[slot]; number != 0 {
		w.buffer = append(w.buffer[:0], number-1)
		return w.buffer
	}
	return w.several[slot]
}

func (w *indexWriter) remember(slot uint32, numbers []uint32) {
	w.first[slot] = 0
	delete(w.several, slot)
	switch len(numbers) {
	case 0:
	case 1:
		w.first[slot] = numbers[0] + 1
	default:
		w.several[slot] = slices.Clip(numbers)
	}
}

// setError notes why an object is missing from the index, or with nil that it is not.
func (w *indexWriter) setError(slot uint32, err error, batch uint64) {
	before := w.errs.get(slot)
	if before == nil && err == nil {
		return
	}
	if before == nil {
		w.failed++
	}
	if err == nil {
		w.failed--
	}
	w.errs.set(slot, err, batch)
	w.changed = true
}
