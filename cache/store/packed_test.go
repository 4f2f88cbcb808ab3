package store

import (
	"errors"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sheaf-dev/sheaf/resource"
)

var partials = resource.Define[*metav1.PartialObjectMetadata]("example.com", "v1", "things", "Thing", resource.Namespaced, resource.WithProtobuf()).Definition()

// reversing is a codec that needs no library.
type reversing struct{}

func (reversing) Pack(to, raw []byte) []byte {
	start := len(to)
	to = append(to, raw...)
	slices.Reverse(to[start:])
	return to
}

func (reversing) Unpack(to, packed []byte) ([]byte, error) {
	if len(packed) == 0 {
		return nil, errors.New("nothing")
	}
	start := len(to)
	to = append(to, packed...)
	slices.Reverse(to[start:])
	return to, nil
}

// pack makes of changes those for the store. Nobody holds the objects that are packed, so that each read decodes.
func (m *model) pack(r *Reader, changes []Change) []Change {
	changes = slices.Clone(changes)
	if m.packer == nil {
		return changes
	}
	for i := range changes {
		c := &changes[i]
		if c.Op != Set {
			continue
		}
		if held, there := r.Snapshot().Held(c.Key); there && held.GetUID() == c.Object.GetUID() {
			c.Object = held
			continue
		}
		if c.Object.GetUID() == "" {
			m.made++
			c.Object.SetUID(types.UID("u" + strconv.Itoa(m.made)))
		}
		partials.SetKind(c.Object)
		c.Object = mustPack(m.packer, resource.Copy(c.Object))
	}
	return changes
}

func mustPack(p *packer, o resource.Object) resource.Object {
	partials.SetKind(o)
	raw, err := p.decoder.ToRaw(o)
	if err != nil {
		panic(err)
	}
	packed := p.Decoded(o, raw).(*packed)
	packed.ref.Store(nil)
	return packed
}

func compactStore(opts Options) (*Writer, *Reader, *packer) {
	opts.Compact = true
	w, r := New(opts)
	return w, r, newPacker(r, partials, reversing{})
}

func TestAPackedObjectIsOneObjectAsLongAsSomebodyHoldsIt(t *testing.T) {
	w, r, packer := compactStore(Options{})
	o := object("a", "x", map[string]string{"app": "one"})
	w.Apply([]Change{put(mustPack(packer, resource.Copy(o)))}, "1")
	key := resource.Key{Namespace: "a", Name: "x"}
	first, _ := r.Get(key)
	listed := r.List(labels.SelectorFromSet(labels.Set{"app": "one"}), "")
	if len(listed) != 1 || listed[0] != first {
		t.Error("another object while one is held")
	}
	partials.SetKind(o)
	if !equality.Semantic.DeepEqual(first, o) {
		t.Error(first)
	}
	held, _ := r.Snapshot().Held(key)
	if Open(held) != first || resource.KeyOf(held) != key || PackedBytes(held) == 0 || PackedBytes(first) != 0 {
		t.Error("what is held is another object")
	}
	runtime.KeepAlive(first)
	first, listed = nil, nil
	Open(mustPack(packer, object("a", "y", nil))) // the decoder remembers the last one, to compare the next with it
	for range 3 {
		runtime.GC()
	}
	if p := held.(*packed); p.held(p.ref.Load()) != nil {
		t.Error("the decoded object stays though nobody holds it")
	}
	if again, _ := r.Get(key); !equality.Semantic.DeepEqual(again, o) {
		t.Error(again)
	}
}

func TestWhatAnObjectIsIndexedByIsFoundWhenItIsPacked(t *testing.T) {
	calls := 0
	w, r, packer := compactStore(Options{Indexers: map[string]IndexFunc{"i": func(o resource.Object) ([]string, error) {
		calls++
		return []string{o.GetName()}, nil
	}}})
	o := mustPack(packer, object("a", "x", map[string]string{"app": "one"}))
	if calls != 1 {
		t.Errorf("%d calls", calls)
	}
	w.Apply([]Change{put(o)}, "1")
	mustCheck(t, w)
	p := o.(*packed)
	if calls != 1 || p.notes != nil {
		t.Errorf("%d calls, notes %v", calls, p.notes)
	}
	p.ref.Store(nil)
	if err := r.AddIndexers(map[string]IndexFunc{"late": byAnnotation("none")}); err != nil || p.ref.Load() == nil {
		t.Errorf("a late index has not decoded the object: %v", err)
	}
	found, err := r.ByIndex("i", "x")
	wantKeys(t, found, "a/x")
	if err != nil || PackedBytes(found[0]) != 0 {
		t.Error(found, err)
	}
}

