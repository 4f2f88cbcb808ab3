package resource

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// SetController makes owner the controller of o: the one object that manages it, and with which it is deleted. The deletion of owner in the
// foreground waits for o. owner must exist: it needs its apiVersion, kind, and uid, as all objects have that clients and caches
// returned. It is an error if another object controls o, or if o cannot be owned from there.
func SetController(owner, o Object) error {
	for _, ref := range o.GetOwnerReferences() {
		if ref.Controller != nil && *ref.Controller && ref.UID != owner.GetUID() {
			return fmt.Errorf("%q is controlled by %s %q already", KeyOf(o), ref.Kind, ref.Name)
		}
	}
	yes := true
	return setOwner(owner, o, &yes)
}

// AddOwner makes owner one of the owners of o, with the last of which it is deleted. What SetController says of owner holds here, too.
func AddOwner(owner, o Object) error { return setOwner(owner, o, nil) }

// RemoveOwner takes owner from the owners of o, and says whether it was one.
func RemoveOwner(owner, o Object) bool {
	refs := o.GetOwnerReferences()
	kept := slices.DeleteFunc(slices.Clone(refs), func(ref metav1.OwnerReference) bool { return ref.UID == owner.GetUID() })
	if len(kept) == len(refs) {
		return false
	}
	o.SetOwnerReferences(kept)
	return true
}

func setOwner(owner, o Object, yes *bool) error {
	kind := owner.GetObjectKind().GroupVersionKind()
	switch {
	case kind.Kind == "" || kind.Version == "" || owner.GetName() == "" || owner.GetUID() == "":
		return fmt.Errorf("%q cannot own %q: it has no apiVersion, kind, name, and uid of a server's", KeyOf(owner), KeyOf(o))
	case owner.GetNamespace() != "" && owner.GetNamespace() != o.GetNamespace():
		return fmt.Errorf("%s %q cannot own %q: an owner has the same namespace or none", kind.Kind, KeyOf(owner), KeyOf(o))
	}
	ref := metav1.OwnerReference{Name: owner.GetName(), UID: owner.GetUID(), Controller: yes, BlockOwnerDeletion: yes}
	ref.APIVersion, ref.Kind = kind.ToAPIVersionAndKind()
	refs := slices.Clone(o.GetOwnerReferences())
	if i := slices.IndexFunc(refs, func(r metav1.OwnerReference) bool { return r.UID == ref.UID }); i >= 0 {
		if yes == nil {
			ref.Controller, ref.BlockOwnerDeletion = refs[i].Controller, refs[i].BlockOwnerDeletion
		}
		refs[i] = ref
	} else {
		refs = append(refs, ref)
	}
	o.SetOwnerReferences(refs)
	return nil
}

// ControllerOf returns the kind and key of the object that controls o, and whether there is one. The key's namespace is that of o, which
// is wrong for the few controllers of cluster scope: compare the kind first.
func ControllerOf(o Object) (schema.GroupVersionKind, Key, bool) {
	for _, ref := range o.GetOwnerReferences() {
		if ref.Controller != nil && *ref.Controller {
			return schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind), Key{Namespace: o.GetNamespace(), Name: ref.Name}, true
		}
	}
	return schema.GroupVersionKind{}, Key{}, false
}
