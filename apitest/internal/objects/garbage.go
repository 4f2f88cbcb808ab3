package objects

import (
	"slices"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/apitest/internal/history"
	"github.com/sheaf-dev/sheaf/apitest/internal/kinds"
	"github.com/sheaf-dev/sheaf/resource"
)

// collector does what the controller manager of a real cluster does about owners, finalizers of propagation policies and namespaces that
// end. It has no goroutine: whoever changes an object also does what follows, or leaves it to whoever is at it already.
type collector struct {
	store *Store

	mu         sync.Mutex // owns all below
	live       map[string]place
	dependents map[string]map[place]bool // by the owner's uid
	pending    []task
	running    bool
}

// place is where an object is.
type place struct {
	kind *kinds.Kind
	key  string
}

// task is an object to look at after its change.
type task struct {
	place
	version *history.Version
}

func newCollector(s *Store) *collector {
	return &collector{store: s, live: map[string]place{}, dependents: map[string]map[place]bool{}}
}

// observe notes a change and does what follows from it.
func (c *collector) observe(k *kinds.Kind, before, v *history.Version) {
	c.mu.Lock()
	c.index(place{k.Storage, v.Key}, before, v)
	c.pending = append(c.pending, task{place{k.Storage, v.Key}, v})
	if c.running {
		c.mu.Unlock()
		return
	}
	c.running = true
	for len(c.pending) > 0 {
		t := c.pending[0]
		c.pending = c.pending[1:]
		c.mu.Unlock()
		c.handle(t)
		c.mu.Lock()
	}
	c.running = false
	c.mu.Unlock()
}

// index keeps live and dependents. The caller holds mu.
func (c *collector) index(p place, before, v *history.Version) {
	if before != nil {
		for _, owner := range before.Owners {
			delete(c.dependents[owner], p)
		}
	}
	if v.Deleted {
		delete(c.live, v.UID)
		return
	}
	c.live[v.UID] = p
	for _, owner := range v.Owners {
		if c.dependents[owner] == nil {
			c.dependents[owner] = map[place]bool{}
		}
		c.dependents[owner][p] = true
	}
}

// rebuild indexes everything anew, after the history was set back.
func (c *collector) rebuild() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.live)
	clear(c.dependents)
	for _, k := range c.store.Kinds.All() {
		if k.Storage != k {
			continue
		}
		page, err := k.Table.Page(history.Query{})
		if err != nil {
			continue // the newest state can always be read
		}
		for _, v := range page.Versions {
			c.index(place{k, v.Key}, nil, v)
		}
	}
}

// handle does what follows from one change.
func (c *collector) handle(t task) {
	if t.version.Deleted {
		for _, p := range c.dependentsOf(t.version.UID) {
			c.disown(p)
		}
		for _, owner := range t.version.Owners {
			c.advance(owner)
		}
		c.emptied(t.version.Namespace)
		return
	}
	if len(t.version.Owners) > 0 {
		c.disown(t.place)
	}
	obj := c.read(t.place)
	if obj == nil || obj.GetDeletionTimestamp() == nil {
		return
	}
	finalizers := obj.GetFinalizers()
	switch {
	case slices.Contains(finalizers, metav1.FinalizerOrphanDependents):
		for _, p := range c.dependentsOf(string(obj.GetUID())) {
			c.removeOwners(p, func(uid string) bool { return uid == string(obj.GetUID()) })
		}
		c.finish(t.place, metav1.FinalizerOrphanDependents)
	case slices.Contains(finalizers, metav1.FinalizerDeleteDependents):
		for _, p := range c.dependentsOf(string(obj.GetUID())) {
			c.leaveOrGo(p, string(obj.GetUID()))
		}
		c.advance(string(obj.GetUID()))
	}
	if _, ok := obj.(*corev1.Namespace); ok {
		c.empty(obj.GetName())
	}
}

func (c *collector) dependentsOf(uid string) []place {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []place
	for p := range c.dependents[uid] {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b place) int {
		if a.kind != b.kind {
			return strings.Compare(a.kind.Def.String(), b.kind.Def.String())
		}
		return strings.Compare(a.key, b.key)
	})
	return out
}

func (c *collector) isLive(uid string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.live[uid]
	return ok
}

// read returns the newest state, nil if there is none.
func (c *collector) read(p place) resource.Object {
	v := p.kind.Table.Get(p.key)
	if v == nil {
		return nil
	}
	obj, err := p.kind.Storage.Object(v)
	if err != nil {
		return nil // it was stored by this server and can be read
	}
	return obj
}

// disown deletes an object whose owners are all gone, or drops those of them that are.
func (c *collector) disown(p place) {
	obj := c.read(p)
	if obj == nil {
		return
	}
	gone, left := 0, 0
	for _, owner := range obj.GetOwnerReferences() {
		if c.isLive(string(owner.UID)) {
			left++
		} else {
			gone++
		}
	}
	switch {
	case gone == 0 || obj.GetDeletionTimestamp() != nil:
	case left == 0:
		c.delete(p, metav1.DeletePropagationBackground)
	default:
		c.removeOwners(p, func(uid string) bool { return !c.isLive(uid) })
	}
}

