package resource

import (
	"reflect"

	"k8s.io/apimachinery/pkg/api/equality"
)

// Equal says whether two values of one type have the same content, as apimachinery's equality.Semantic does: what is nil or empty is equal, and so are
// quantities that are written in two ways. That panics on a type with fields that are not exported, such as time.Time; there reflect.DeepEqual
// decides. It may be called concurrently.
func Equal(a, b any) (equal bool) {
	defer func() {
		if recover() != nil {
			equal = reflect.DeepEqual(a, b)
		}
	}()
	return equality.Semantic.DeepEqual(a, b)
}
