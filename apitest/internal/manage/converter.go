package manage

import (
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"sigs.k8s.io/structured-merge-diff/v6/typed"

	"github.com/sheaf-dev/sheaf/apitest/internal/kinds"
	"github.com/sheaf-dev/sheaf/apitest/internal/openapi"
	"github.com/sheaf-dev/sheaf/resource"
)

// converter is what a field manager needs to know about the objects of a kind: their types, versions and defaults (there are none).
type converter struct {
	kinds *kinds.Registry
	kind  *kinds.Kind
}

var deduced = managedfields.NewDeducedTypeConverter()

// ObjectToTyped returns an object with its merge rules; without any, lists are atomic.
func (c converter) ObjectToTyped(obj runtime.Object, options ...typed.ValidationOptions) (*typed.TypedValue, error) {
	rules, ok := c.rules(obj.GetObjectKind().GroupVersionKind())
	if !ok {
		return deduced.ObjectToTyped(obj, options...)
	}
	if u, ok := obj.(*unstructured.Unstructured); ok {
		return rules.FromUnstructured(u.Object, options...)
	}
	return rules.FromStructured(obj, options...)
}

func (c converter) rules(gvk schema.GroupVersionKind) (typed.ParseableType, bool) {
	if c.kind.Typed() {
		return openapi.Type(gvk)
	}
	if custom := c.kind.Custom(); custom != nil && custom.Rules != nil {
		return custom.Rules()
	}
	return typed.ParseableType{}, false
}

// TypedToObject returns the object of a value.
func (c converter) TypedToObject(value *typed.TypedValue) (runtime.Object, error) {
	return deduced.TypedToObject(value)
}

// ConvertToVersion returns an object in a version, as a Go struct if the kind has one. An object that is in the version already is returned
// as it is.
func (c converter) ConvertToVersion(in runtime.Object, target runtime.GroupVersioner) (runtime.Object, error) {
	from := in.GetObjectKind().GroupVersionKind()
	gvk, ok := target.KindForGroupVersionKinds([]schema.GroupVersionKind{from})
	if gv, isVersion := target.(schema.GroupVersion); isVersion {
		gvk, ok = gv.WithKind(from.Kind), true
	}
	if !ok {
		return nil, fmt.Errorf("%s has no version %s", from, target.Identifier())
	}
	if gvk == c.kind.GVK() && gvk == from {
		return c.toStruct(in)
	}
	k, ok := c.kinds.ForKind(gvk)
	if !ok || k.Table != c.kind.Table {
		return nil, runtime.NewNotRegisteredErrForKind("apitest", gvk)
	}
	obj, err := k.Convert(resource.Copy(in.(resource.Object)))
	if err != nil {
		return nil, err
	}
	return obj.(runtime.Object), nil
}

// toStruct turns what merging has made of a Go struct into a Go struct again.
func (c converter) toStruct(in runtime.Object) (runtime.Object, error) {
	u, ok := in.(*unstructured.Unstructured)
	if !ok || !c.kind.Typed() {
		return in, nil
	}
	obj := c.kind.New()
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, obj); err != nil {
		return nil, fmt.Errorf("unable to convert unstructured object to %v: %w", c.kind.GVK(), err)
	}
	return obj.(runtime.Object), nil
}

// Convert is not used by field managers.
func (c converter) Convert(in, out, context any) error {
	return errors.New("not supported")
}

// ConvertFieldLabel is not used by field managers.
func (c converter) ConvertFieldLabel(_ schema.GroupVersionKind, label, value string) (string, string, error) {
	return label, value, nil
}

// Default sets no defaults.
func (c converter) Default(runtime.Object) {}

// New returns an empty object.
func (c converter) New(gvk schema.GroupVersionKind) (runtime.Object, error) {
	if gvk != c.kind.GVK() {
		return nil, runtime.NewNotRegisteredErrForKind("apitest", gvk)
	}
	return c.kind.New().(runtime.Object), nil
}
