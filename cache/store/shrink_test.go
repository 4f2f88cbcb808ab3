package store

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/sheaf-dev/sheaf/resource"
)

// numbered returns n changes that put objects, with labels of their own, on ten nodes.
func numbered(n int) []Change {
	changes := make([]Change, n)
	for i := range changes {
		o := annotated(object("a", fmt.Sprintf("object-%06d", i), map[string]string{"id": fmt.Sprint(i)}), map[string]string{"node": fmt.Sprint("n", i%10)})
		changes[i] = put(o)
	}
	return changes
}

// deleted turns changes into deletions.
func deleted(changes []Change) []Change {
	changes = slices.Clone(changes)
	for i := range changes {
		changes[i] = Change{Op: Delete, Key: changes[i].Key}
	}
	return changes
}

// heap returns the bytes that are in use.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

func TestTheMemoryOfAStoreFollowsAMassDeletion(t *testing.T) {
	const n, left = 50_000, 100
	w, r := New(Options{Indexers: nodes("node")})
	changes := numbered(n)
	before := heap() // with the objects and the changes, which stay until the end
	w.Apply(changes, "1")
	full := heap() - before
	for part := range slices.Chunk(deleted(changes[left:]), 1000) {
		w.Apply(part, "2")
	}
	after := heap() - before
	t.Logf("the store takes %d KB, and %d KB for %d of %d objects", full>>10, after>>10, left, n)
	if after > full/8 || r.Len() != left {
		t.Errorf("%d objects; it takes %d bytes of %d", r.Len(), after, full)
	}
	mustCheck(t, w)
	runtime.KeepAlive(changes)
}

func TestWhoeverHoldsASnapshotDoesNotSeeTheStoreShrink(t *testing.T) {
	const n = 2 * manySlots
	w, r := New(Options{Indexers: nodes("node")})
	changes := numbered(n)
	w.Apply(changes, "1")
	reason := errors.New("unreadable")
	bare := resource.Key{Namespace: "a", Name: "never seen"}
	w.Apply([]Change{{Op: MarkStale, Key: changes[7].Key, Err: reason}, {Op: MarkStale, Key: bare, Err: reason}}, "2")
	held := r.Snapshot()
	w.Apply(deleted(changes[10:]), "3")
	if w.core.state.generation != 1 || len(w.core.state.keys.live) != 11 {
		t.Fatalf("generation %d with %d slots", w.core.state.generation, len(w.core.state.keys.live))
	}
	mustCheck(t, w)
	w.Apply([]Change{put(annotated(object("a", "new", nil), map[string]string{"node": "n3"}))}, "4")
	mustCheck(t, w)

	if on, err := held.ByIndex("node", "n3"); err != nil || len(on) != (n+6)/10 || held.Len() != n {
		t.Errorf("the older snapshot has %d of %d objects on a node, error %v", len(on), held.Len(), err)
	}
	for i := range changes {
		if o, found := held.Get(changes[i].Key); !found || o != changes[i].Object {
			t.Fatalf("the older snapshot has %v for %s", o, changes[i].Key)
		}
	}
	now := r.Snapshot()
	wantKeys(t, byIndex(t, r, "node", "n3"), "a/new", "a/object-000003")
	if now.Len() != 11 || now.ResourceVersion() != "4" || now.Stale(changes[7].Key) != reason || now.Stale(bare) != reason || now.Stale(changes[6].Key) != nil {
		t.Errorf("%d objects at %s, stale: %v, %v", now.Len(), now.ResourceVersion(), now.Stale(changes[7].Key), now.Stale(bare))
	}
}

func TestAnIndexThatIsBuiltWhileTheStoreShrinksHasWhatIsThere(t *testing.T) {
	w, r := New(Options{})
	changes := numbered(2 * manySlots)
	w.Apply(changes, "1")
	calls := 0
	node := nodes("node")["node"]
	err := r.AddIndexers(map[string]IndexFunc{"node": func(o resource.Object) ([]string, error) {
		if calls++; calls == 1 { // the base of the build is loaded
			w.Apply(deleted(changes[:len(changes)-20]), "2")
		}
		return node(o)
	}})
	if err != nil || w.core.state.generation != 1 {
		t.Fatalf("generation %d, error %v", w.core.state.generation, err)
	}
	mustCheck(t, w)
	want := []resource.Object{}
	for _, c := range changes[len(changes)-20:] {
		if values, _ := node(c.Object); values[0] == "n3" {
			want = append(want, c.Object)
		}
	}
	wantKeys(t, byIndex(t, r, "node", "n3"), keysOf(want)...)
}
