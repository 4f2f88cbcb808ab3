package cache

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/klog/v2"

	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
)

// generator is a source of as many updates as are asked for, of objects made beforehand, so that a benchmark measures the
// informer and not the source.
type generator struct {
	objects int
	values  [2][]*v1.ConfigMap // each object in two versions
	version atomic.Int64
	updates chan int // how many updates to send
	fill    func(o *v1.ConfigMap, n int)
}

func newGenerator(objects int) *generator {
	g := &generator{objects: objects, updates: make(chan int, 1)}
	for n := range objects {
		for side := range g.values {
			g.values[side] = append(g.values[side], g.object(n, 2+side))
		}
	}
	g.version.Store(10)
	return g
}

func (g *generator) object(n, version int) *v1.ConfigMap {
	return &v1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
		Namespace: fmt.Sprint("ns", n%10), Name: fmt.Sprint("object", n), UID: types.UID(fmt.Sprint("uid", n)), ResourceVersion: strconv.Itoa(version),
	}}
}

func (g *generator) List(_ context.Context, _ metav1.ListOptions, yield func(decode.Item) error) (metav1.ListMeta, error) {
	for n, o := range g.values[0] {
		if g.fill != nil {
			o = g.object(n, 2)
			g.fill(o, n)
		}
		if err := yield(decode.Item{Object: o, Size: 1000, Hash: uint64(n + 1)}); err != nil {
			return metav1.ListMeta{}, err
		}
	}
	return metav1.ListMeta{ResourceVersion: "9"}, nil
}

func (g *generator) Watch(ctx context.Context, _ metav1.ListOptions) (reflector.Watcher, error) {
	return &generated{g: g, ctx: ctx}, nil
}

func (g *generator) StreamsInitialState() bool { return false }

type generated struct {
	g    *generator
	ctx  context.Context
	left int
	sent int
}

func (w *generated) Next() (decode.Event, error) {
	if w.left == 0 {
		select {
		case w.left = <-w.g.updates:
		case <-w.ctx.Done():
			return decode.Event{}, io.EOF
		}
	}
	w.left--
	o := w.g.values[(1+w.sent/w.g.objects)%2][w.sent%w.g.objects]
	if w.g.fill != nil {
		o = w.g.object(w.sent%w.g.objects, w.sent+10)
		w.g.fill(o, w.sent)
	}
	w.sent++
	return decode.Event{Type: watch.Modified, Object: o, ResourceVersion: o.ResourceVersion, Size: 1000, Hash: uint64(w.sent + 1_000_000)}, nil
}

func (w *generated) Close() {}

// counting is a handler that does nothing but count.
type counting struct {
	calls  int
	target int
	done   chan struct{}
}

func (h *counting) OnAdd(resource.Object, bool) {}
func (h *counting) OnUpdate(_, _ resource.Object, _ bool) {
	if h.calls++; h.calls == h.target {
		close(h.done)
	}
}
func (h *counting) OnDelete(resource.Object, bool) {}

// startGenerated runs an informer of a generator, with counting handlers, until the benchmark ends.
func startGenerated(b *testing.B, g *generator, handlers int, target int, opts Options) []*counting {
	i := New(corev1.ConfigMaps.Definition(), g, opts)
	ctx, cancel := context.WithCancel(klog.NewContext(b.Context(), klog.New(nil)))
	var running sync.WaitGroup
	var all []*counting
	for range handlers {
		h := &counting{target: target, done: make(chan struct{})}
		add(b, i, h, HandlerOptions{})
		all = append(all, h)
	}
	running.Go(func() {
		if err := i.Run(ctx); err != nil {
			b.Error(err)
		}
	})
	b.Cleanup(func() {
		cancel()
		running.Wait()
	})
	<-i.Synced()
	return all
}

// BenchmarkUpdate is one update from the watch to the last handler.
func BenchmarkUpdate(b *testing.B) {
	for _, handlers := range []int{0, 1, 8, 64} {
		b.Run(fmt.Sprintf("handlers=%d", handlers), func(b *testing.B) {
			g := newGenerator(10_000)
			// All events are delivered, however slow the machine: it is the delivery that is measured.
			all := startGenerated(b, g, max(handlers, 1), b.N, Options{JournalBytes: 1 << 40})
			b.ReportAllocs()
			b.ResetTimer()
			g.updates <- b.N
			for _, h := range all {
				<-h.done
			}
		})
	}
}

// BenchmarkUpdateBesideAStuckHandler is one update from the watch to one handler, and into the backlog of another one that does not return.
func BenchmarkUpdateBesideAStuckHandler(b *testing.B) {
	g := newGenerator(10_000)
	i := New(corev1.ConfigMaps.Definition(), g, Options{})
	release := make(chan struct{})
	h := &counting{target: b.N, done: make(chan struct{})}
	add(b, i, stuck{release}, HandlerOptions{Coalesce: true})
	add(b, i, h, HandlerOptions{})
	ctx, cancel := context.WithCancel(klog.NewContext(b.Context(), klog.New(nil)))
	var running sync.WaitGroup
	running.Go(func() {
		if err := i.Run(ctx); err != nil {
			b.Error(err)
		}
	})
	<-i.Synced()
	b.ReportAllocs()
	b.ResetTimer()
	g.updates <- b.N
	<-h.done
	b.StopTimer()
	close(release)
	cancel()
	running.Wait()
}

// BenchmarkAddEventHandler is a late handler of 10,000 objects, until it has synced.
func BenchmarkAddEventHandler(b *testing.B) {
	g := newGenerator(10_000)
	i := New(corev1.ConfigMaps.Definition(), g, Options{})
	ctx, cancel := context.WithCancel(klog.NewContext(b.Context(), klog.New(nil)))
	var running sync.WaitGroup
	running.Go(func() {
		if err := i.Run(ctx); err != nil {
			b.Error(err)
		}
	})
	<-i.Synced()
	b.ReportAllocs()
	for b.Loop() {
		r := add(b, i, &counting{}, HandlerOptions{})
		<-r.Synced()
		r.Remove()
	}
	cancel()
	running.Wait()
}

// BenchmarkStatus is one look at an informer with ten handlers.
func BenchmarkStatus(b *testing.B) {
	g := newGenerator(1000)
	i := New(corev1.ConfigMaps.Definition(), g, Options{})
	for range 10 {
		add(b, i, &counting{}, HandlerOptions{})
	}
	b.ReportAllocs()
	for b.Loop() {
		if s := i.Status(); len(s.Handlers) != 10 {
			b.Fatal(s)
		}
	}
}