// leaveOrGo makes an object leave the owner that is being deleted in the foreground, or go with it if it has no other.
func (c *collector) leaveOrGo(p place, owner string) {
	obj := c.read(p)
	if obj == nil {
		return
	}
	for _, ref := range obj.GetOwnerReferences() {
		if string(ref.UID) != owner && c.isLive(string(ref.UID)) {
			c.removeOwners(p, func(uid string) bool { return uid == owner })
			return
		}
	}
	c.delete(p, metav1.DeletePropagationForeground)
}

// delete deletes an object, a pod without grace: there is no kubelet to wait for.
func (c *collector) delete(p place, policy metav1.DeletionPropagation) {
	namespace, name := split(p)
	now := int64(0)
	_, _, _ = c.store.Delete(p.kind, namespace, name, metav1.DeleteOptions{PropagationPolicy: &policy, GracePeriodSeconds: &now}) // gone is as good
}

func split(p place) (namespace, name string) {
	if v := p.kind.Table.Get(p.key); v != nil {
		return v.Namespace, v.Name
	}
	return "", p.key
}

// removeOwners drops owner references.
func (c *collector) removeOwners(p place, drop func(uid string) bool) {
	c.change(p, func(obj resource.Object) {
		obj.SetOwnerReferences(slices.DeleteFunc(obj.GetOwnerReferences(), func(o metav1.OwnerReference) bool { return drop(string(o.UID)) }))
	})
}

// finish drops a finalizer.
func (c *collector) finish(p place, finalizer string) {
	c.change(p, func(obj resource.Object) {
		obj.SetFinalizers(slices.DeleteFunc(obj.GetFinalizers(), func(f string) bool { return f == finalizer }))
	})
}

func (c *collector) change(p place, change func(resource.Object)) {
	namespace, name := split(p)
	_, _, err := c.store.Update(p.kind, Change{Namespace: namespace, Name: name, Subresource: "finalize", Make: func(current resource.Object) (resource.Object, error) {
		change(current)
		return current, nil
	}})
	if err != nil && !apierrors.IsNotFound(err) {
		return // the object is invalid by other rules than the collector's, and stays as it is
	}
}

// advance ends the foreground deletion of an owner when nothing blocks it any more.
func (c *collector) advance(uid string) {
	c.mu.Lock()
	p, ok := c.live[uid]
	c.mu.Unlock()
	if !ok {
		return
	}
	obj := c.read(p)
	if obj == nil || obj.GetDeletionTimestamp() == nil || !slices.Contains(obj.GetFinalizers(), metav1.FinalizerDeleteDependents) {
		return
	}
	for _, dependent := range c.dependentsOf(uid) {
		if blocks(c.read(dependent), uid) {
			return
		}
	}
	c.finish(p, metav1.FinalizerDeleteDependents)
}

// blocks says whether an object keeps its owner from being deleted in the foreground.
func blocks(obj resource.Object, owner string) bool {
	if obj == nil {
		return false
	}
	for _, ref := range obj.GetOwnerReferences() {
		if string(ref.UID) == owner && ref.BlockOwnerDeletion != nil && *ref.BlockOwnerDeletion {
			return true
		}
	}
	return false
}

// empty deletes what is in a namespace that is being deleted.
func (c *collector) empty(namespace string) {
	for _, k := range c.store.Kinds.All() {
		if k.Storage != k || !k.Namespaced() {
			continue
		}
		page, err := k.Table.Page(history.Query{Namespace: namespace})
		if err != nil {
			continue // the newest state can always be read
		}
		for _, v := range page.Versions {
			c.delete(place{k, v.Key}, metav1.DeletePropagationBackground)
		}
	}
	c.emptied(namespace)
}

// emptied ends a namespace that is being deleted and has nothing left in it.
func (c *collector) emptied(namespace string) {
	namespaces, ok := c.store.Kinds.Lookup(corev1.SchemeGroupVersion.WithResource("namespaces"))
	if !ok || namespace == "" {
		return
	}
	if v := namespaces.Table.Get(namespace); v == nil || !namespaces.IsTerminating(v) {
		return
	}
	for _, k := range c.store.Kinds.All() {
		if k.Storage != k || !k.Namespaced() {
			continue
		}
		if page, err := k.Table.Page(history.Query{Namespace: namespace, Limit: 1}); err == nil && len(page.Versions) > 0 {
			return
		}
	}
	c.change(place{namespaces, namespace}, func(obj resource.Object) {
		n := obj.(*corev1.Namespace)
		n.Spec.Finalizers = slices.DeleteFunc(n.Spec.Finalizers, func(f corev1.FinalizerName) bool { return f == corev1.FinalizerKubernetes })
	})
}
