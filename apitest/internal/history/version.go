package history

import (
	"sync/atomic"
	"unsafe"
)

// Version is one state of one object. It is immutable but for the renditions, which are made on demand and kept.
type Version struct {
	Key       string // "namespace/name" or "name": the order of lists
	Namespace string
	Name      string
	UID       string
	Revision  uint64
	Deleted   bool     // the object is gone; Data is its last state, carrying the revision of the deletion
	Labels    Labels   // extracted once
	Fields    []string // the values of the resource's selectable fields, in the resource's order
	Owners    []string // the uids of the owners
	Data      []byte   // the primary wire form

	renditions atomic.Pointer[rendition]
}

// KeyOf joins a namespace, which is empty for cluster-scoped objects, and a name.
func KeyOf(namespace, name string) string {
	if namespace == "" {
		return name
	}
	return namespace + "/" + name
}

// Form names a wire form other than the primary one.
type Form struct {
	Media   uint8
	Version string // the API version, where it is not the one that the primary form has
}

// rendition is an entry of an immutable linked list: there are rarely more than two.
type rendition struct {
	form Form
	data []byte
	next *rendition
}

// Rendition returns another wire form of the version. make is called when the form is asked for the first time (and rarely
// once more, when two goroutines ask at the same moment).
func (v *Version) Rendition(form Form, make func() ([]byte, error)) ([]byte, error) {
	for r := v.renditions.Load(); r != nil; r = r.next {
		if r.form == form {
			return r.data, nil
		}
	}
	data, err := make()
	if err != nil {
		return nil, err
	}
	for {
		head := v.renditions.Load()
		if v.renditions.CompareAndSwap(head, &rendition{form, data, head}) {
			return data, nil
		}
	}
}

// forget drops the renditions of a version that is no longer current.
func (v *Version) forget() { v.renditions.Store(nil) }

// size is what the version holds for itself, roughly.
func (v *Version) size() int { return len(v.Data) + int(unsafe.Sizeof(*v)) }

// Labels are the labels of an object: keys and values in turn, sorted by key. It implements labels.Labels.
type Labels []string

// Has says whether the label exists.
func (l Labels) Has(key string) bool { _, ok := l.Lookup(key); return ok }

// Get returns the label's value, "" if there is none.
func (l Labels) Get(key string) string { value, _ := l.Lookup(key); return value }

// Lookup returns the label's value and whether it exists.
func (l Labels) Lookup(key string) (string, bool) {
	for i := 0; i+1 < len(l); i += 2 {
		if l[i] == key {
			return l[i+1], true
		}
	}
	return "", false
}
