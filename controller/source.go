package controller

import (
	"context"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/cache"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/workqueue"
)

// If says of which updates a source hears; resyncs are always heard of. The functions must not change the objects.
type If[T resource.Object] func(old, new T) bool

// NewGeneration is an If: the spec has changed, or a deletion has begun, but not the status alone.
func NewGeneration[T resource.Object](old, new T) bool {
	return old.GetGeneration() != new.GetGeneration()
}

// For makes a controller reconcile the objects of an informer, by their own keys.
func For[T resource.Object](informer informers.Informer[T], updates ...If[T]) Part[resource.Key] {
	return Mapped(informer, func(o T) []resource.Key { return []resource.Key{resource.KeyOf(o)} }, updates...)
}

// Owned makes a controller reconcile an object, of the owner resource, when one changes that it controls: whose owner reference
// names it, with controller: true. Versions of the owner's group do not matter.
func Owned[T, O resource.Object](informer informers.Informer[T], owner resource.Resource[O], updates ...If[T]) Part[resource.Key] {
	kind, namespaced := owner.Definition().GroupVersionKind(), owner.Definition().Namespaced()
	return Mapped(informer, func(o T) []resource.Key {
		ref := metav1.GetControllerOfNoCopy(o)
		if ref == nil || ref.Kind != kind.Kind || schema.FromAPIVersionAndKind(ref.APIVersion, "").Group != kind.Group {
			return nil
		}
		key := resource.Key{Name: ref.Name}
		if namespaced {
			key.Namespace = o.GetNamespace()
		}
		return []resource.Key{key}
	}, updates...)
}

// Mapped makes a controller reconcile the keys that a function returns for an object that changed: for its old state and
// its new one, and for the last one of an object that is gone. The function must not change the object.
//
// It may look in the cache of another informer for those who use the object, by an index for example, if that informer is a source
// of the controller, too: a user that its cache does not have yet is queued when it comes. It must not look in a cache for the object
// itself, which may be gone.
func Mapped[T resource.Object, K comparable](informer informers.Informer[T], keys func(o T) []K, updates ...If[T]) Part[K] {
	deaf := func(old, new resource.Object) bool {
		return slices.ContainsFunc(updates, func(hears If[T]) bool { return !hears(old.(T), new.(T)) })
	}
	return func(c *Controller[K]) {
		s := &source[K]{c: c, SharedIndexInformer: informer.Shared(), keys: func(o resource.Object) []K { return keys(o.(T)) }, deaf: deaf}
		c.sources = append(c.sources, s)
	}
}

// source is a cache.EventHandler that queues keys. What comes in bulk yields to what changes now.
type source[K comparable] struct {
	c *Controller[K]
	*cache.SharedIndexInformer
	keys         func(resource.Object) []K
	deaf         func(old, new resource.Object) bool
	registration *cache.Registration // while Standby runs
}

// replay queues the keys of all objects once more.
func (s *source[K]) replay() {
	for o := range s.Reader().Snapshot().All() {
		s.add(o, s.keys(o), "replay", workqueue.Low)
	}
}

func (s *source[K]) OnAdd(o resource.Object, initial bool) {
	if initial {
		s.add(o, s.keys(o), "initial", workqueue.Low)
		return
	}
	s.add(o, s.keys(o), "add", workqueue.Normal)
}

func (s *source[K]) OnUpdate(old, new resource.Object, resync bool) {
	keys := s.keys(new)
	if resync {
		s.add(new, keys, "resync", workqueue.Low)
	}
	if resync || s.deaf(old, new) {
		return
	}
	gone := slices.DeleteFunc(s.keys(old), func(key K) bool { return slices.Contains(keys, key) })
	s.add(new, append(gone, keys...), "update", workqueue.Normal)
}

func (s *source[K]) OnDelete(o resource.Object, _ bool) {
	s.add(o, s.keys(o), "delete", workqueue.Normal)
}

func (s *source[K]) add(o resource.Object, keys []K, event string, priority workqueue.Priority) {
	for _, key := range keys {
		s.c.triggers.note(key, Trigger{Event: event, Resource: s.Definition(), Object: resource.KeyOf(o), ResourceVersion: o.GetResourceVersion()})
		s.c.queue.AddPriority(key, priority)
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
					c.triggers.note(key, Trigger{Event: "channel"})
					c.queue.Add(key)
				case <-ctx.Done():
					return
				}
			}
		})
	}
}
