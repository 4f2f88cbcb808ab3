package resource

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Object is what every stage handles: a pointer to a Go struct that embeds metav1.TypeMeta and metav1.ObjectMeta. All types of
// k8s.io/api satisfy it, and so do *unstructured.Unstructured, *metav1.PartialObjectMetadata, and a user's own struct
// without any generated method.
//
// Objects that come out of a cache are shared and read-only: call Copy before changing one.
type Object interface {
	metav1.Object
	GetObjectKind() schema.ObjectKind
}

// List is a page or a whole collection as a server returned it. The items are private to the caller.
type List[T Object] struct {
	metav1.TypeMeta
	metav1.ListMeta
	Items []T
}
