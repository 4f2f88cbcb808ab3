package store

import (
	"errors"
	"fmt"

	"github.com/sheaf-dev/sheaf/resource"
)

// IndexFunc returns the values under which an index finds an object; none is fine, and a value named twice counts once. It must be a
// pure function of the object, which it may not change, and may be called from several goroutines at once.
//
// An object for which it fails or panics is left out of that index alone, and IndexErrors says so until a later state of the object heals it.
type IndexFunc func(resource.Object) ([]string, error)

// NamespaceIndex is the name under which ByIndex finds the objects of a namespace, in every store, unless a user's index
// has taken that name.
const NamespaceIndex = "namespace"

// Options refines a store. The zero value is a store with a label index and no further indexes.
type Options struct {
	// Indexers are the named index functions that are there from the start.
	Indexers map[string]IndexFunc
	// NoLabelIndex saves the memory of the label index. List with a label selector then looks at every object of the namespace, or of
	// the store.
	NoLabelIndex bool
	// Compact says that the store gets objects of a Packer, and opens them for those who read. What an object is indexed by is found when it
	// is packed; a selector without the label index, a comparison of labels and a late index decode each object that they look at.
	Compact bool
}

// Errors of a store, for errors.Is.
var (
	// ErrNoIndex says that no index has the name that was asked for.
	ErrNoIndex = errors.New("no such index")
	// ErrIndexExists says that an index of the name is there already.
	ErrIndexExists = errors.New("index exists already")
	// ErrStale is the reason of a stale key that was marked without one.
	ErrStale = errors.New("a newer state could not be processed")
)

// IndexError is one object that one index could not take.
type IndexError struct {
	Index string
	Key   resource.Key
	Err   error
}

// Error names the index and the object.
func (e *IndexError) Error() string { return fmt.Sprintf("index %q of %s: %v", e.Index, e.Key, e.Err) }

// Unwrap returns the index function's own error.
func (e *IndexError) Unwrap() error { return e.Err }

// call runs the function on one object and makes an error of a panic.
func (f IndexFunc) call(o resource.Object) (values []string, err error) {
	defer func() {
		if r := recover(); r != nil {
			values, err = nil, fmt.Errorf("index function panicked: %v", r)
		}
	}()
	if f == nil {
		return nil, errors.New("index function is nil")
	}
	return f(o)
}
