package informers_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
)

var viewSeed = flag.Uint64("view.seed", 0, "the one random program of writes to run (0: all)")

// TestAnyProgramOfWritesIsSeenInTheView runs random programs of writes through a view's client, of changes of others, of slow and broken
// watches, of responses that come after their events, and of relists. After each step the view must be the snapshot plus my writes, in
// all its answers; in the end it must be the server's state, with nothing left behind. -view.seed repeats a program.
func TestAnyProgramOfWritesIsSeenInTheView(t *testing.T) {
	const seeds = defaultSeeds / 20
	for seed := uint64(1); seed <= seeds && !t.Failed(); seed++ {
		if *viewSeed == 0 || seed == *viewSeed {
			synctest.Test(t, func(t *testing.T) { runWrites(t, seed) })
		}
	}
	if *viewSeed > seeds {
		synctest.Test(t, func(t *testing.T) { runWrites(t, *viewSeed) })
	}
}

// writer is a random program that writes.
type writer struct {
	*rand.Rand
	t        *testing.T
	seed     uint64
	server   *apitest.Server
	objects  apitest.Objects[*v1.ConfigMap]
	informer informers.Informer[*v1.ConfigMap]
	view     informers.ReadView[*v1.ConfigMap]
	client   informers.Writes[*v1.ConfigMap]
	applier  typed.Client[*v1.ConfigMap]
	faults   []*apitest.Injected
	value    int

	// The model: the newest thing that I have written to each name, and the UIDs that I have deleted.
	mine    map[string]*v1.ConfigMap
	deleted map[types.UID]bool
}

func runWrites(t *testing.T, seed uint64) {
	server, client := inMemory(t)
	w := &writer{
		Rand: rand.New(rand.NewPCG(seed, 7)), t: t, seed: seed, server: server, objects: apitest.In(server, corev1.ConfigMaps),
		mine: map[string]*v1.ConfigMap{}, deleted: map[types.UID]bool{},
	}
	for n := range 3 {
		put(t, server, "a", fmt.Sprint(n), "first")
	}
	f := informers.NewSharedInformerFactory(client, informers.Options{})
	w.informer = informers.For(f, corev1.ConfigMaps)
	if err := w.informer.AddIndexers(map[string]func(*v1.ConfigMap) ([]string, error){
		"value": func(o *v1.ConfigMap) ([]string, error) { return []string{o.Data["value"]}, nil },
	}); err != nil {
		t.Fatal(err)
	}
	view, err := informers.NewReadView(w.informer)
	if err != nil {
		t.Fatal(err)
	}
	w.applier = typed.For(client, corev1.ConfigMaps).Namespace("a")
	w.view, w.client = view, view.Client(w.applier, "a")
	launch(t, f)
	for range 40 {
		w.step()
		if w.check(); t.Failed() {
			t.Fatalf("seed %d failed; repeat it with -view.seed %d", seed, seed)
		}
	}
	for _, fault := range w.faults {
		fault.Remove()
	}
	server.CutConnections()
	time.Sleep(10 * time.Minute)
	synctest.Wait()
	want := names(collect(w.objects))
	if have := names(w.view.Lister().List(nil)); !maps.Equal(have, want) || w.view.Pending() != 0 {
		t.Errorf("in the end the view shows %v with %d writes pending, the server has %v", have, w.view.Pending(), want)
	}
	if err := w.informer.Shared().Check(); err != nil {
		t.Error(err)
	}
	if t.Failed() {
		t.Fatalf("seed %d failed; repeat it with -view.seed %d", seed, seed)
	}
}

// step does one random thing.
func (w *writer) step() {
	name := fmt.Sprint(w.IntN(5))
	w.value++
	value := fmt.Sprint("v", w.value%7)
	switch n := w.IntN(100); {
	case n < 45:
		w.write(name, value)
	case n < 60:
		w.remove(name)
	case n < 63:
		w.removeAll(value)
	case n < 75: // somebody else
		w.other(name, value)
	case n < 85:
		time.Sleep(time.Duration(w.Int64N(int64(20 * time.Second))))
	case n < 87:
		time.Sleep(2 * time.Minute)
	case n < 90:
		w.server.Compact()
		w.server.CutConnections()
	case n < 94:
		w.lateResponse()
	default:
		watches := apitest.Match{Resource: "configmaps", Verb: "watch"}
		do := []apitest.Action{apitest.DelayEvents(time.Duration(w.Int64N(int64(30 * time.Second)))), apitest.StallAfterEvents(w.IntN(8)), apitest.CutAfterEvents(w.IntN(8)), apitest.Expired()}
		w.faults = append(w.faults, w.server.Inject(apitest.Fault{On: watches, Times: 1 + w.IntN(2), Do: do[w.IntN(len(do))]}))
		w.server.CutConnections()
	}
	synctest.Wait() // the cache and the view are looked at one after the other
}

// other is a change by somebody else.
func (w *writer) other(name, value string) {
	key := resource.Key{Namespace: "a", Name: name}
	if w.IntN(3) > 0 {
		put(w.t, w.server, "a", name, value)
	} else if err := w.objects.Remove(key); err == nil && w.IntN(2) == 0 {
		put(w.t, w.server, "a", name, value)
	}
}

