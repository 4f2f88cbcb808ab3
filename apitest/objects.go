package apitest

import (
	"encoding/json"
	"fmt"
	"iter"
	"reflect"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/sheaf-dev/sheaf/apitest/internal/history"
	"github.com/sheaf-dev/sheaf/apitest/internal/kinds"
	"github.com/sheaf-dev/sheaf/resource"
)

// Objects gives a test direct access to the objects of one resource of a server, past its HTTP face: without validation,
// admission, conflicts and finalizers. Watches see the changes as any others. It is a value and may be used concurrently.
type Objects[T resource.Object] struct {
	server *Server
	kind   *kinds.Kind
	def    *resource.Definition
}

// In returns access to a resource of a server. It panics if the server does not serve the resource.
func In[T resource.Object](s *Server, r resource.Resource[T]) Objects[T] {
	return Objects[T]{s, s.kindOf(r), r.Definition()}
}

// kindOf returns a served resource. One that is not served is a mistake in the test.
func (s *Server) kindOf(r Definer) *kinds.Kind {
	k, ok := s.kinds.Lookup(r.Definition().GroupVersionResource())
	if !ok {
		panic(fmt.Sprintf("apitest: %s is not served: list it in Options.Resources", r.Definition()))
	}
	return k
}

// Put stores objects as they are, their status included, over whatever has their keys. What is missing of uid,
// creationTimestamp and generation is filled in; the resourceVersion is always new. Missing namespaces are created. The objects
// are not changed and not kept.
func (o Objects[T]) Put(objs ...T) error {
	for _, obj := range objs {
		stored, err := o.toStored(obj)
		if err != nil {
			return fmt.Errorf("put %s %s: %w", o.def, resource.KeyOf(obj), err)
		}
		if _, err := o.server.objects.Put(o.kind, stored); err != nil {
			return fmt.Errorf("put %s %s: %w", o.def, resource.KeyOf(obj), err)
		}
	}
	return nil
}

// Get returns a copy of an object; its error satisfies apierrors.IsNotFound if there is none.
func (o Objects[T]) Get(key resource.Key) (T, error) {
	v := o.kind.Table.Get(history.KeyOf(key.Namespace, key.Name))
	if v == nil {
		var none T
		return none, apierrors.NewNotFound(o.kind.GR(), key.Name)
	}
	return o.fromVersion(v)
}

// Modify changes an object by a function, and stores the result as Put does. The function may be called again if somebody else
// changes the object at the same time.
func (o Objects[T]) Modify(key resource.Key, change func(T)) error {
	return o.server.objects.Modify(o.kind, history.KeyOf(key.Namespace, key.Name), key.Name, func(v *history.Version) (resource.Object, error) {
		obj, err := o.fromVersion(v)
		if err != nil {
			return nil, err
		}
		change(obj)
		return o.toStored(obj)
	})
}

// Remove ends an object at once, whatever finalizers it has. Its error satisfies apierrors.IsNotFound if there is none.
func (o Objects[T]) Remove(key resource.Key) error {
	return o.server.objects.Remove(o.kind, history.KeyOf(key.Namespace, key.Name), key.Name)
}

// Len returns how many objects there are.
func (o Objects[T]) Len() int { return o.kind.Table.Len() }

// All returns copies of all objects, sorted by namespace and name, in one consistent state.
func (o Objects[T]) All() iter.Seq[T] {
	page, err := o.kind.Table.Page(history.Query{})
	return func(yield func(T) bool) {
		if err != nil {
			panic(fmt.Sprintf("apitest: read all %s: %v", o.def, err)) // the newest state can always be read
		}
		for _, v := range page.Versions {
			obj, err := o.fromVersion(v)
			if err != nil {
				panic(fmt.Sprintf("apitest: read %s %s: %v", o.def, v.Key, err)) // it does not fit the caller's Go type
			}
			if !yield(obj) {
				return
			}
		}
	}
}

// toStored returns the object as the server holds it: a Go struct, or unstructured. obj stays as it is.
func (o Objects[T]) toStored(obj T) (resource.Object, error) {
	if o.kind.Typed() && reflect.TypeOf(obj).Elem() == o.kind.Def.GoType() {
		stored := private(obj)
		o.def.SetKind(stored)
		return stored, nil
	}
	stored := resource.Copy(obj)
	o.def.SetKind(stored)
	if _, ok := any(stored).(*unstructured.Unstructured); ok && !o.kind.Typed() {
		return stored, nil
	}
	data, err := json.Marshal(stored)
	if err != nil {
		return nil, err
	}
	return o.kind.FromJSON(data)
}

func (o Objects[T]) fromVersion(v *history.Version) (T, error) {
	var none T
	stored, err := o.kind.Object(v)
	if err != nil {
		return none, err
	}
	if obj, ok := stored.(T); ok {
		return obj, nil
	}
	data, err := o.kind.JSON(v)
	if err != nil {
		return none, err
	}
	obj := o.def.New()
	if err := json.Unmarshal(data, obj); err != nil {
		return none, err
	}
	return obj.(T), nil
}
