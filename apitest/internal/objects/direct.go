package objects

import (
	"errors"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sheaf-dev/sheaf/apitest/internal/history"
	"github.com/sheaf-dev/sheaf/apitest/internal/kinds"
	"github.com/sheaf-dev/sheaf/resource"
)

// Put stores an object as it is. Only what every stored object has is filled in, for which the object itself is changed, but nothing
// that it points to.
func (s *Store) Put(k *kinds.Kind, obj resource.Object) (*history.Version, error) {
	if obj.GetName() == "" {
		return nil, errors.New("the object has no name")
	}
	if k.Namespaced() != (obj.GetNamespace() != "") {
		return nil, errors.New("the object's namespace does not fit the resource, which is " + k.Def.Scope().String())
	}
	if err := s.ensureNamespace(obj.GetNamespace()); err != nil {
		return nil, err
	}
	key := history.KeyOf(obj.GetNamespace(), obj.GetName())
	for {
		v, err := s.put(k, k.Table.Get(key), key, obj)
		if !errors.Is(err, history.ErrChanged) {
			return v, err
		}
	}
}

func (s *Store) put(k *kinds.Kind, current *history.Version, key string, obj resource.Object) (*history.Version, error) {
	if obj.GetUID() == "" {
		obj.SetUID(types.UID(s.newUID()))
		if current != nil {
			obj.SetUID(types.UID(current.UID))
		}
	}
	if at := obj.GetCreationTimestamp(); at.IsZero() {
		obj.SetCreationTimestamp(metav1.NewTime(now()))
	}
	if obj.GetGeneration() == 0 && k.Facts.Generation {
		obj.SetGeneration(1)
	}
	if namespace, ok := obj.(*corev1.Namespace); ok && namespace.Status.Phase == "" || k.GR() == definitionsResource {
		obj = resource.Copy(obj)
		s.defaults(k, obj)
	}
	stored, err := k.ToStorage(obj)
	if err != nil {
		return nil, err
	}
	return s.write(k, key, current, func(revision uint64) (*history.Version, error) {
		return version(k, stored, revision, current)
	})
}

func (s *Store) ensureNamespace(name string) error {
	if name == "" {
		return nil
	}
	namespaces, ok := s.Kinds.Lookup(corev1.SchemeGroupVersion.WithResource("namespaces"))
	if !ok || namespaces.Table.Get(name) != nil {
		return nil
	}
	_, err := s.Put(namespaces, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
	return err
}

// Modify stores what change makes of an object's newest state.
func (s *Store) Modify(k *kinds.Kind, key, name string, change func(*history.Version) (resource.Object, error)) error {
	for {
		current := k.Table.Get(key)
		if current == nil {
			return notFound(k, name)
		}
		obj, err := change(current)
		if err != nil {
			return err
		}
		if history.KeyOf(obj.GetNamespace(), obj.GetName()) != key {
			return errors.New("the change gave the object another name")
		}
		if _, err = s.put(k, current, key, obj); !errors.Is(err, history.ErrChanged) {
			return err
		}
	}
}

// Remove ends an object at once.
func (s *Store) Remove(k *kinds.Kind, key, name string) error {
	for {
		current := k.Table.Get(key)
		if current == nil {
			return notFound(k, name)
		}
		if _, err := s.remove(k, current, false); !errors.Is(err, history.ErrChanged) {
			return err
		}
	}
}
