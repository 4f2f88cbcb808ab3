package delta

import (
	"k8s.io/apimachinery/pkg/types"

	"github.com/sheaf-dev/sheaf/resource"
)

// Type says what a Delta means.
type Type uint8

// The types of deltas.
const (
	// Added and Updated: Object is the new state of Key. Which of the two it is depends on the stream; the store knows better.
	Added Type = iota + 1
	Updated
	// Deleted: Key is gone. Object is its last state; nil: the last state that is known, and Known says whether that was the last.
	Deleted
	// Replaced: Items are the full state of the scope. It always comes alone in its batch.
	Replaced
	// Sync: Object was read alone, because the stream's state of Key could not be processed; nil: it is not there.
	Sync
	// Bookmark: nothing but the version moved.
	Bookmark
)

var typeNames = [...]string{"unknown", "added", "updated", "deleted", "replaced", "sync", "bookmark"}

// String returns the type's name in lower case.
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return typeNames[0]
}

// Delta is one thing that happened.
type Delta struct {
	Type   Type
	Key    resource.Key
	Object resource.Object
	// Err, for Added and Updated, says why there is no Object: the new state could not be decoded or transformed.
	Err error
	// UID is the object's, also where there is no Object; "": unknown.
	UID types.UID
	// ResourceVersion is the version of the collection after this delta; "" for Sync, and where it is unknown.
	ResourceVersion string
	// Size is the object's size on the wire in bytes.
	Size int
	// Known says, for Deleted without an Object, that the state that is known is the last one.
	Known bool
	// Scope is the namespace that the stream covers; "": all of them, or cluster scope.
	Scope string
	// Items is the full state, for Replaced.
	Items []Item
}

// Item is one object of a full state.
type Item struct {
	Key resource.Key // without a name: the object could not even be identified
	// Object is the state. nil: Err says why there is none, or, if that is nil too, the object is unchanged.
	Object resource.Object
	Err    error
	UID    types.UID
	Size   int
}
