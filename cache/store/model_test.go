package store

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/sheaf-dev/sheaf/resource"
)

// A model is what a store should hold, kept in the simplest way.
type model struct {
	resourceVersion string
	objects         map[resource.Key]resource.Object
	stale           map[resource.Key]error
	indexes         map[string]IndexFunc
	packer          *packer // of a compact store; nil: the store holds the model's own objects
	made            int     // objects for a compact store
}

func (m *model) clone() *model {
	return &model{m.resourceVersion, maps.Clone(m.objects), maps.Clone(m.stale), maps.Clone(m.indexes), m.packer, m.made}
}

func (m *model) apply(c Change) Applied {
	old := m.objects[c.Key]
	delete(m.stale, c.Key)
	switch c.Op {
	case Set:
		m.objects[c.Key] = c.Object
	case Delete:
		delete(m.objects, c.Key)
	case MarkStale:
		m.stale[c.Key] = c.Err
	}
	return Applied{c.Key, old, m.objects[c.Key]}
}

func (m *model) replace(changes []Change) (applied []Applied) {
	named := map[resource.Key]bool{}
	for _, c := range changes {
		named[c.Key] = true
		applied = append(applied, m.apply(c))
	}
	maps.DeleteFunc(m.stale, func(key resource.Key, _ error) bool { return !named[key] })
	for _, key := range slices.SortedFunc(maps.Keys(m.objects), resource.Key.Compare) {
		if !named[key] {
			applied = append(applied, m.apply(Change{Op: Delete, Key: key}))
		}
	}
	return applied
}

// compare says how a snapshot differs from the model.
func (m *model) compare(s Snapshot) error {
	if s.ResourceVersion() != m.resourceVersion || s.Len() != len(m.objects) {
		return fmt.Errorf("%d objects at %q, want %d at %q", s.Len(), s.ResourceVersion(), len(m.objects), m.resourceVersion)
	}
	for key, o := range m.objects {
		if got, found := s.Get(key); !found || !equal(got, o) {
			return fmt.Errorf("Get(%s) = %p %t, want %p", key, got, found, o)
		}
	}
	for o := range s.All() {
		if !equal(m.objects[resource.KeyOf(o)], o) {
			return fmt.Errorf("All has %s %p", resource.KeyOf(o), o)
		}
	}
	if err := m.compareStale(s); err != nil {
		return err
	}
	for _, namespace := range []string{"", "a", "b", "c", "absent"} {
		got, want := slices.Collect(s.Namespace(namespace)), m.where(func(o resource.Object) bool { return o.GetNamespace() == namespace })
		if err := same(got, want); err != nil {
			return fmt.Errorf("Namespace(%q): %w", namespace, err)
		}
	}
	return errors.Join(m.compareSelectors(s), m.compareIndexes(s))
}

func (m *model) compareStale(s Snapshot) error {
	got := maps.Collect(s.StaleKeys())
	if !maps.Equal(got, m.stale) {
		return fmt.Errorf("stale keys %v, want %v", got, m.stale)
	}
	for key, reason := range m.stale {
		if s.Stale(key) != reason {
			return fmt.Errorf("Stale(%s) = %v, want %v", key, s.Stale(key), reason)
		}
	}
	return nil
}

var selectors = []string{
	"", "app=one", "app==two", "app=absent", "app in (one,two,absent)", "app in (absent)", "app", "absent", "!app", "!absent",
	"app!=one", "app!=absent", "app notin (one,two)", "absent notin (x)", "app=one,tier=x", "app=one,tier!=x", "app,!tier", "app in (one,three),tier",
	"n>3", "n<3", "n>3,app=one", "n,tier in (x,y),app!=two", "tier=", "unique", "unique=7", "absent>1", "app=one,absent!=x,!nothing",
}

func (m *model) compareSelectors(s Snapshot) error {
	for _, text := range selectors {
		selector, err := labels.Parse(text)
		if err != nil {
			return err
		}
		for _, namespace := range []string{"", "a", "b", "absent"} {
			want := m.where(func(o resource.Object) bool {
				return (namespace == "" || o.GetNamespace() == namespace) && selector.Matches(labels.Set(o.GetLabels()))
			})
			if err := same(s.List(selector, namespace), want); err != nil {
				return fmt.Errorf("List(%q, %q): %w", text, namespace, err)
			}
		}
	}
	return nil
}

