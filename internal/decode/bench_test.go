package decode

import (
	"math/rand"
	"runtime"
	"testing"
	"time"

	"github.com/sheaf-dev/sheaf/resource"
)

// benchPods is how many pods are decoded and held at a time; what an iteration reports is a pod's share.
const benchPods = 4000

func encodedPods(b *testing.B, f format, replicas int, shuffled bool) [][]byte {
	var raws [][]byte
	for _, pod := range productionPods(benchPods, replicas) {
		raws = append(raws, bytesOf(b, f, pod))
	}
	if shuffled {
		rand.New(rand.NewSource(1)).Shuffle(len(raws), func(i, j int) { raws[i], raws[j] = raws[j], raws[i] })
	}
	return raws
}

// BenchmarkPod compares the official decoders with ours, private and sharing. live-B is what a pod keeps in memory, with its part of the
// table.
func BenchmarkPod(b *testing.B) {
	type decodeFunc = func(raw []byte) (resource.Object, error)
	ours := func(def *resource.Definition, f format, opts ...Option) func() decodeFunc {
		return func() decodeFunc {
			d := For(def, opts...)
			return func(raw []byte) (resource.Object, error) { return d.decode(f, raw, nil) }
		}
	}
	sharing := func(def *resource.Definition, f format) func() decodeFunc {
		return func() decodeFunc { return ours(def, f, Shared(NewTable(0)))() }
	}
	theirs := func(def *resource.Definition, f format) func() decodeFunc {
		return func() decodeFunc {
			return func(raw []byte) (resource.Object, error) { return official(b, def, f, raw) }
		}
	}
	for _, c := range []struct {
		name string
		def  *resource.Definition
		f    format
	}{{"protobuf", podDef, formatProtobuf}, {"json", podDef, formatJSON}, {"untyped", mapDef, formatJSON}, {"metadata", metaDef, formatProtobuf}} {
		b.Run(c.name, func(b *testing.B) {
			raws := encodedPods(b, c.f, 40, false)
			b.Run("official", func(b *testing.B) { runPods(b, raws, theirs(c.def, c.f)) })
			b.Run("private", func(b *testing.B) { runPods(b, raws, ours(c.def, c.f)) })
			b.Run("shared/40", func(b *testing.B) { runPods(b, raws, sharing(c.def, c.f)) })
			b.Run("shared/4", func(b *testing.B) { runPods(b, encodedPods(b, c.f, 4, false), sharing(c.def, c.f)) })
			b.Run("shared/1", func(b *testing.B) { runPods(b, encodedPods(b, c.f, 1, false), sharing(c.def, c.f)) })
			b.Run("shared/40-shuffled", func(b *testing.B) { runPods(b, encodedPods(b, c.f, 40, true), sharing(c.def, c.f)) })
		})
	}
}

func runPods(b *testing.B, raws [][]byte, start func() func([]byte) (resource.Object, error)) {
	var before, after runtime.MemStats
	var live uint64
	var used time.Duration
	bytes := 0
	for _, raw := range raws {
		bytes += len(raw)
	}
	b.SetBytes(int64(bytes / len(raws)))
	b.ReportAllocs()
	b.ResetTimer()
	for done := 0; done < b.N; done += len(raws) {
		b.StopTimer()
		held := make([]resource.Object, len(raws))
		decode := start()
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&before)
		started := cpuTime()
		b.StartTimer()
		n := min(len(raws), b.N-done)
		for i, raw := range raws[:n] {
			o, err := decode(raw)
			if err != nil {
				b.Fatal(err)
			}
			held[i] = o
		}
		b.StopTimer()
		used += cpuTime() - started
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&after)
		live = (after.HeapAlloc - before.HeapAlloc) / uint64(n)
		runtime.KeepAlive(held)
		runtime.KeepAlive(decode)
		b.StartTimer()
	}
	b.ReportMetric(float64(live), "live-B")
	b.ReportMetric(float64(used.Nanoseconds())/float64(b.N), "cpu-ns/op")
}
