package dynamic

import (
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	sigsjson "sigs.k8s.io/json"

	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
)

// Untyped returns an object as its JSON says, without a Go type. It must have its apiVersion and kind, as all objects of clients and caches do. The
// result shares no memory with it.
func Untyped(o resource.Object) (*unstructured.Unstructured, error) {
	if kind := o.GetObjectKind().GroupVersionKind(); kind.Kind == "" || kind.Version == "" {
		return nil, fmt.Errorf("convert %q: the object has no apiVersion and kind", o.GetName())
	}
	data, err := json.Marshal(o)
	if err != nil {
		return nil, fmt.Errorf("convert %q: %w", o.GetName(), err)
	}
	out := &unstructured.Unstructured{}
	if err := sigsjson.UnmarshalCaseSensitivePreserveInts(data, &out.Object); err != nil {
		return nil, fmt.Errorf("convert %q: %w", o.GetName(), err)
	}
	return out, nil
}

// Typed returns an untyped object as an object of a resource. An object of another kind, or a field of another type, is an error; fields that the Go
// type does not have are dropped. The result shares no memory with u.
func Typed[T resource.Object](r resource.Resource[T], u *unstructured.Unstructured) (T, error) {
	data, err := json.Marshal(u.Object)
	if err != nil {
		return *new(T), fmt.Errorf("convert %q: %w", u.GetName(), err)
	}
	o, err := decode.For(r.Definition()).Object(decode.MediaTypeJSON, data)
	if err != nil {
		return *new(T), fmt.Errorf("convert %q: %w", u.GetName(), err)
	}
	return o.(T), nil
}