func (m *model) compareIndexes(s Snapshot) error {
	failed := []string{}
	for _, name := range slices.Sorted(maps.Keys(m.indexes)) {
		want := map[string][]resource.Object{}
		for _, key := range slices.SortedFunc(maps.Keys(m.objects), resource.Key.Compare) {
			values, err := m.indexes[name].call(m.objects[key])
			if err != nil {
				failed = append(failed, name+" "+key.String())
			}
			slices.Sort(values)
			for _, value := range slices.Compact(values) {
				want[value] = append(want[value], m.objects[key])
			}
		}
		values, err := s.IndexValues(name)
		if err != nil || !slices.Equal(values, slices.Sorted(maps.Keys(want))) {
			return fmt.Errorf("IndexValues(%q) = %v %v, want %v", name, values, err, slices.Sorted(maps.Keys(want)))
		}
		for value := range want {
			got, err := s.ByIndex(name, value)
			if err := errors.Join(err, same(got, want[value])); err != nil {
				return fmt.Errorf("ByIndex(%q, %q): %w", name, value, err)
			}
		}
	}
	got := []string{}
	for _, err := range s.IndexErrors() {
		got = append(got, err.Index+" "+err.Key.String())
	}
	if !slices.Equal(got, failed) {
		return fmt.Errorf("IndexErrors name %v, want %v", got, failed)
	}
	return nil
}

func (m *model) where(wanted func(resource.Object) bool) (found []resource.Object) {
	for _, o := range m.objects {
		if wanted(o) {
			found = append(found, o)
		}
	}
	return found
}

// same compares two collections without regard to order.
func same(got, want []resource.Object) error {
	count := map[any]int{}
	for _, o := range got {
		count[identity(o)]++
	}
	for _, o := range want {
		count[identity(o)]--
	}
	for o, n := range count {
		if n != 0 {
			return fmt.Errorf("%d too many of %v (of %d objects)", n, o, len(want))
		}
	}
	return nil
}

// identity is the pointer, or the uid of an object that is decoded anew.
func identity(o resource.Object) any {
	if uid := o.GetUID(); uid != "" {
		return uid
	}
	return o
}

func equal(a, b resource.Object) bool {
	if a == nil || b == nil || a.GetUID() == "" {
		return a == b
	}
	return equality.Semantic.DeepEqual(Open(a), Open(b))
}

func equalApplied(a, b Applied) bool {
	return a.Key == b.Key && equal(a.Old, b.Old) && equal(a.New, b.New)
}

// A program is a source of numbers that decide what happens to a store: random ones, or a fuzzer's.
type program interface{ IntN(n int) int }

// run performs steps on a store and on a model, and compares them after each. Snapshots are held over later steps and
// compared again at the end.
func run(t testing.TB, p program, steps, names int, opts Options) {
	m := &model{objects: map[resource.Key]resource.Object{}, stale: map[resource.Key]error{}, indexes: maps.Clone(opts.Indexers)}
	if m.indexes == nil {
		m.indexes = map[string]IndexFunc{}
	}
	w, r := New(opts)
	w.core.state.many = 8 // so that it shrinks now and then
	if opts.Compact {
		m.packer = newPacker(r, partials, reversing{})
	}
	type held struct {
		Snapshot
		*model
	}
	var holding []held
	for step := range steps {
		takeStep(t, p, m, w, r, names)
		mustCheck(t, w)
		if err := m.compare(r.Snapshot()); err != nil {
			t.Fatalf("step %d: %v", step, err)
		}
		if p.IntN(4) == 0 && len(holding) < 8 {
			holding = append(holding, held{r.Snapshot(), m.clone()})
		}
	}
	for i, h := range holding {
		if err := h.model.compare(h.Snapshot); err != nil {
			t.Fatalf("held snapshot %d: %v", i, err)
		}
	}
}

