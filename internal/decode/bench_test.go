package decode

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"runtime"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/randfill"

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

// A podReader decodes pods, of which there are n, and hands each to hold.
type podReader func(hold func(resource.Object), n int) error

// BenchmarkPod compares the official decoders with ours, private and sharing, which read a list from a stream. live-B is what a pod keeps in
// memory, with its part of the table.
func BenchmarkPod(b *testing.B) {
	for _, c := range []struct {
		name string
		def  *resource.Definition
		f    format
	}{{"protobuf", podDef, formatProtobuf}, {"json", podDef, formatJSON}, {"untyped", mapDef, formatJSON}, {"metadata", metaDef, formatProtobuf}} {
		b.Run(c.name, func(b *testing.B) {
			raws := encodedPods(b, c.f, 40, false)
			b.Run("official", func(b *testing.B) {
				runPods(b, raws, func() podReader { return theirs(b, c.def, c.f, raws) })
			})
			b.Run("private", func(b *testing.B) {
				runPods(b, raws, func() podReader { return ours(b, For(c.def), c.f, raws) })
			})
			for _, population := range []struct {
				name     string
				replicas int
				shuffled bool
			}{{"shared/40", 40, false}, {"shared/4", 4, false}, {"shared/1", 1, false}, {"shared/40-shuffled", 40, true}} {
				b.Run(population.name, func(b *testing.B) {
					raws := encodedPods(b, c.f, population.replicas, population.shuffled)
					runPods(b, raws, func() podReader { return ours(b, For(c.def, Shared(NewTable(0))), c.f, raws) })
				})
			}
		})
	}
}

// BenchmarkShare is the price of sharing by structure, of pods that another decoder has read.
func BenchmarkShare(b *testing.B) {
	for _, def := range []*resource.Definition{podDef, mapDef} {
		b.Run(def.GoType().Name(), func(b *testing.B) {
			raws := encodedPods(b, formatJSON, 40, false)
			table := NewTable(0)
			objects := make([]resource.Object, len(raws))
			b.ReportAllocs()
			b.ResetTimer()
			var used time.Duration
			for i := 0; i < b.N; i += len(raws) {
				b.StopTimer()
				for j := range raws {
					objects[j], _ = official(b, def, formatJSON, raws[j])
				}
				runtime.GC()
				b.StartTimer()
				started := cpuTime()
				for _, o := range objects[:min(len(raws), b.N-i)] {
					table.Share(o)
				}
				used += cpuTime() - started
			}
			b.ReportMetric(float64(used.Nanoseconds())/float64(b.N), "cpu-ns/op")
		})
	}
}

// BenchmarkCompile is what the first decoder of a type costs.
func BenchmarkCompile(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		plans.Clear()
		For(podDef)
	}
}

// BenchmarkEvent decodes a watch stream in which pods change only in their status, without and with their last versions at hand.
func BenchmarkEvent(b *testing.B) {
	for _, c := range []struct {
		name string
		def  *resource.Definition
		f    format
	}{{"protobuf", podDef, formatProtobuf}, {"json", podDef, formatJSON}, {"untyped", mapDef, formatJSON}} {
		stream := stormOf(b, c.f)
		b.Run(c.name, func(b *testing.B) { runEvents(b, For(c.def, Shared(NewTable(0))), c.f, stream, nil) })
		b.Run(c.name+"/traced", func(b *testing.B) {
			last := map[resource.Key]Trace{}
			d := For(c.def, Shared(NewTable(0)), Previous(func(key resource.Key) Trace { return last[key] }))
			runEvents(b, d, c.f, stream, last)
		})
	}
}

// stormOf is a watch stream with two updates of each pod.
func stormOf(b *testing.B, f format) (stream []byte) {
	pods := productionPods(benchPods, 40)
	for i := range 2 * benchPods {
		pod := pods[i%benchPods]
		pod.ResourceVersion = fmt.Sprint(10_000_000 + i)
		pod.Status.Conditions[2].Reason = fmt.Sprint("update ", i)
		body := sealRaw(b, podDef, f, bytesOf(b, f, pod))
		if f == formatJSON {
			stream = append(append(append(stream, `{"type":"MODIFIED","object":`...), body...), "}\n"...)
		} else {
			stream = append(stream, frameOf(b, watch.Modified, body)...)
		}
	}
	return stream
}

