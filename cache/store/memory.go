package store

import (
	"unsafe"
)

// MemoryEstimate returns about how many bytes the store itself uses for this snapshot, without the objects: keys, slots, indexes and
// what the writer remembers of them. It looks at every group and index value, so it is for status pages, not for hot paths.
func (s Snapshot) MemoryEstimate() int64 {
	const perSlot = 1 + 4 + 8 // the writer's dictionary.live, groupWriter.groupOf and .signatures
	v := s.v
	bytes := v.keys.bytes() + v.objects.bytes() + v.stale.bytes() + v.groups.bytes()
	bytes += v.length * perSlot
	for _, x := range v.indexes {
		bytes += x.values.bytes() + x.errs.bytes() + 4*v.length // indexWriter.first
	}
	return int64(bytes)
}

func (v *vector[T]) bytes() int {
	leaves := 0
	v.each(func(uint32, *[width]T) bool {
		leaves++
		return true
	})
	inner := leaves/width + leaves/width/width + 2
	return 8*cap(v.root) + leaves*int(unsafe.Sizeof(node[T]{})) + inner*int(unsafe.Sizeof(node[*node[T]]{}))
}

func (n *names) bytes() int {
	bytes := len(n.table.entries) * int(unsafe.Sizeof(entry{}))
	for _, text := range n.texts {
		bytes += len(text)
	}
	return bytes
}

func (s *set) bytes() int {
	if s.chunks == nil {
		return 4 * cap(s.small)
	}
	bytes := int(unsafe.Sizeof(*s.chunks)) + cap(s.chunks.list)*int(unsafe.Sizeof([]uint32{}))
	for _, chunk := range s.chunks.list {
		bytes += 4 * cap(chunk)
	}
	return bytes
}

func (t *terms) bytes() int {
	bytes := t.names.bytes() + t.postings.bytes()
	t.postings.each(func(_ uint32, postings *[width]*posting) bool {
		for _, p := range postings {
			if p != nil {
				bytes += int(unsafe.Sizeof(*p)) + p.members.bytes()
			}
		}
		return true
	})
	return bytes
}

func (g *groups) bytes() int {
	const perNumber = 40 // an entry of groupWriter.numbers
	bytes := g.all.bytes() + g.namespaces.bytes() + g.labels.bytes() + g.keys.bytes()
	for one := range g.every {
		bytes += int(unsafe.Sizeof(*one)) + len(one.id) + one.slots.bytes() + perNumber
	}
	return bytes
}
