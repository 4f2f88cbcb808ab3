package decode

import (
	"fmt"
	"hash/maphash"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/resource"
)

// Event is one frame of a watch stream, decoded.
type Event struct {
	// Type is Added, Modified or Deleted (of the object), Bookmark, or Error.
	Type watch.EventType
	// Object is set for Added, Modified and Deleted, unless Err or Skipped is.
	Object resource.Object
	// Skipped says that the option Only, or a source of one's own, has left the object out. ResourceVersion is its.
	Skipped bool
	// Reused says that Object is what the option Reuse returned.
	Reused bool
	// ResourceVersion is the object's or the bookmark's.
	ResourceVersion string
	// InitialEventsEnd marks the bookmark after the last of the initial events of a watch with sendInitialEvents.
	InitialEventsEnd bool
	// Status is what an Error event carries; never nil then.
	Status *metav1.Status
	// Err says that the object could not be decoded, and whose it was. The stream goes on.
	Err *ObjectError
	// Size is the frame's size on the wire, in bytes.
	Size int
	// Hash is as in Item.
	Hash uint64
	// Trace is as in Item.
	Trace Trace
}

// Item is one object of a list.
type Item struct {
	// Object is nil if Err or Skipped is set.
	Object resource.Object
	// Skipped says that the option Only, or a source of one's own, has left the object out.
	Skipped bool
	// Reused says that Object is what the option Reuse returned.
	Reused bool
	// Err says that the object could not be decoded, and whose it was. The list goes on.
	Err *ObjectError
	// Size is the object's size on the wire, in bytes.
	Size int
	// Hash is a hash of the object's bytes, without envelope, under a key that lives as long as the process; 0 means none. An unchanged
	// object has the same hash in lists and in watches.
	Hash uint64
	// Trace is what the option Previous may be asked for when the object's next version comes.
	Trace Trace
}

// Identity names one version of one object.
type Identity struct {
	Key             resource.Key
	UID             types.UID
	ResourceVersion string
	// Hash is as in Item.
	Hash uint64
}

// ObjectError is one object that could not be decoded. Its identity is read as far as its metadata is readable: the fields may be
// zero. Unwrap returns the cause.
type ObjectError struct {
	Key             resource.Key
	UID             types.UID
	ResourceVersion string
	Err             error
}

// Nameless says that there is an object that could not be decoded, and that not even its name could be read.
func (e *ObjectError) Nameless() bool { return e != nil && e.Key.Name == "" }

func (e *ObjectError) Error() string {
	if e.Nameless() {
		return fmt.Sprintf("an unknown object: %v", e.Err)
	}
	return fmt.Sprintf("object %q: %v", e.Key, e.Err)
}

// Unwrap returns the cause.
func (e *ObjectError) Unwrap() error { return e.Err }

var hashSeed = maphash.MakeSeed()

// hash hashes an object's bytes, without those from one index to another. In JSON apiVersion and kind, which servers write first and only where
// an object stands alone, do not count.
func (e *encoded) hash(from, to int) uint64 {
	raw := e.raw
	if e.format == formatJSON {
		raw = afterKind(raw)
	}
	if from == to {
		return max(1, maphash.Bytes(hashSeed, raw))
	}
	from -= len(e.raw) - len(raw)
	to -= len(e.raw) - len(raw)
	parts := [2]uint64{maphash.Bytes(hashSeed, raw[:from]), maphash.Bytes(hashSeed, raw[to:])}
	return max(1, maphash.Comparable(hashSeed, parts))
}

// afterKind returns the rest of a JSON object behind the members kind and apiVersion at its start.
func afterKind(raw []byte) []byte {
	c := jsonCursor{b: raw, i: 1}
	for len(raw) > 0 {
		start := c.i
		name, err := c.name()
		if err != nil || string(name) != "kind" && string(name) != "apiVersion" || c.next() != '"' {
			return raw[min(start, len(raw)):]
		}
		if _, err := c.text(); err != nil || c.next() != ',' {
			return raw[start:]
		}
		c.i++
	}
	return raw
}
