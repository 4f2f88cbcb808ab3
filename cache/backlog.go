package cache

import (
	"container/list"
	"reflect"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sheaf-dev/sheaf/cache/store"
	"github.com/sheaf-dev/sheaf/resource"
)

// backlog holds the pending notices of a handler that is coalesced: at most one entry a key, in the order in which the keys became
// pending. Its owner's lock guards it.
//
// What an entry alone keeps alive is the last state that the handler knows. When all of these together pass the bound, further ones are
// cut down to skeletons, so that a handler that never returns costs no more than the bound, or about a kilobyte a key.
type backlog struct {
	dropUnseen bool
	bound      int64         // bytes that the backlog may take
	weight     int64         // and that it does, an estimate
	cut        int64         // objects of which only a skeleton was kept, ever
	merged     int64         // notices that became part of one that was pending, ever
	whole      *list.Element // the entries before this one are skeletons; nil: none is known to be whole
	order      *list.List
	entries    map[resource.Key]*list.Element // of *entry
	initial    int                            // entries that belong to the initial state
	running    bool                           // a call for one that did may be running
	syncs      bool                           // with the last of them, the initial state is complete
}

// entry is what is pending for one key: how to get the handler from what it knows to what is.
type entry struct {
	key     resource.Key
	knows   bool            // the handler knows the key
	old     resource.Object // the last state that it knows or, once the object is gone, that it had; nil: there is none
	gone    bool            // that object was deleted
	unknown bool            // and old may not be its final state
	now     resource.Object // the newest state; nil: there is none
	initial bool
	at      time.Time // when it became pending
	weight  int64     // of old, in bytes
	cut     bool      // old is a skeleton
}

// entryWeight is what an entry weighs beside its old object, in bytes.
const entryWeight = 320

func newBacklog(dropUnseen bool, bound int64) *backlog {
	return &backlog{dropUnseen: dropUnseen, bound: bound, order: list.New(), entries: map[resource.Key]*list.Element{}}
}

// feed adds the notices of a segment, from an index on.
func (b *backlog) feed(s *segment, from int) {
	for i := range s.notices[from:] {
		b.merge(&s.notices[from+i], s.initial, s.at)
	}
	b.syncs = b.syncs || s.syncs
}

func (b *backlog) merge(n *notice, initial bool, at time.Time) {
	key := resource.KeyOf(n.object())
	element, pending := b.entries[key]
	if !pending {
		element = b.order.PushBack(&entry{key: key, initial: initial, knows: n.old != nil, at: at})
		b.entries[key] = element
		b.weight += entryWeight
		if b.whole == nil {
			b.whole = element
		}
		if initial {
			b.initial++
		}
	} else {
		b.merged++
	}
	e := element.Value.(*entry)
	e.now = n.new
	switch {
	case n.new == nil:
		// The end of the life that the handler knows counts; of lives that it never saw, the last.
		if !e.gone || !e.knows {
			b.keep(e, n)
			e.gone, e.unknown = true, n.unknown
		}
		if !e.knows && b.dropUnseen { // a life that begins after this is a new entry
			b.drop(element)
			return
		}
	case !pending && e.knows:
		b.keep(e, n)
	}
	b.shrink(e)
}

// keep makes the notice's old object the entry's.
func (b *backlog) keep(e *entry, n *notice) {
	b.weight += int64(n.body) - e.weight
	e.old, e.weight, e.unknown, e.cut = n.old, int64(n.body), false, false
}

// shrink cuts whole objects down, the oldest entries' first, until the backlog is within its bound again, or all but the entry that
// came last have been looked at; then that one.
func (b *backlog) shrink(last *entry) {
	for b.weight > b.bound && b.whole != nil {
		b.cutDown(b.whole.Value.(*entry))
		b.whole = b.whole.Next()
	}
	if b.weight > b.bound {
		b.cutDown(last)
	}
}

func (b *backlog) cutDown(e *entry) {
	if e.cut || e.old == nil || store.PackedBytes(e.old) > 0 { // which is about what a skeleton takes
		return
	}
	old := e.weight
	e.old, e.unknown, e.cut = skeleton(e.old), true, true
	e.weight = min(old, int64(memoryOf(e.old)))
	b.weight += e.weight - old
	b.cut++
}

// skeleton returns an object of the same type that has nothing but what says which object it is and whom it belongs to. It shares no
// memory with the whole object.
func skeleton(o resource.Object) resource.Object {
	s := reflect.New(reflect.TypeOf(o).Elem()).Interface().(resource.Object)
	s.GetObjectKind().SetGroupVersionKind(o.GetObjectKind().GroupVersionKind())
	s.SetNamespace(strings.Clone(o.GetNamespace()))
	s.SetName(strings.Clone(o.GetName()))
	s.SetUID(types.UID(strings.Clone(string(o.GetUID()))))
	s.SetResourceVersion(strings.Clone(o.GetResourceVersion()))
	s.SetGeneration(o.GetGeneration())
	s.SetCreationTimestamp(o.GetCreationTimestamp())
	s.SetDeletionTimestamp(o.GetDeletionTimestamp().DeepCopy())
	if whole := o.GetLabels(); whole != nil {
		labels := make(map[string]string, len(whole))
		for name, value := range whole {
			labels[strings.Clone(name)] = strings.Clone(value)
		}
		s.SetLabels(labels)
	}
	var owners []metav1.OwnerReference
	for _, owner := range o.GetOwnerReferences() {
		owner.APIVersion, owner.Kind = strings.Clone(owner.APIVersion), strings.Clone(owner.Kind)
		owner.Name, owner.UID = strings.Clone(owner.Name), types.UID(strings.Clone(string(owner.UID)))
		owners = append(owners, *owner.DeepCopy())
	}
	s.SetOwnerReferences(owners)
	return s
}

func (b *backlog) drop(element *list.Element) *entry {
	if b.whole == element {
		b.whole = element.Next()
	}
	e := b.order.Remove(element).(*entry)
	delete(b.entries, e.key)
	b.weight -= e.weight + entryWeight
	if e.initial {
		b.initial--
	}
	return e
}

// take removes the oldest entry; nil: there is none.
func (b *backlog) take() *entry {
	if front := b.order.Front(); front != nil {
		return b.drop(front)
	}
	return nil
}

// complete says whether nothing of the initial state is pending or being delivered, when all of it has been fed.
func (b *backlog) complete() bool { return b.syncs && b.initial == 0 && !b.running }

// notices returns what the handler is told, in order. There is at least one.
func (e *entry) notices() []notice {
	switch {
	case !e.gone && e.knows:
		return []notice{{old: e.old, new: e.now}}
	case !e.gone:
		return []notice{{new: e.now}}
	}
	var out []notice
	if !e.knows {
		out = append(out, notice{new: e.old})
	}
	out = append(out, notice{old: e.old, unknown: e.unknown})
	if e.now != nil {
		out = append(out, notice{new: e.now})
	}
	return out
}
