package store

import "github.com/sheaf-dev/sheaf/resource"

// version is the content of one snapshot: frozen roots of what the writer edits.
//
// Each key has a slot, a small number that stays the same as long as the key exists, or until the store shrinks. keys finds the slot, objects has what it holds.
type version struct {
	resourceVersion string
	generation      int // of the slots: those of different generations have nothing to do with each other
	length          int // number of objects
	staleLength     int // number of stale keys
	keys            names
	objects         vector[resource.Object] // by slot; nil: deleted, or never there
	stale           vector[error]           // by slot; why the object is not current
	groups          *groups
	labelIndex      bool
	compact         bool     // objects are packed
	indexes         []*index // by name
}

// index returns the named index, or nil. There are few.
func (v *version) index(name string) *index {
	for _, x := range v.indexes {
		if x.name == name {
			return x
		}
	}
	return nil
}