func TestAPackedObjectHasAllMetadataAndCannotBeChanged(t *testing.T) {
	_, _, packer := compactStore(Options{})
	o := annotated(object("a", "x", map[string]string{"l": "1"}), map[string]string{"a": "2"})
	grace := int64(7)
	o.GenerateName, o.UID, o.ResourceVersion, o.Generation = "x-", "u", "12", 3
	o.SetSelfLink("/here")
	o.CreationTimestamp, o.DeletionTimestamp, o.DeletionGracePeriodSeconds = metav1.Unix(5, 0), &metav1.Time{Time: metav1.Unix(6, 0).Time}, &grace
	o.Finalizers, o.OwnerReferences = []string{"f"}, []metav1.OwnerReference{{Name: "o"}}
	o.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "m"}}
	p := mustPack(packer, resource.Copy(o))
	var copied metav1.ObjectMeta
	copied.SetNamespace(p.GetNamespace())
	copied.SetName(p.GetName())
	copied.SetGenerateName(p.GetGenerateName())
	copied.SetUID(p.GetUID())
	copied.SetResourceVersion(p.GetResourceVersion())
	copied.SetGeneration(p.GetGeneration())
	copied.SetSelfLink(p.GetSelfLink())
	copied.SetCreationTimestamp(p.GetCreationTimestamp())
	copied.SetDeletionTimestamp(p.GetDeletionTimestamp())
	copied.SetDeletionGracePeriodSeconds(p.GetDeletionGracePeriodSeconds())
	copied.SetLabels(p.GetLabels())
	copied.SetAnnotations(p.GetAnnotations())
	copied.SetFinalizers(p.GetFinalizers())
	copied.SetOwnerReferences(p.GetOwnerReferences())
	copied.SetManagedFields(p.GetManagedFields())
	if !equality.Semantic.DeepEqual(copied, o.ObjectMeta) || p.GetObjectKind().GroupVersionKind().Kind != "Thing" {
		t.Errorf("%v\n%v", copied, o.ObjectMeta)
	}
	for name, set := range map[string]func(){
		"Namespace": func() { p.SetNamespace("") }, "Name": func() { p.SetName("") }, "GenerateName": func() { p.SetGenerateName("") },
		"UID": func() { p.SetUID("") }, "ResourceVersion": func() { p.SetResourceVersion("") }, "Generation": func() { p.SetGeneration(0) },
		"SelfLink": func() { p.SetSelfLink("") }, "CreationTimestamp": func() { p.SetCreationTimestamp(metav1.Time{}) },
		"DeletionTimestamp": func() { p.SetDeletionTimestamp(nil) }, "DeletionGracePeriodSeconds": func() { p.SetDeletionGracePeriodSeconds(nil) },
		"Labels": func() { p.SetLabels(nil) }, "Annotations": func() { p.SetAnnotations(nil) }, "Finalizers": func() { p.SetFinalizers(nil) },
		"OwnerReferences": func() { p.SetOwnerReferences(nil) }, "ManagedFields": func() { p.SetManagedFields(nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Set%s changes a packed object", name)
				}
			}()
			set()
		}()
	}
}

func TestAnObjectThatDoesNotComeBackAsItWasIsNotPacked(t *testing.T) {
	things := resource.Define[*unstructured.Unstructured]("example.com", "v1", "things", "Thing", resource.Namespaced).Definition()
	_, r := New(Options{Compact: true})
	packer := newPacker(r, things, reversing{})
	thing := func(value any) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{"namespace": "a", "name": "x"}, "value": value}}
	}
	good, err := packer.Made(thing(int64(1) << 60))
	if err != nil || Open(good).(*unstructured.Unstructured).Object["value"] != int64(1)<<60 {
		t.Error(good, err)
	}
	if again, err := packer.Made(good); err != nil || again != good {
		t.Error("a packed object was packed again", err)
	}
	for _, value := range []any{uint8(1), func() {}, make(chan int)} {
		if _, err := packer.Made(thing(value)); err == nil {
			t.Errorf("a %T was packed", value)
		}
	}
	if _, err := packer.Made(thing(uint8(1))); !strings.Contains(err.Error(), "a/x") {
		t.Error(err)
	}
}

func TestABrokenPackedObjectIsNamed(t *testing.T) {
	_, _, packer := compactStore(Options{})
	p := mustPack(packer, object("a", "x", nil)).(*packed)
	_, from := p.part(parts - 1)
	p.data = p.data[:from]
	defer func() {
		if text, _ := recover().(string); !strings.Contains(text, "things.example.com/v1 a/x") {
			t.Error(text)
		}
	}()
	Open(p)
}

func TestManyOpenOnePackedObjectAtOnce(t *testing.T) {
	_, _, packer := compactStore(Options{})
	for range 200 {
		p := mustPack(packer, object("a", "x", map[string]string{"app": "one"}))
		opened := make([]resource.Object, 4)
		var all sync.WaitGroup
		for i := range opened {
			all.Go(func() { opened[i] = Open(p) })
		}
		all.Wait()
		for _, o := range opened {
			if o != opened[0] {
				t.Fatal("two decoded objects are held at once")
			}
		}
	}
}

func BenchmarkOpenHeld(b *testing.B) {
	_, _, packer := compactStore(Options{})
	p := mustPack(packer, object("a", "x", map[string]string{"app": "one"}))
	o := Open(p)
	b.ReportAllocs()
	for b.Loop() {
		if Open(p) != o {
			b.Fatal("another object")
		}
	}
}
