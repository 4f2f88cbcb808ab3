package store

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/sheaf-dev/sheaf/resource"
)

// A fleet is a store of pod-like objects: seven labels, 40 replicas a deployment, 100 objects a namespace, 7 a node.
type fleet struct {
	size    int
	order   []int // a random order of all objects
	objects []resource.Object
	writer  *Writer
	reader  *Reader
	next    int

	namespaces, nodes []string // in the random order
}

func newFleet(b *testing.B, size int) *fleet {
	f := &fleet{size: size, order: rand.New(rand.NewPCG(1, 1)).Perm(size)}
	f.writer, f.reader = New(Options{Indexers: map[string]IndexFunc{"node": byAnnotation("node")}})
	changes := make([]Change, size)
	for i := range size {
		changes[i] = put(f.object(i))
		f.objects = append(f.objects, changes[i].Object)
	}
	f.writer.Replace(changes, "1")
	for _, i := range f.order {
		f.namespaces, f.nodes = append(f.namespaces, f.namespace(i)), append(f.nodes, f.node(i))
	}
	b.ReportAllocs()
	return f
}

func (f *fleet) key(i int) resource.Key {
	return resource.Key{Namespace: f.namespace(i), Name: fmt.Sprintf("app-%d-%08x-%05d", i/40, i/40*7919, i)}
}

func (f *fleet) namespace(i int) string { return "namespace-" + strconv.Itoa(i/100) }

func (f *fleet) node(i int) string { return "node-" + strconv.Itoa(i*7919%(f.size/7)) }

func (f *fleet) app(i int) string { return "app-" + strconv.Itoa(i/40) }

// object makes a new object whose strings are its own, as those of a decoded one are.
func (f *fleet) object(i int) resource.Object {
	key := f.key(i)
	all := map[string]string{}
	for _, label := range [][2]string{
		{"app.kubernetes.io/name", f.app(i)}, {"app.kubernetes.io/instance", f.app(i) + "-prod"}, {"app.kubernetes.io/version", "v1." + strconv.Itoa(i/40%30)},
		{"pod-template-hash", fmt.Sprintf("%08x", i/40*7919)}, {"team", "team-" + strconv.Itoa(i/40%20)}, {"tier", "backend"}, {"managed-by", "helm"},
	} {
		all[strings.Clone(label[0])] = strings.Clone(label[1])
	}
	return annotated(object(key.Namespace, key.Name, all), map[string]string{"node": f.node(i)})
}

// pick returns the number of an object, another one each time.
func (f *fleet) pick() int {
	f.next++
	return f.order[f.next%f.size]
}

func forSizes(b *testing.B, run func(b *testing.B, f *fleet)) {
	for _, size := range []int{20_000, 200_000} {
		b.Run(fmt.Sprintf("objects=%d", size), func(b *testing.B) { run(b, newFleet(b, size)) })
	}
}

func BenchmarkGet(b *testing.B) {
	forSizes(b, func(b *testing.B, f *fleet) {
		keys := make([]resource.Key, f.size)
		for i := range keys {
			keys[i] = f.key(f.order[i])
		}
		for i := 0; b.Loop(); i++ {
			if _, found := f.reader.Get(keys[i%len(keys)]); !found {
				b.Fatal("not found")
			}
		}
	})
}

func BenchmarkByIndex(b *testing.B) {
	forSizes(b, func(b *testing.B, f *fleet) {
		for b.Loop() {
			if found, err := f.reader.ByIndex("node", f.nodes[f.pick()]); err != nil || len(found) < 7 {
				b.Fatal(len(found), err)
			}
		}
	})
}

func BenchmarkListOneNamespace(b *testing.B) {
	forSizes(b, func(b *testing.B, f *fleet) {
		for b.Loop() {
			if found := f.reader.List(nil, f.namespaces[f.pick()]); len(found) != 100 {
				b.Fatal(len(found))
			}
		}
	})
}

func BenchmarkIterateOneNamespace(b *testing.B) {
	forSizes(b, func(b *testing.B, f *fleet) {
		for b.Loop() {
			count := 0
			for o := range f.reader.Namespace(f.namespaces[f.pick()]) {
				if o != nil {
					count++
				}
			}
			if count != 100 {
				b.Fatal(count)
			}
		}
	})
}

func BenchmarkListByLabel(b *testing.B) {
	forSizes(b, func(b *testing.B, f *fleet) {
		selectors := make([]labels.Selector, f.size/40)
		for i := range selectors {
			selectors[i] = labels.SelectorFromSet(labels.Set{"app.kubernetes.io/name": f.app(i * 40)})
		}
		for b.Loop() {
			if found := f.reader.List(selectors[f.pick()/40], ""); len(found) != 40 {
				b.Fatal(len(found))
			}
		}
	})
}

func BenchmarkIterateAll(b *testing.B) {
	forSizes(b, func(b *testing.B, f *fleet) {
		for b.Loop() {
			count := 0
			for o := range f.reader.All() {
				if o != nil {
					count++
				}
			}
			if count != f.size {
				b.Fatal(count)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*f.size), "ns/object")
	})
}

// benchmarkBatches measures a change in batches; prepare makes a change, which is not measured.
func benchmarkBatches(b *testing.B, prepare func(f *fleet) Change, after func(f *fleet, batch []Change)) {
	forSizes(b, func(b *testing.B, f *fleet) {
		for _, size := range []int{1, 10, 100} {
			b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
				batch := make([]Change, size)
				var spent time.Duration
				for b.Loop() {
					for i := range batch {
						batch[i] = prepare(f)
					}
					start := time.Now()
					f.writer.Apply(batch, "2")
					spent += time.Since(start)
					after(f, batch)
				}
				b.ReportMetric(float64(spent.Nanoseconds())/float64(b.N*size), "ns/change")
			})
		}
	})
}

func BenchmarkUpdate(b *testing.B) {
	benchmarkBatches(b, func(f *fleet) Change { return put(f.object(f.pick())) }, func(*fleet, []Change) {})
}

func BenchmarkUpdateOfALabel(b *testing.B) {
	benchmarkBatches(b, func(f *fleet) Change {
		o := f.object(f.pick())
		o.GetLabels()["tier"] = "tier-" + strconv.Itoa(f.next/f.size)
		return put(o)
	}, func(*fleet, []Change) {})
}

func BenchmarkAdd(b *testing.B) {
	benchmarkBatches(b, func(f *fleet) Change {
		f.next++
		o := f.object(f.order[f.next%f.size])
		o.SetName(o.GetName() + "-" + strconv.Itoa(f.next))
		return put(o)
	}, func(f *fleet, batch []Change) { f.writer.Apply(deletions(batch), "3") })
}

func BenchmarkDelete(b *testing.B) {
	benchmarkBatches(b, func(f *fleet) Change { return drop(f.objects[f.pick()]) }, func(f *fleet, batch []Change) {
		for i := range batch {
			batch[i] = put(f.objects[f.order[(f.next-i+f.size)%f.size]])
		}
		f.writer.Apply(batch, "3")
	})
}

func deletions(batch []Change) []Change {
	deletes := slices.Clone(batch)
	for i := range deletes {
		deletes[i] = Change{Op: Delete, Key: deletes[i].Key}
	}
	return deletes
}

func BenchmarkReplaceByTheSame(b *testing.B) {
	forSizes(b, func(b *testing.B, f *fleet) {
		changes := make([]Change, f.size)
		for i, o := range f.objects {
			changes[i] = Change{Op: Keep, Key: resource.KeyOf(o)}
		}
		for b.Loop() {
			f.writer.Replace(changes, "4")
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*f.size), "ns/object")
	})
}
