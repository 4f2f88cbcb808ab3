package delta

import (
	"hash/maphash"

	"k8s.io/apimachinery/pkg/types"

	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
)

// versions remembers which version of each object was taken last, in 16 bytes an object: hash of the key → hash of all that makes a
// version. Two keys with one hash cost a comparison that fails, and then a needless update, but never a missed one.
type versions map[uint64]uint64

// traces holds, by the hash of the key, what the next version of an object may take over from the one taken last. Where that left no trace there is
// no entry.
type traces map[uint64]decode.Trace

func (t traces) put(hash uint64, trace decode.Trace) {
	if trace.Object() != nil {
		t[hash] = trace
	}
}

var seed = maphash.MakeSeed()

func hashKey(key resource.Key) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	h.WriteString(key.Namespace)
	h.WriteByte(0)
	h.WriteString(key.Name)
	return h.Sum64()
}

// stamp identifies one version of one object. The version alone is not enough: a server that was restored from a backup gives out
// its versions a second time, hence the hash of the bytes.
func stamp(key resource.Key, uid types.UID, version string, bytes uint64) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	h.WriteString(key.Namespace)
	h.WriteByte(0)
	h.WriteString(key.Name)
	h.WriteByte(0)
	h.WriteString(string(uid))
	h.WriteByte(0)
	h.WriteString(version)
	return h.Sum64() ^ bytes
}
