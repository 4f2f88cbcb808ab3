package store

import "github.com/sheaf-dev/sheaf/resource"

// Op says what a Change does.
type Op uint8

// The operations of a Change.
const (
	// Set stores Object under Key. Storing the pointer that is already there costs next to nothing.
	Set Op = iota + 1
	// Keep says that the object under Key is still current: a relist saw it unchanged. It does nothing for a key that is not there.
	Keep
	// Delete removes Key. It does nothing for a key that is not there.
	Delete
	// MarkStale says that a newer state of Key exists but cannot be processed, and why (Err). The last good state, if there is one,
	// stays and is marked stale; a key that was never there is remembered as stale without an object. The next Set, Keep or
	// Delete of the key takes the mark away.
	MarkStale
)

// String returns the operation's name in lower case.
func (op Op) String() string {
	switch op {
	case Set:
		return "set"
	case Keep:
		return "keep"
	case Delete:
		return "delete"
	case MarkStale:
		return "mark stale"
	}
	return "unknown"
}

// Change is one step of a batch.
type Change struct {
	Op  Op
	Key resource.Key
	// Object is the new state, for Set: never nil, and its key is Key. For Delete it may be the last state, which only WaitFor
	// looks at. The store keeps the pointer: nobody may change the object from now on.
	Object resource.Object
	// Err is the reason, for MarkStale.
	Err error
}

// Applied says what one change did to its key.
type Applied struct {
	Key resource.Key
	Old resource.Object // before the change; nil: the key was not there
	New resource.Object // after the change; nil: the key is not there
}
