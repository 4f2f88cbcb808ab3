package resource

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Key names one object of a resource. Namespace is empty for cluster-scoped objects. Keys are comparable: they serve
// as map keys and as items of work queues.
type Key struct {
	Namespace string
	Name      string
}

// KeyOf returns the key of an object.
func KeyOf(o metav1.Object) Key { return Key{Namespace: o.GetNamespace(), Name: o.GetName()} }

// ParseKey reads the text form of a key, "namespace/name" or "name". It fails on an empty name and on a second slash.
func ParseKey(text string) (Key, error) {
	namespace, name, found := strings.Cut(text, "/")
	if !found {
		namespace, name = "", text
	}
	if name == "" || strings.Contains(name, "/") || found && namespace == "" {
		return Key{}, fmt.Errorf("key %q: want \"namespace/name\" or \"name\"", text)
	}
	return Key{Namespace: namespace, Name: name}, nil
}

// String returns "namespace/name", or "name" for a cluster-scoped object.
func (k Key) String() string {
	if k.Namespace == "" {
		return k.Name
	}
	return k.Namespace + "/" + k.Name
}

// Compare orders keys by namespace, then name, as slices.SortFunc wants it.
func (k Key) Compare(other Key) int {
	if c := strings.Compare(k.Namespace, other.Namespace); c != 0 {
		return c
	}
	return strings.Compare(k.Name, other.Name)
}
