package await

import (
	"fmt"
	"reflect"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/sheaf-dev/sheaf/resource"
)

// Condition is met when the object's status has a condition of the type whose status is "True": "Available" of a Deployment, "Ready" of a Pod. It
// works for all Go types that have them in the usual form, Status.Conditions with fields Type and Status, and for untyped objects.
func Condition[T resource.Object](conditionType string) Until[T] {
	return func(o T, there bool) (bool, error) {
		if !there {
			return false, nil
		}
		if u, ok := any(o).(*unstructured.Unstructured); ok {
			return untypedCondition(u, conditionType)
		}
		conditions, ok := conditionsOf(reflect.ValueOf(o))
		if !ok {
			return false, fmt.Errorf("a %T has no conditions", o)
		}
		for i := range conditions.Len() {
			c := reflect.Indirect(conditions.Index(i))
			if c.IsValid() && c.FieldByName("Type").String() == conditionType {
				return c.FieldByName("Status").String() == "True", nil
			}
		}
		return false, nil
	}
}

// conditionsOf finds Status.Conditions, a list of structs with the texts Type and Status.
func conditionsOf(o reflect.Value) (reflect.Value, bool) {
	for _, name := range []string{"Status", "Conditions"} {
		if o = reflect.Indirect(o); o.Kind() != reflect.Struct {
			return reflect.Value{}, false
		}
		if o = o.FieldByName(name); !o.IsValid() {
			return reflect.Value{}, false
		}
	}
	if o.Kind() != reflect.Slice {
		return reflect.Value{}, false
	}
	element := o.Type().Elem()
	if element.Kind() == reflect.Pointer {
		element = element.Elem()
	}
	for _, name := range []string{"Type", "Status"} {
		if element.Kind() != reflect.Struct {
			return reflect.Value{}, false
		}
		if f, ok := element.FieldByName(name); !ok || f.Type.Kind() != reflect.String {
			return reflect.Value{}, false
		}
	}
	return o, true
}

func untypedCondition(u *unstructured.Unstructured, conditionType string) (bool, error) {
	conditions, _, err := unstructured.NestedFieldNoCopy(u.Object, "status", "conditions")
	if err != nil {
		return false, fmt.Errorf("the conditions of %q: %w", u.GetName(), err)
	}
	list, ok := conditions.([]any)
	if !ok && conditions != nil { // servers send null for none
		return false, fmt.Errorf("the conditions of %q are no list, but a %T", u.GetName(), conditions)
	}
	for _, entry := range list {
		if c, ok := entry.(map[string]any); ok && c["type"] == conditionType {
			return c["status"] == "True", nil
		}
	}
	return false, nil
}
