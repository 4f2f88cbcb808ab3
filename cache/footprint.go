package cache

import (
	"math"
	"reflect"
	"time"

	"github.com/sheaf-dev/sheaf/cache/store"
	"github.com/sheaf-dev/sheaf/resource"
)

// footprint estimates how much memory objects take, from their sizes on the wire and a sample of objects that are measured. It
// belongs to the goroutine that commits.
type footprint struct {
	seen, sampled int
	wire, memory  int64 // of the sample
}

// The sample: the first objects, and then some.
const (
	sampleFirst = 32
	sampleEvery = 256
	// guessedSize is what an object of unknown size counts while nothing has been measured.
	guessedSize = 4 << 10
)

// of returns the memory that an object of a size on the wire takes, in bytes.
func (f *footprint) of(o resource.Object, wire int) int32 {
	if wire <= 0 {
		if f.sampled > 0 {
			return int32(min(math.MaxInt32, f.memory/int64(f.sampled)))
		}
		return guessedSize
	}
	if f.seen < sampleFirst || f.seen%sampleEvery == 0 {
		if f.wire > 1<<40 {
			f.wire, f.memory, f.sampled = f.wire/2, f.memory/2, f.sampled/2
		}
		f.sampled++
		f.wire += int64(wire)
		f.memory += int64(memoryOf(o))
	}
	f.seen++
	return int32(min(math.MaxInt32, float64(wire)*float64(f.memory)/float64(f.wire)))
}

// memoryOf measures an object with all it points to. What several objects share counts for each.
func memoryOf(o resource.Object) int {
	if packed := store.PackedBytes(o); packed > 0 {
		return packed
	}
	v := reflect.ValueOf(o)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return 0
	}
	return int(v.Type().Elem().Size()) + beyond(v.Elem(), 0)
}

// maxDepth ends the walk of values that contain themselves.
const maxDepth = 64

// locationType is what the times of a process share: it is not the object's own, and package time fills it in when it is first needed.
var locationType = reflect.TypeFor[*time.Location]()

// beyond measures what a value points to.
func beyond(v reflect.Value, depth int) int {
	if depth > maxDepth {
		return 0
	}
	switch v.Kind() {
	case reflect.String:
		return v.Len()
	case reflect.Pointer:
		if v.IsNil() || v.Type() == locationType {
			return 0
		}
		return int(v.Type().Elem().Size()) + beyond(v.Elem(), depth+1)
	case reflect.Interface:
		if v.IsNil() {
			return 0
		}
		return int(v.Elem().Type().Size()) + beyond(v.Elem(), depth+1)
	case reflect.Slice:
		size := v.Cap() * int(v.Type().Elem().Size())
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return size
		}
		for i := range v.Len() {
			size += beyond(v.Index(i), depth+1)
		}
		return size
	case reflect.Array:
		size := 0
		for i := range v.Len() {
			size += beyond(v.Index(i), depth+1)
		}
		return size
	case reflect.Struct:
		size := 0
		for i := range v.NumField() {
			size += beyond(v.Field(i), depth+1)
		}
		return size
	case reflect.Map:
		return mapMemory(v, depth)
	}
	return 0
}

// mapMemory counts a map's slots as one seventh unused, which is what Go's maps come to at the least.
func mapMemory(v reflect.Value, depth int) int {
	if v.IsNil() {
		return 0
	}
	slot := int(v.Type().Key().Size() + v.Type().Elem().Size())
	size := 48 + (v.Len()+7)/8*8*(slot+1)
	for it := v.MapRange(); it.Next(); {
		size += beyond(it.Key(), depth+1) + beyond(it.Value(), depth+1)
	}
	return size
}

// estimateFrom is how many objects MemoryEstimate measures.
const estimateFrom = 64

// MemoryEstimate returns about how many bytes the objects take, and what the store itself takes for keys and indexes. It measures some
// objects and looks at every index value, so it is for status pages and metrics, not for hot paths. What objects share counts for
// each of them.
func (i *SharedIndexInformer) MemoryEstimate() (objects, store int64) {
	snapshot := i.reader.Snapshot()
	var measured, bytes int64
	for o := range snapshot.All() {
		if measured == estimateFrom {
			break
		}
		measured++
		bytes += int64(memoryOf(o))
	}
	if measured > 0 {
		objects = bytes * int64(snapshot.Len()) / measured
	}
	return objects, snapshot.MemoryEstimate()
}
