package store

// A vector is two levels of nodes below a root that grows. The leaf is what an update copies for sure, so it is small; the
// branch keeps the root short: 200,000 values need a root of 98 pointers.
const (
	leafBits   = 5
	branchBits = 6
	leafSize   = 1 << leafBits
	branchSize = 1 << branchBits
)

// vector is a persistent array: number → value, the zero value of T where nothing is. Copying the struct freezes what it holds, as long as
// each writer of a copy uses a batch number of its own: set then copies every node that is not of its batch, once.
type vector[T any] struct {
	root  []*branch[T]
	batch uint64 // that may write to root
}

type branch[T any] struct {
	leaves [branchSize]*leaf[T]
	batch  uint64 // that may write to this node
}

type leaf[T any] struct {
	values [leafSize]T
	batch  uint64 // that may write to this node
}

// get returns the value of a number, which may be beyond the end.
func (v *vector[T]) get(i uint32) (value T) {
	top := i >> (leafBits + branchBits)
	if int(top) >= len(v.root) {
		return value
	}
	b := v.root[top]
	if b == nil {
		return value
	}
	l := b.leaves[i>>leafBits%branchSize]
	if l == nil {
		return value
	}
	return l.values[i%leafSize]
}

// set stores a value. Vectors that were copied from this one before the batch keep the former value.
func (v *vector[T]) set(i uint32, value T, batch uint64) {
	*v.writable(i, batch) = value
}

// writable returns the place of a number in a leaf that belongs to the batch.
func (v *vector[T]) writable(i uint32, batch uint64) *T {
	top := int(i >> (leafBits + branchBits))
	if v.batch != batch {
		v.root = append(make([]*branch[T], 0, max(len(v.root), top+1)), v.root...)
		v.batch = batch
	}
	for top >= len(v.root) {
		v.root = append(v.root, nil)
	}
	b := v.root[top]
	if b == nil || b.batch != batch {
		b = b.copy(batch)
		v.root[top] = b
	}
	l := b.leaves[i>>leafBits%branchSize]
	if l == nil || l.batch != batch {
		l = l.copy(batch)
		b.leaves[i>>leafBits%branchSize] = l
	}
	return &l.values[i%leafSize]
}

func (b *branch[T]) copy(batch uint64) *branch[T] {
	if b == nil {
		return &branch[T]{batch: batch}
	}
	c := *b
	c.batch = batch
	return &c
}

func (l *leaf[T]) copy(batch uint64) *leaf[T] {
	if l == nil {
		return &leaf[T]{batch: batch}
	}
	c := *l
	c.batch = batch
	return &c
}

// each visits all leaves in order, with the number of each leaf's first value, until visit returns false.
func (v *vector[T]) each(visit func(first uint32, values *[leafSize]T) bool) {
	for top, b := range v.root {
		if b == nil {
			continue
		}
		for i, l := range b.leaves {
			if l != nil && !visit(uint32(top<<branchBits|i)<<leafBits, &l.values) {
				return
			}
		}
	}
}

// eachChanged visits the leaves of v that differ from those of an older state of the same vector. Nodes that both share are skipped, so
// the cost follows the number of changes, not the size.
func (v *vector[T]) eachChanged(older *vector[T], visit func(first uint32, values *[leafSize]T)) {
	for top, b := range v.root {
		var before *branch[T]
		if top < len(older.root) {
			before = older.root[top]
		}
		if b == nil || b == before {
			continue
		}
		for i, l := range b.leaves {
			if l != nil && (before == nil || l != before.leaves[i]) {
				visit(uint32(top<<branchBits|i)<<leafBits, &l.values)
			}
		}
	}
}
