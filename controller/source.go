package controller

import (
	"context"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/cache"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/workqueue"
)

// source is an informer that keys come from.
type source interface {
	attach(name string) error // begins to deliver
	detach()                  // ends to, and waits
	synced() <-chan struct{}  // closed when the cache is complete; its keys may still be coming
	status() string
	replay() // delivers all once more
}

// For makes a controller reconcile the objects of an informer, by their own keys.
func For[T resource.Object](informer informers.Informer[T]) Part[resource.Key] {
	return Mapped(informer, func(o T) []resource.Key { return []resource.Key{resource.KeyOf(o)} })
}

// Owned makes a controller reconcile an object, of the owner resource, when one changes that it controls: whose owner reference
// names it, with controller: true. Versions of the owner's group do not matter.
func Owned[T, O resource.Object](informer informers.Informer[T], owner resource.Resource[O]) Part[resource.Key] {
	kind, namespaced := owner.Definition().GroupVersionKind(), owner.Definition().Namespaced()
	return Mapped(informer, func(o T) []resource.Key {
		ref := metav1.GetControllerOfNoCopy(o)
		if ref == nil || ref.Kind != kind.Kind {
			return nil
		}
		if group, _, found := strings.Cut(ref.APIVersion, "/"); found && group != kind.Group || !found && kind.Group != "" {
			return nil
		}
		key := resource.Key{Name: ref.Name}
		if namespaced {
			key.Namespace = o.GetNamespace()
		}
		return []resource.Key{key}
	})
}

// Mapped makes a controller reconcile the keys that a function returns for an object that changed: for its old state and
// its new one. The function must depend on nothing but the object, and not change it.
func Mapped[T resource.Object, K comparable](informer informers.Informer[T], keys func(o T) []K) Part[K] {
	return func(c *Controller[K]) {
		c.sources = append(c.sources, &mapped[T, K]{c: c, informer: informer, keys: keys})
	}
}

// mapped is a handler that queues keys. What comes in bulk yields to what changes now.
type mapped[T resource.Object, K comparable] struct {
	c            *Controller[K]
	informer     informers.Informer[T]
	keys         func(o T) []K
	registration *cache.Registration
}

func (m *mapped[T, K]) attach(name string) (err error) {
	m.registration, err = m.informer.AddEventHandler(m, cache.HandlerOptions{Name: name, Coalesce: true})
	return err
}

func (m *mapped[T, K]) detach() {
	m.registration.Remove()
	_ = m.registration.Wait(context.Background())
}

func (m *mapped[T, K]) synced() <-chan struct{} { return m.informer.Synced() }
func (m *mapped[T, K]) status() string          { return m.informer.Status().String() }

func (m *mapped[T, K]) replay() {
	for o := range m.informer.Lister().All() {
		m.add(o, m.keys(o), "replay", workqueue.Low)
	}
}

func (m *mapped[T, K]) OnAdd(o T, initial bool) {
	if initial {
		m.add(o, m.keys(o), "initial", workqueue.Low)
	} else {
		m.add(o, m.keys(o), "add", workqueue.Normal)
	}
}

func (m *mapped[T, K]) OnUpdate(old, new T, resync bool) {
	keys := m.keys(new)
	if resync {
		m.add(new, keys, "resync", workqueue.Low)
		return
	}
	gone := slices.DeleteFunc(m.keys(old), func(key K) bool { return slices.Contains(keys, key) })
	m.add(new, append(gone, keys...), "update", workqueue.Normal)
}

func (m *mapped[T, K]) OnDelete(last T, _ bool) {
	m.add(last, m.keys(last), "delete", workqueue.Normal)
}

func (m *mapped[T, K]) add(o T, keys []K, event string, priority workqueue.Priority) {
	for _, key := range keys {
		what := Trigger{Event: event, Resource: m.informer.Definition(), Object: resource.KeyOf(o), ResourceVersion: o.GetResourceVersion()}
		m.c.again(key, what, func(key K) { m.c.queue.AddPriority(key, priority) })
	}
}

// Channel makes a controller reconcile the keys that come through a channel, until it is closed.
func Channel[K comparable](keys <-chan K) Part[K] {
	return func(c *Controller[K]) {
		c.streams = append(c.streams, func(ctx context.Context) {
			for {
				select {
				case key, ok := <-keys:
					if !ok {
						return
					}
					c.again(key, Trigger{Event: "channel"}, c.queue.Add)
				case <-ctx.Done():
					return
				}
			}
		})
	}
}
