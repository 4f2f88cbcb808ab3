package population

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// scramble replaces every value in an object by a random one of the same size, so that two objects have nothing in common but their shape.
func scramble(v reflect.Value, d *dice) {
	switch o := v.Addr().Interface().(type) {
	case *metav1.TypeMeta:
		return
	case *metav1.Time:
		if !o.IsZero() {
			*o = metav1.NewTime(time.Unix(1_600_000_000+d.Int63n(100_000_000), 0))
		}
		return
	case *metav1.FieldsV1:
		*o = *metav1.NewFieldsV1(fmt.Sprintf(`{"f:%s":{}}`, d.hex(max(1, len(o.GetRawString())-9))))
		return
	case *resource.Quantity:
		*o = *resource.NewQuantity(d.Int63n(1<<40), resource.DecimalSI)
		return
	case *intstr.IntOrString:
		*o = intstr.FromInt32(d.Int31())
		return
	case *metav1.ObjectMeta:
		version := o.ResourceVersion
		defer func() { o.ResourceVersion = version }()
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(d.hex(v.Len()))
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(d.Int63n(1 << 31))
	case reflect.Pointer:
		if !v.IsNil() {
			scramble(v.Elem(), d)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				scramble(v.Field(i), d)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			scramble(v.Index(i), d)
		}
	case reflect.Map:
		scrambleMap(v, d)
	}
}

func scrambleMap(m reflect.Value, d *dice) {
	if m.IsNil() {
		return
	}
	out := reflect.MakeMap(m.Type())
	names := m.MapKeys()
	slices.SortFunc(names, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	for _, name := range names {
		key, value := reflect.New(m.Type().Key()).Elem(), reflect.New(m.Type().Elem()).Elem()
		key.Set(name)
		value.Set(m.MapIndex(name))
		scramble(key, d)
		scramble(value, d)
		out.SetMapIndex(key, value)
	}
	m.Set(out)
}
