package history

import (
	"slices"
	"strings"
)

// entry is one key of a table with its versions that are still in the window, oldest first. Its newest may be a deletion.
type entry struct {
	key      string
	versions []*Version
}

func (e *entry) newest() *Version { return e.versions[len(e.versions)-1] }

// at returns the state at a revision, nil if the object did not exist then.
func (e *entry) at(revision uint64) *Version {
	for i := len(e.versions) - 1; i >= 0; i-- {
		if v := e.versions[i]; v.Revision <= revision {
			if v.Deleted {
				return nil
			}
			return v
		}
	}
	return nil
}

// trim drops the versions that no revision from floor on can see, and says whether anything is left.
func (e *entry) trim(floor uint64) bool {
	first := 0
	for first+1 < len(e.versions) && e.versions[first+1].Revision <= floor {
		first++
	}
	if v := e.versions[first]; v.Deleted && v.Revision <= floor {
		first++
	}
	e.versions = slices.Delete(e.versions, 0, first)
	return len(e.versions) > 0
}

const chunkSize = 256

// index is a sorted set of entries, in chunks, so that an insertion moves little.
type index struct {
	byKey  map[string]*entry
	chunks [][]*entry // none empty
}

// find returns where the key is, or where it would be inserted.
func (x *index) find(key string) (chunk, at int) {
	chunk, found := slices.BinarySearchFunc(x.chunks, key, func(c []*entry, key string) int { return strings.Compare(c[0].key, key) })
	if found {
		return chunk, 0
	}
	if chunk > 0 {
		chunk--
	}
	if chunk == len(x.chunks) {
		return chunk, 0
	}
	at, _ = slices.BinarySearchFunc(x.chunks[chunk], key, func(e *entry, key string) int { return strings.Compare(e.key, key) })
	return chunk, at
}

func (x *index) insert(e *entry) {
	x.byKey[e.key] = e
	chunk, at := x.find(e.key)
	if chunk == len(x.chunks) {
		x.chunks = append(x.chunks, append(make([]*entry, 0, chunkSize), e))
		return
	}
	c := slices.Insert(x.chunks[chunk], at, e)
	x.chunks[chunk] = c
	if len(c) <= chunkSize {
		return
	}
	cut := len(c) / 2
	if at == len(c)-1 { // keys that arrive in order leave full chunks behind
		cut = len(c) - 1
	}
	right := append(make([]*entry, 0, chunkSize), c[cut:]...)
	clear(c[cut:])
	x.chunks[chunk] = c[:cut]
	x.chunks = slices.Insert(x.chunks, chunk+1, right)
}

func (x *index) remove(key string) {
	if _, ok := x.byKey[key]; !ok {
		return
	}
	delete(x.byKey, key)
	chunk, at := x.find(key)
	c := slices.Delete(x.chunks[chunk], at, at+1)
	if len(c) == 0 {
		x.chunks = slices.Delete(x.chunks, chunk, chunk+1)
		return
	}
	x.chunks[chunk] = c
}

// ascend calls yield for the entries from key on, in order, until it returns false.
func (x *index) ascend(key string, yield func(*entry) bool) {
	chunk, at := x.find(key)
	for ; chunk < len(x.chunks); chunk, at = chunk+1, 0 {
		for _, e := range x.chunks[chunk][at:] {
			if !yield(e) {
				return
			}
		}
	}
}
