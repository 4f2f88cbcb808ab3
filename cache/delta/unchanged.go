package delta

import (
	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
)

// Unchanged says whether a version of an object is the one that was taken last, from its identity alone: the object need not be decoded. It may
// be called from any goroutine.
func (in *Intake) Unchanged(id decode.Identity) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.known.knows(hashKey(id.Key), stamp(id.Key, id.UID, id.ResourceVersion, id.Hash))
}

// Last returns the trace of the version of an object that was taken last, for decode.Previous. It may be called from any goroutine.
func (in *Intake) Last(key resource.Key) decode.Trace {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.known.trace(hashKey(key))
}