// lateResponse holds the answer to a write back, while the watch brings it, I write again, and somebody else does.
func (w *writer) lateResponse() {
	if w.IntN(2) == 0 { // or the watch brings all of it later still
		w.faults = append(w.faults, w.server.Inject(apitest.Fault{On: apitest.Match{Resource: "configmaps", Verb: "watch"}, Times: 1, Do: apitest.DelayEvents(30 * time.Second)}))
		w.server.CutConnections()
		synctest.Wait()
	}
	late := w.server.Inject(apitest.Fault{On: apitest.Match{Resource: "configmaps", Verb: "patch"}, Times: 1, Do: apitest.StallAfterBytes(1)})
	name, value, patched := fmt.Sprint(w.IntN(5)), fmt.Sprint("v", w.IntN(7)), make(chan *v1.ConfigMap, 1)
	go func() {
		o, err := w.client.Patch(context.Background(), name, types.MergePatchType, []byte(`{"data":{"value":"late"}}`), metav1.PatchOptions{})
		if err != nil {
			o = nil // it was not there
		}
		patched <- o
	}()
	time.Sleep(5 * time.Second)
	if w.IntN(2) == 0 {
		w.write(name, value)
	}
	if w.IntN(2) == 0 {
		w.other(name, value)
	}
	time.Sleep(5 * time.Second)
	late.Remove()
	if o := <-patched; o != nil && (w.mine[name] == nil || later(o.ResourceVersion, w.mine[name].ResourceVersion)) {
		w.mine[name] = o
	}
}

// write creates, updates, patches or applies an object.
func (w *writer) write(name, value string) {
	ctx := context.Background()
	var o *v1.ConfigMap
	var err error
	switch w.IntN(4) {
	case 0:
		o, err = w.client.Create(ctx, made(name, value), metav1.CreateOptions{})
	case 1:
		if o, err = w.client.Get(ctx, name, metav1.GetOptions{}); err == nil {
			o.Data = map[string]string{"value": value}
			o, err = w.client.Update(ctx, o, metav1.UpdateOptions{})
		}
	case 2:
		o, err = w.client.Patch(ctx, name, types.MergePatchType, fmt.Appendf(nil, `{"data":{"value":%q}}`, value), metav1.PatchOptions{})
	case 3:
		o, err = informers.Applying(w.view, w.applier).Apply(ctx, made(name, value), metav1.ApplyOptions{FieldManager: "me", Force: true})
	}
	if err == nil { // else it was there, or was not
		w.mine[name] = o
	}
}

func (w *writer) remove(name string) {
	before, err := w.view.Lister().Namespace("a").Get(name)
	now, gone := w.client.Get(context.Background(), name, metav1.GetOptions{})
	if w.client.Delete(context.Background(), name, metav1.DeleteOptions{}) == nil && err == nil {
		w.deleted[before.UID] = true
	}
	if gone == nil && w.mine[name] != nil && now.UID == w.mine[name].UID {
		w.deleted[now.UID] = true
	}
}

func (w *writer) removeAll(value string) {
	before := w.view.Lister().List(labels.SelectorFromSet(labels.Set{"value": value}))
	if err := w.client.DeleteCollection(context.Background(), metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "value=" + value}); err != nil {
		w.t.Error(err)
	}
	for _, o := range before {
		if now, err := w.objects.Get(resource.KeyOf(o)); err != nil || now.UID != o.UID {
			w.deleted[o.UID] = true
		}
	}
}

// expected is the model's view of a name, over what the cache has.
func (w *writer) expected(name, cached string, stored *v1.ConfigMap) *v1.ConfigMap {
	o, mine := stored, w.mine[name]
	if mine != nil && later(mine.ResourceVersion, cached) && (o == nil || later(mine.ResourceVersion, o.ResourceVersion)) {
		o = mine
	}
	if o != nil && w.deleted[o.UID] {
		return nil
	}
	return o
}

// check compares every answer of the view with the model's.
func (w *writer) check() {
	cache, view := w.informer.Lister().Snapshot(), w.view.Lister().Snapshot()
	cached := w.informer.Status().ResourceVersion
	var want []string
	for n := range 5 {
		name := fmt.Sprint(n)
		stored, _ := cache.Namespace("a").Get(name)
		o := w.expected(name, cached, stored)
		shown, err := view.Namespace("a").Get(name)
		if (o == nil) != (err != nil) || o != nil && (o.UID != shown.UID || o.ResourceVersion != shown.ResourceVersion || o.Data["value"] != shown.Data["value"]) {
			w.t.Errorf("cache at %s: %s is shown as %v, want %v", cached, name, shown, o)
		}
		if o == nil {
			continue
		}
		want = append(want, line(o))
		indexed, err := view.ByIndex("value", o.Data["value"])
		if err != nil || !slices.ContainsFunc(indexed, func(other *v1.ConfigMap) bool { return other == shown }) {
			w.t.Errorf("the index has %v, %v under the value of %v", indexed, err, o)
		}
	}
	slices.Sort(want)
	var iterated []string
	for o := range view.All() {
		iterated = append(iterated, line(o))
	}
	slices.Sort(iterated)
	var listed []string
	for _, o := range view.List(nil) {
		listed = append(listed, line(o))
	}
	slices.Sort(listed)
	if !slices.Equal(listed, want) || !slices.Equal(iterated, want) {
		w.t.Errorf("List shows %q, All %q, want %q", listed, iterated, want)
	}
}

func line(o *v1.ConfigMap) string {
	return fmt.Sprint(o.Name, "=", o.Data["value"], "@", o.ResourceVersion)
}
