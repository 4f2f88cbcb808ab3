package decode

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/resource"
)

// Encode writes a request's body: an object of the resource, one of a subresource, or options such as *metav1.DeleteOptions. The
// bytes carry the apiVersion and kind of the definition for objects of its Go type, of the object itself for others, and v1 for
// options of metav1. The object is not changed.
func Encode(def *resource.Definition, mediaType string, o any) ([]byte, error) {
	f, err := formatOf(mediaType)
	if err != nil {
		return nil, err
	}
	gvk, err := kindToSend(def, o)
	if err != nil {
		return nil, err
	}
	if f == formatProtobuf {
		return encodeProtobuf(gvk, o)
	}
	body, err := json.Marshal(withKind(o, gvk))
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", gvk.Kind, err)
	}
	return body, nil
}

// kindToSend finds what the bytes shall say they are.
func kindToSend(def *resource.Definition, o any) (schema.GroupVersionKind, error) {
	v := reflect.ValueOf(o)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return schema.GroupVersionKind{}, fmt.Errorf("encode: want a pointer to an object, have %T", o)
	}
	if def != nil && v.Type().Elem() == def.GoType() {
		return def.GroupVersionKind(), nil
	}
	if kinded, ok := o.(interface{ GetObjectKind() schema.ObjectKind }); ok {
		if gvk := kinded.GetObjectKind().GroupVersionKind(); !gvk.Empty() {
			return gvk, nil
		}
	}
	if v.Type().Elem().PkgPath() == reflect.TypeFor[metav1.DeleteOptions]().PkgPath() {
		return schema.GroupVersionKind{Version: "v1", Kind: v.Type().Elem().Name()}, nil
	}
	return schema.GroupVersionKind{}, fmt.Errorf("encode: a %T needs its apiVersion and kind set", o)
}

func encodeProtobuf(gvk schema.GroupVersionKind, o any) ([]byte, error) {
	message, ok := o.(interface{ Marshal() ([]byte, error) })
	if !ok {
		return nil, fmt.Errorf("encode %s: a %T cannot be written as protobuf", gvk.Kind, o)
	}
	raw, err := message.Marshal()
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", gvk.Kind, err)
	}
	unknown := runtime.Unknown{Raw: raw}
	unknown.APIVersion, unknown.Kind = gvk.ToAPIVersionAndKind()
	body := make([]byte, len(magic)+unknown.Size())
	copy(body, magic)
	if _, err := unknown.MarshalTo(body[len(magic):]); err != nil {
		return nil, fmt.Errorf("encode %s: %w", gvk.Kind, err)
	}
	return body, nil
}

// withKind returns a shallow copy of the object with its apiVersion and kind set.
func withKind(o any, gvk schema.GroupVersionKind) any {
	if u, ok := o.(*unstructured.Unstructured); ok {
		content := maps.Clone(u.Object)
		if content == nil {
			content = map[string]any{}
		}
		copied := &unstructured.Unstructured{Object: content}
		copied.SetGroupVersionKind(gvk)
		return copied
	}
	kinded, ok := o.(interface{ GetObjectKind() schema.ObjectKind })
	if !ok || kinded.GetObjectKind().GroupVersionKind() == gvk {
		return o
	}
	v := reflect.ValueOf(o).Elem()
	copied := reflect.New(v.Type())
	copied.Elem().Set(v)
	copied.Interface().(interface{ GetObjectKind() schema.ObjectKind }).GetObjectKind().SetGroupVersionKind(gvk)
	return copied.Interface()
}
