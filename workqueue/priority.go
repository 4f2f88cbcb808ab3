package workqueue

import "math/bits"

// Priority says which of the waiting keys go first. It is a wish about order, not about importance: what runs is never
// interrupted.
type Priority int8

// Priorities go from Lowest to Highest; values beyond count as these.
const (
	Lowest  Priority = -4
	Low     Priority = -1 // what can wait for live changes: a first list, a resync
	Normal  Priority = 0
	High    Priority = 1
	Highest Priority = 3
)

const (
	levels       = int(Highest-Lowest) + 1
	defaultAging = 16
)

func (p Priority) clamp() Priority { return min(max(p, Lowest), Highest) }

// ready is the queued keys, in the order in which they will be served: the highest priority first. But one that has had
// keys for aging turns in a row without getting one comes next, those that have waited longest first. So each priority
// gets a turn at least every aging+levels turns, and nothing starves; counting turns instead of seconds keeps that share
// the same however slow the workers are.
type ready[K comparable] struct {
	bands   [levels]band[K]
	passed  [levels]int // for how many turns each has been waiting
	waiting uint8       // a bit for each band that has keys
	size    int
	aging   int
}

func (r *ready[K]) push(it *item[K]) {
	level := int(it.priority - Lowest)
	r.bands[level].push(it)
	r.waiting |= 1 << level
	r.size++
}

// pop removes and returns the key to serve next, nil if there is none.
func (r *ready[K]) pop() *item[K] {
	if r.waiting == 0 {
		return nil
	}
	level := bits.Len8(r.waiting) - 1
	if r.waiting != 1<<level { // there are others
		level = r.choose(level)
		for rest := r.waiting; rest != 0; rest &= rest - 1 {
			r.passed[bits.TrailingZeros8(rest)]++
		}
	}
	r.passed[level] = 0
	it := r.bands[level].pop()
	r.removed(level)
	return it
}

// choose returns the level that has waited longest, if that is too long, or else the highest.
func (r *ready[K]) choose(highest int) int {
	level, most := highest, r.aging
	for rest := r.waiting; rest != 0; rest &= rest - 1 {
		if i := bits.TrailingZeros8(rest); r.passed[i] >= most {
			level, most = i, r.passed[i]
		}
	}
	return level
}

// raise moves a queued key to a higher priority, behind those who are there.
func (r *ready[K]) raise(it *item[K], p Priority) {
	level := int(it.priority - Lowest)
	r.bands[level].remove(it)
	r.removed(level)
	it.priority = p
	r.push(it)
}

func (r *ready[K]) removed(level int) {
	r.size--
	if r.bands[level].turn == nil {
		r.waiting &^= 1 << level
		r.passed[level] = 0
	}
}
