package store

// A vector is three levels of nodes below a root that grows: 200,000 values need a root of 49 pointers. An update copies one node a
// level, so nodes are small.
const (
	widthBits = 4
	width     = 1 << widthBits
	topShift  = 3 * widthBits
)

// vector is a persistent array: number → value, the zero value of T where nothing is. Copying the struct freezes what it holds, as long as
// each writer of a copy uses a batch number of its own: set then copies every node that is not of its batch, once.
type vector[T any] struct {
	root  []*node[*node[*node[T]]]
	batch uint64 // that may write to root
}

type node[T any] struct {
	of    [width]T
	batch uint64 // that may write to this node
}

// get returns the value of a number, which may be beyond the end.
func (v *vector[T]) get(i uint32) (value T) {
	if l := v.leaf(i); l != nil {
		return l.of[i%width]
	}
	return value
}

// leaf returns the node that would have the value of a number, or nil.
func (v *vector[T]) leaf(i uint32) *node[T] {
	if int(i>>topShift) >= len(v.root) {
		return nil
	}
	trunk := v.root[i>>topShift]
	if trunk == nil {
		return nil
	}
	branch := trunk.of[i>>(2*widthBits)%width]
	if branch == nil {
		return nil
	}
	return branch.of[i>>widthBits%width]
}

// set stores a value. Vectors that were copied from this one before the batch keep the former value.
func (v *vector[T]) set(i uint32, value T, batch uint64) {
	top := int(i >> topShift)
	if v.batch != batch {
		v.root = append(make([]*node[*node[*node[T]]], 0, max(len(v.root), top+1)), v.root...)
		v.batch = batch
	}
	for top >= len(v.root) {
		v.root = append(v.root, nil)
	}
	trunk := owned(&v.root[top], batch)
	branch := owned(&trunk.of[i>>(2*widthBits)%width], batch)
	leaf := owned(&branch.of[i>>widthBits%width], batch)
	leaf.of[i%width] = value
}

// owned makes the node at a place one that the batch may write to.
func owned[T any](place **node[T], batch uint64) *node[T] {
	n := *place
	switch {
	case n == nil:
		n = &node[T]{batch: batch}
	case n.batch != batch:
		n = &node[T]{of: n.of, batch: batch}
	default:
		return n
	}
	*place = n
	return n
}

// each visits all leaves in order, with the number of each leaf's first value, until visit returns false.
func (v *vector[T]) each(visit func(first uint32, values *[width]T) bool) {
	v.eachChanged(&vector[T]{}, visit)
}

// eachChanged visits the leaves of v that differ from those of an older state of the same vector. Nodes that both share are skipped, so
// the cost follows the number of changes, not the size.
func (v *vector[T]) eachChanged(older *vector[T], visit func(first uint32, values *[width]T) bool) {
	for i, trunk := range v.root {
		var olderTrunk *node[*node[*node[T]]]
		if i < len(older.root) {
			olderTrunk = older.root[i]
		}
		if trunk == nil || trunk == olderTrunk {
			continue
		}
		for j, branch := range trunk.of {
			olderBranch := child(olderTrunk, j)
			if branch == nil || branch == olderBranch {
				continue
			}
			for k, leaf := range branch.of {
				first := uint32(i)<<topShift | uint32(j)<<(2*widthBits) | uint32(k)<<widthBits
				if leaf != nil && leaf != child(olderBranch, k) && !visit(first, &leaf.of) {
					return
				}
			}
		}
	}
}

func child[T any](n *node[T], i int) (c T) {
	if n != nil {
		c = n.of[i]
	}
	return c
}
