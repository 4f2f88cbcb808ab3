package delta

import (
	"fmt"
	"hash/maphash"
	"maps"

	"k8s.io/apimachinery/pkg/types"

	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
)

// versions remembers which version of each object was taken last, by the hash of its key: a stamp of all that makes a version, and a trace, of which
// the next version may take over something. Two keys with one hash cost a comparison that fails, and then a needless update, but never a missed one.
//
// A map has room for up to twice its entries. So the map holds places only, and what is large lies in the places, which are as many as there are
// objects. The zero value cannot be used.
type versions struct {
	places map[uint64]int32
	stamps []uint64
	traces [][]decode.Trace // pages of tracePage places; nil: no trace in any of them
	free   []int32
}

// tracePage is how many traces are allocated together.
const tracePage = 256

// newVersions has room for n.
func newVersions(n int) versions {
	return versions{places: make(map[uint64]int32, n), stamps: make([]uint64, 0, n)}
}

func (v *versions) len() int { return len(v.places) }

// knows says whether a version is the one that was taken last.
func (v *versions) knows(hash, stamp uint64) bool {
	place, ok := v.places[hash]
	return ok && v.stamps[place] == stamp
}

// trace returns that of the version taken last, none if it left none.
func (v *versions) trace(hash uint64) decode.Trace {
	place, ok := v.places[hash]
	if !ok {
		return decode.Trace{}
	}
	return v.traceAt(place)
}

func (v *versions) traceAt(place int32) decode.Trace {
	page := int(place) / tracePage
	if page >= len(v.traces) || v.traces[page] == nil {
		return decode.Trace{}
	}
	return v.traces[page][place%tracePage]
}

// put remembers a version in the place of the one before.
func (v *versions) put(hash, stamp uint64, trace decode.Trace) {
	place, ok := v.places[hash]
	switch last := len(v.free) - 1; {
	case ok:
	case last >= 0:
		place, v.free = v.free[last], v.free[:last]
	default:
		place, v.stamps = int32(len(v.stamps)), append(v.stamps, 0)
	}
	v.places[hash], v.stamps[place] = place, stamp
	v.setTrace(place, trace)
}

// setTrace makes a page for a trace, but none for the lack of one.
func (v *versions) setTrace(place int32, trace decode.Trace) {
	page := int(place) / tracePage
	if trace.Object() == nil && (page >= len(v.traces) || v.traces[page] == nil) {
		return
	}
	for page >= len(v.traces) {
		v.traces = append(v.traces, nil)
	}
	if v.traces[page] == nil {
		v.traces[page] = make([]decode.Trace, tracePage)
	}
	v.traces[page][place%tracePage] = trace
}

// forget drops what is remembered of an object.
func (v *versions) forget(hash uint64) {
	place, ok := v.places[hash]
	if !ok {
		return
	}
	delete(v.places, hash)
	v.setTrace(place, decode.Trace{})
	v.free = append(v.free, place)
}

// check verifies the invariants.
func (v *versions) check() error {
	if have, want := len(v.stamps), len(v.places)+len(v.free); have != want {
		return fmt.Errorf("%d places for %d versions and %d free ones", have, len(v.places), len(v.free))
	}
	used := map[int32]bool{}
	for place := range maps.Values(v.places) {
		if used[place] {
			return fmt.Errorf("place %d is used twice", place)
		}
		used[place] = true
	}
	for _, place := range v.free {
		if used[place] {
			return fmt.Errorf("place %d is free twice, or used", place)
		}
		used[place] = true
		if v.traceAt(place).Object() != nil {
			return fmt.Errorf("free place %d holds an object", place)
		}
	}
	return nil
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