func takeStep(t testing.TB, p program, m *model, w *Writer, r *Reader, names int) {
	var got, want []Applied
	changes := make([]Change, 0, 8)
	for range p.IntN(p.IntN(names)+2) + 1 {
		changes = append(changes, anyChange(p, m, names))
	}
	packed := m.pack(r, changes)
	version := strconv.Itoa(p.IntN(1000) + 1)
	switch p.IntN(8) {
	case 0:
		isDelete := func(c Change) bool { return c.Op == Delete }
		changes, packed = slices.DeleteFunc(changes, isDelete), slices.DeleteFunc(packed, isDelete)
		want, got = m.replace(changes), w.Replace(packed, version)
	case 1:
		name := "index" + strconv.Itoa(p.IntN(3))
		function := byAnnotation("values")
		err := r.AddIndexers(map[string]IndexFunc{name: function})
		if _, taken := m.indexes[name]; taken != errors.Is(err, ErrIndexExists) {
			t.Fatalf("AddIndexers(%q) while taken is %t: %v", name, taken, err)
		}
		m.indexes[name] = function
		return
	default:
		for _, c := range changes {
			want = append(want, m.apply(c))
		}
		got = w.Apply(packed, version)
	}
	m.resourceVersion = version
	if !slices.EqualFunc(got, want, equalApplied) {
		t.Fatalf("applied %v, want %v", got, want)
	}
}

func anyChange(p program, m *model, names int) Change {
	namespace := []string{"", "a", "b", "c"}[p.IntN(4)]
	key := resource.Key{Namespace: namespace, Name: "n" + strconv.Itoa(p.IntN(names))}
	switch p.IntN(8) {
	case 0, 1:
		return Change{Op: Delete, Key: key}
	case 2:
		return Change{Op: Keep, Key: key}
	case 3:
		return Change{Op: MarkStale, Key: key, Err: errors.New("cannot decode " + key.String())}
	case 4:
		if o := m.objects[key]; o != nil {
			return Change{Op: Set, Key: key, Object: o}
		}
	}
	o := anyObject(p, key)
	if other := m.objects[resource.Key{Namespace: "a", Name: "n" + strconv.Itoa(p.IntN(names))}]; other != nil && p.IntN(2) == 0 {
		o.SetLabels(other.GetLabels()) // one map, as decoders that share leave it
	}
	return Change{Op: Set, Key: key, Object: o}
}

func anyObject(p program, key resource.Key) resource.Object {
	all := map[string]string{}
	choose := func(name string, values ...string) {
		if i := p.IntN(len(values) + 1); i < len(values) {
			all[name] = values[i]
		}
	}
	choose("app", "one", "two", "three", "")
	choose("tier", "x", "y", "")
	choose("n", "1", "3", "5", "many")
	if p.IntN(4) == 0 {
		all["unique"] = strconv.Itoa(p.IntN(50))
	}
	o := object(key.Namespace, key.Name, all)
	values := []string{"", "one", "two", "one,two", "two,one,two", "three,one", "error", "panic"}
	if i := p.IntN(len(values) + 1); i < len(values) {
		o.Annotations = map[string]string{"values": values[i]}
	}
	return o
}

func TestRandomProgramsLeaveTheStoreAsAPlainMapWouldBe(t *testing.T) {
	indexed := map[string]IndexFunc{"index0": byAnnotation("values")}
	for _, opts := range []Options{{}, {NoLabelIndex: true}, {Indexers: indexed}, {Compact: true, Indexers: indexed}, {Compact: true, NoLabelIndex: true}} {
		for seed := range uint64(30) {
			t.Run(fmt.Sprintf("compact=%t,noLabelIndex=%t,indexers=%d,seed=%d", opts.Compact, opts.NoLabelIndex, len(opts.Indexers), seed), func(t *testing.T) {
				t.Parallel()
				run(t, rand.New(rand.NewPCG(seed, 5)), 40, []int{3, 12, 60}[seed%3], opts)
			})
		}
	}
}

func TestALargeRandomProgramLeavesTheStoreAsAPlainMapWouldBe(t *testing.T) {
	for _, opts := range []Options{{}, {NoLabelIndex: true}} { // many small groups; few large ones
		t.Run(fmt.Sprintf("noLabelIndex=%t", opts.NoLabelIndex), func(t *testing.T) {
			t.Parallel()
			run(t, rand.New(rand.NewPCG(1, 2)), 20, 2000, opts)
		})
	}
}
