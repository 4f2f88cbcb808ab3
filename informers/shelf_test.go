package informers_test

import (
	"context"
	"strconv"
	"sync"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/resource"
)

var configMaps = resource.Define[*v1.ConfigMap]("", "v1", "configmaps", "ConfigMap", resource.Namespaced)

// shelf is a user's own system: some objects, a list function and a watch function.
type shelf struct {
	mu      sync.Mutex // owns the rest
	objects map[string]*v1.ConfigMap
	history []watch.Event // of one change each: the n-th made version n+1
	watches []*watch.RaceFreeFakeWatcher
}

func newShelf() *shelf { return &shelf{objects: map[string]*v1.ConfigMap{}} }

func (s *shelf) source() informers.ListWatch[*v1.ConfigMap] {
	return informers.ListWatch[*v1.ConfigMap]{ListFunc: s.list, WatchFunc: s.watch}
}

func (s *shelf) list(context.Context, metav1.ListOptions) (*resource.List[*v1.ConfigMap], error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := &resource.List[*v1.ConfigMap]{ListMeta: metav1.ListMeta{ResourceVersion: strconv.Itoa(len(s.history))}}
	for _, o := range s.objects {
		list.Items = append(list.Items, o.DeepCopy())
	}
	return list, nil
}

func (s *shelf) watch(_ context.Context, opts metav1.ListOptions) (watch.Interface, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from, err := strconv.Atoi(opts.ResourceVersion)
	if err != nil {
		return nil, err
	}
	w := watch.NewRaceFreeFake()
	for _, event := range s.history[from:] {
		w.Action(event.Type, event.Object.DeepCopyObject())
	}
	s.watches = append(s.watches, w)
	return w, nil
}

func (s *shelf) happen(kind watch.EventType, o *v1.ConfigMap) {
	o.ResourceVersion = strconv.Itoa(len(s.history) + 1)
	s.history = append(s.history, watch.Event{Type: kind, Object: o})
	for _, w := range s.watches {
		if !w.IsStopped() {
			w.Action(kind, o.DeepCopy())
		}
	}
}

func (s *shelf) put(namespace, name, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := &v1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
		Namespace: namespace, Name: name, UID: types.UID(namespace + name), Labels: map[string]string{"value": value},
	}, Data: map[string]string{"value": value}}
	kind := watch.Added
	if _, update := s.objects[namespace+"/"+name]; update {
		kind = watch.Modified
	}
	s.objects[namespace+"/"+name] = o
	s.happen(kind, o)
}

func (s *shelf) remove(namespace, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.objects[namespace+"/"+name].DeepCopy()
	delete(s.objects, namespace+"/"+name)
	s.happen(watch.Deleted, o)
}
