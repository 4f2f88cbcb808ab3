package workqueue

import "time"

// delays is the delayed items: a heap with four children a node, by the time when the delay ends. Each entry repeats that time, so
// that sifting need not touch the items, and each item knows its place.
type delays[K comparable] struct {
	heap  []pending[K]
	timer *time.Timer // nil until the first delay
	armed int64       // when the timer will fire; MaxInt64: it is not set
}

type pending[K comparable] struct {
	due int64
	it  *item[K]
}

const children = 4

func (d *delays[K]) push(it *item[K]) {
	d.heap = append(d.heap, pending[K]{it.due, it})
	d.up(len(d.heap) - 1)
}

func (d *delays[K]) move(it *item[K], due int64) {
	earlier := due < it.due
	it.due = due
	d.heap[it.slot].due = due
	if earlier {
		d.up(int(it.slot))
	} else {
		d.down(int(it.slot))
	}
}

func (d *delays[K]) remove(it *item[K]) {
	i, last := int(it.slot), len(d.heap)-1
	moved := d.heap[last]
	d.heap[last] = pending[K]{}
	d.heap = d.heap[:last]
	if i == last {
		return
	}
	d.heap[i] = moved
	moved.it.slot = int32(i)
	if moved.due < it.due {
		d.up(i)
	} else {
		d.down(i)
	}
}

func (d *delays[K]) up(i int) {
	e := d.heap[i]
	for i > 0 {
		parent := (i - 1) / children
		if d.heap[parent].due <= e.due {
			break
		}
		d.set(i, d.heap[parent])
		i = parent
	}
	d.set(i, e)
}

func (d *delays[K]) down(i int) {
	e := d.heap[i]
	for {
		first := i*children + 1
		if first >= len(d.heap) {
			break
		}
		least := first
		for c := first + 1; c < min(first+children, len(d.heap)); c++ {
			if d.heap[c].due < d.heap[least].due {
				least = c
			}
		}
		if e.due <= d.heap[least].due {
			break
		}
		d.set(i, d.heap[least])
		i = least
	}
	d.set(i, e)
}

func (d *delays[K]) set(i int, e pending[K]) {
	d.heap[i] = e
	e.it.slot = int32(i)
}
