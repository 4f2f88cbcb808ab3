package store

import (
	"errors"
	"fmt"
	"maps"

	"github.com/sheaf-dev/sheaf/resource"
)

// version is the content of one snapshot.
type version struct {
	resourceVersion string
	objects         map[resource.Key]resource.Object
	stale           map[resource.Key]error
	indexes         map[string]*index
}

type index struct {
	f      IndexFunc
	values map[resource.Key][]string
	errs   map[resource.Key]error
}

func newIndexes(indexers map[string]IndexFunc) map[string]*index {
	indexes := map[string]*index{}
	for name, f := range indexers {
		indexes[name] = &index{f: f, values: map[resource.Key][]string{}, errs: map[resource.Key]error{}}
	}
	return indexes
}

func (v *version) clone() *version {
	next := &version{resourceVersion: v.resourceVersion, objects: maps.Clone(v.objects), stale: maps.Clone(v.stale), indexes: map[string]*index{}}
	for name, x := range v.indexes {
		next.indexes[name] = &index{f: x.f, values: maps.Clone(x.values), errs: maps.Clone(x.errs)}
	}
	return next
}

func (v *version) apply(c *Change) Applied {
	old := v.objects[c.Key]
	delete(v.stale, c.Key)
	switch c.Op {
	case Set:
		v.objects[c.Key] = c.Object
		for _, x := range v.indexes {
			x.set(c.Key, c.Object)
		}
	case Delete:
		delete(v.objects, c.Key)
		for _, x := range v.indexes {
			delete(x.values, c.Key)
			delete(x.errs, c.Key)
		}
	case MarkStale:
		v.stale[c.Key] = c.Err
		if c.Err == nil {
			v.stale[c.Key] = ErrStale
		}
	}
	return Applied{Key: c.Key, Old: old, New: v.objects[c.Key]}
}

func (x *index) set(key resource.Key, o resource.Object) {
	delete(x.values, key)
	delete(x.errs, key)
	values, err := x.f.call(o)
	if err != nil {
		x.errs[key] = err
		return
	}
	x.values[key] = values
}

func (v *version) addIndexers(indexers map[string]IndexFunc) error {
	for name, f := range indexers {
		if f == nil {
			return fmt.Errorf("index %q: %w", name, errors.New("the function is nil"))
		}
		if _, taken := v.indexes[name]; taken {
			return fmt.Errorf("index %q: %w", name, ErrIndexExists)
		}
	}
	for name, x := range newIndexes(indexers) {
		for key, o := range v.objects {
			x.set(key, o)
		}
		v.indexes[name] = x
	}
	return nil
}