// runEvents decodes the stream again and again, and keeps the last trace of each object if it is given a place for it.
func runEvents(b *testing.B, d *Decoder, f format, stream []byte, last map[resource.Key]Trace) {
	events := d.Events(mediaTypeOf(f), bytes.NewReader(stream))
	next := func() {
		event, err := events.Next()
		if err == io.EOF {
			events = d.Events(mediaTypeOf(f), bytes.NewReader(stream))
			event, err = events.Next()
		}
		if err != nil || event.Err != nil {
			b.Fatal(err, event.Err)
		}
		if last != nil {
			last[resource.KeyOf(event.Object)] = event.Trace
		}
	}
	for range benchPods {
		next()
	}
	b.ReportAllocs()
	started := cpuTime()
	for b.Loop() {
		next()
	}
	b.ReportMetric(float64((cpuTime()-started).Nanoseconds())/float64(b.N), "cpu-ns/op")
}

// BenchmarkRandom has pods in which nothing repeats: what sharing costs where it cannot help.
func BenchmarkRandom(b *testing.B) {
	for _, f := range []format{formatProtobuf, formatJSON} {
		filler := newFiller(3)
		filler.Funcs(func(s *string, c randfill.Continue) { *s = fmt.Sprintf("%x-%x", c.Uint64(), c.Uint64()) })
		var raws [][]byte
		for range 200 {
			raws = append(raws, bytesOf(b, f, randomObject(podDef, filler)))
		}
		b.Run(mediaTypeOf(f)+"/official", func(b *testing.B) { runPods(b, raws, func() podReader { return theirs(b, podDef, f, raws) }) })
		b.Run(mediaTypeOf(f)+"/private", func(b *testing.B) { runPods(b, raws, func() podReader { return ours(b, For(podDef), f, raws) }) })
		b.Run(mediaTypeOf(f)+"/shared", func(b *testing.B) {
			runPods(b, raws, func() podReader { return ours(b, For(podDef, Shared(NewTable(0))), f, raws) })
		})
	}
}

func theirs(b *testing.B, def *resource.Definition, f format, raws [][]byte) podReader {
	return func(hold func(resource.Object), n int) error {
		for _, raw := range raws[:n] {
			o, err := official(b, def, f, raw)
			if err != nil {
				return err
			}
			hold(o)
		}
		return nil
	}
}

func ours(b *testing.B, d *Decoder, f format, raws [][]byte) podReader {
	body := sealList(b, d.def, f, raws)
	return func(hold func(resource.Object), n int) error {
		stop := errors.New("enough")
		_, err := d.List(mediaTypeOf(f), bytes.NewReader(body), nil, func(item Item) error {
			if item.Err != nil {
				return item.Err
			}
			hold(item.Object)
			if n--; n == 0 {
				return stop
			}
			return nil
		})
		if err == stop {
			return nil
		}
		return err
	}
}

func runPods(b *testing.B, raws [][]byte, start func() podReader) {
	var before, after runtime.MemStats
	var live uint64
	var used time.Duration
	size := 0
	for _, raw := range raws {
		size += len(raw)
	}
	b.SetBytes(int64(size / len(raws)))
	b.ReportAllocs()
	b.ResetTimer()
	for done := 0; done < b.N; done += len(raws) {
		b.StopTimer()
		held := make([]resource.Object, 0, len(raws))
		read := start()
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&before)
		started := cpuTime()
		b.StartTimer()
		n := min(len(raws), b.N-done)
		if err := read(func(o resource.Object) { held = append(held, o) }, n); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		used += cpuTime() - started
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&after)
		live = (after.HeapAlloc - before.HeapAlloc) / uint64(n)
		runtime.KeepAlive(held)
		runtime.KeepAlive(read)
		b.StartTimer()
	}
	b.ReportMetric(float64(live), "live-B")
	b.ReportMetric(float64(used.Nanoseconds())/float64(b.N), "cpu-ns/op")
}

// BenchmarkScan finds the end and the brackets of a pod in JSON.
func BenchmarkScan(b *testing.B) {
	raw := bytesOf(b, formatJSON, productionPods(1, 1)[0])
	var scan scanner
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		scan.reset()
		scan.feed(raw)
	}
}
