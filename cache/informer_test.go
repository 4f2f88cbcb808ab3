package cache

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"

	"github.com/sheaf-dev/sheaf/cache/internal/served"
	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
)

// run starts an informer of a collection in a bubble of fake time, and returns it with a function that stops it and waits.
func run(t testing.TB, c reflector.ListerWatcher, opts Options) (*SharedIndexInformer, func()) {
	t.Helper()
	i := New(corev1.ConfigMaps.Definition(), c, opts)
	return i, start(t, i)
}

func start(t testing.TB, i *SharedIndexInformer) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(klog.NewContext(t.Context(), klog.New(nil)))
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := i.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

func add(t testing.TB, i *SharedIndexInformer, h EventHandler, opts HandlerOptions) *Registration {
	t.Helper()
	r, err := i.AddEventHandler(h, opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// same fails the test if the informer's store and the collection differ.
func same(t testing.TB, i *SharedIndexInformer, c interface{ Objects() []*v1.ConfigMap }) {
	t.Helper()
	want := c.Objects()
	snapshot := i.Reader().Snapshot()
	if snapshot.Len() != len(want) {
		t.Errorf("the store has %d objects, the collection %d", snapshot.Len(), len(want))
	}
	for _, o := range want {
		have, ok := snapshot.Get(resource.KeyOf(o))
		if !ok || have.GetUID() != o.UID || have.GetResourceVersion() != o.ResourceVersion {
			t.Errorf("the store has %v, the collection %v", have, o)
		}
	}
}

func TestHandlersAreToldWhatHappensInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		c.Set("a", "1", "x")
		c.Set("a", "2", "x")
		h := newRecorder()
		i := New(corev1.ConfigMaps.Definition(), c, Options{})
		add(t, i, h, HandlerOptions{})
		defer start(t, i)()
		synctest.Wait()
		c.Set("a", "1", "y")
		c.Set("b", "3", "z")
		c.Delete("a", "2")
		synctest.Wait()
		want := []string{"add a/1=x initial", "add a/2=x initial", "update a/1=y", "add b/3=z", "delete a/2=x"}
		got := h.log()
		slices.Sort(got[:2]) // the initial state has no order
		if !slices.Equal(got, want) {
			t.Errorf("have %q\nwant %q", got, want)
		}
		same(t, i, c)
		h.check(t, c.Objects())
	})
}

func TestALateHandlerFirstHearsOfWhatIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		c.Set("a", "1", "x")
		i, stop := run(t, c, Options{})
		defer stop()
		synctest.Wait()
		c.Set("a", "2", "x")
		synctest.Wait()
		h := newRecorder()
		r := add(t, i, h, HandlerOptions{})
		c.Set("a", "3", "x")
		synctest.Wait()
		got := h.log()
		slices.Sort(got[:2])
		if want := []string{"add a/1=x initial", "add a/2=x initial", "add a/3=x"}; !slices.Equal(got, want) {
			t.Errorf("have %q\nwant %q", got, want)
		}
		if !r.HasSynced() {
			t.Error("the handler has not synced")
		}
	})
}

func TestAConnectionThatIsCutResumesWithoutAList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		c.Set("a", "1", "x")
		h := newRecorder()
		i := New(corev1.ConfigMaps.Definition(), c, Options{})
		add(t, i, h, HandlerOptions{})
		defer start(t, i)()
		synctest.Wait()
		last := c.Set("a", "1", "y")
		synctest.Wait()
		c.CutConnections()
		c.Set("a", "1", "z")
		time.Sleep(time.Minute)
		same(t, i, c)
		h.check(t, c.Objects())
		lists, watches := c.Asked("list"), c.Asked("watch")
		if len(lists) != 0 || len(watches) != 2 || watches[1].ResourceVersion != last {
			t.Errorf("lists %v, watches %v", lists, watches)
		}
	})
}

func TestAnInformerRunsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i, stop := run(t, served.New(t), Options{})
		synctest.Wait()
		if err := i.Run(t.Context()); !errors.Is(err, ErrStarted) {
			t.Errorf("the second run: %v", err)
		}
		stop()
		if _, err := i.AddEventHandler(newRecorder(), HandlerOptions{}); !errors.Is(err, ErrStopped) {
			t.Errorf("a handler for a stopped informer: %v", err)
		}
	})
}

func TestScopesThatOverlapAreAnError(t *testing.T) {
	g := newGenerator(1)
	for _, scopes := range [][]Scope{{{"a", g}, {"b", g}, {"a", g}}, {{"a", g}, {"", g}}} {
		i := New(corev1.ConfigMaps.Definition(), nil, Options{Scopes: scopes})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := i.Run(ctx); err == nil {
			t.Errorf("%v: no error", scopes)
		}
	}
}

// A handler of an informer that cannot run would wait for ever.
func TestAnInformerThatCannotRunTakesNoHandler(t *testing.T) {
	i := New(corev1.ConfigMaps.Definition(), newGenerator(0), Options{Drop: []string{"dat"}})
	_, added := i.AddEventHandler(newRecorder(), HandlerOptions{})
	ran := i.Run(t.Context())
	for _, err := range []error{added, ran} {
		if err == nil || !strings.Contains(err.Error(), "dat") {
			t.Errorf("got %v", err)
		}
	}
}
