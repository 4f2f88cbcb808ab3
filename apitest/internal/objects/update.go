package objects

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/sheaf-dev/sheaf/apitest/internal/crd"
	"github.com/sheaf-dev/sheaf/apitest/internal/history"
	"github.com/sheaf-dev/sheaf/apitest/internal/kinds"
	"github.com/sheaf-dev/sheaf/resource"
)

// Change says what an update does.
type Change struct {
	Namespace, Name string
	// Make returns the new state. current is a private copy of the newest state, nil if there is none and Upsert allows that.
	Make        func(current resource.Object) (resource.Object, error)
	Subresource string
	// Upsert creates the object if it does not exist.
	Upsert bool
	// Whole says that the new state comes from the client as a whole, and not by a patch of the current one.
	Whole  bool
	DryRun bool
}

// Update replaces the state of an object, and says whether it was created. It tries again when another change comes between,
// unless the new state names the resourceVersion that it replaces: then it fails with a conflict.
func (s *Store) Update(k *kinds.Kind, c Change) (v *history.Version, created bool, err error) {
	key := history.KeyOf(c.Namespace, c.Name)
	for {
		current := k.Table.Get(key)
		if current == nil {
			v, err = s.upsert(k, c)
			created = true
			if c.Upsert && apierrors.IsAlreadyExists(err) {
				continue
			}
			return v, created && err == nil, err
		}
		v, err = s.replace(k, c, current)
		if !errors.Is(err, history.ErrChanged) {
			return v, false, err
		}
	}
}

func (s *Store) upsert(k *kinds.Kind, c Change) (*history.Version, error) {
	if !c.Upsert {
		return nil, notFound(k, c.Name)
	}
	obj, err := c.Make(nil)
	if err != nil {
		return nil, err
	}
	obj.SetResourceVersion("") // there is nothing that it could name
	return s.Create(k, obj, c.DryRun)
}

func (s *Store) replace(k *kinds.Kind, c Change, current *history.Version) (*history.Version, error) {
	old, err := k.Object(current)
	if err != nil {
		return nil, err
	}
	private := resource.Copy(old)
	next, err := c.Make(private)
	if err != nil {
		return nil, err
	}
	if err := checkPreconditions(k, next, old, c.Whole); err != nil {
		return nil, err
	}
	s.prepareUpdate(k, c.Subresource, next, old)
	if err := s.validate(k, next, old); err != nil {
		return nil, err
	}
	stored, err := k.ToStorage(next)
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	if isFinished(next) {
		if _, err := s.remove(k, current, c.DryRun); err != nil {
			return nil, err
		}
		return version(k, stored, current.Revision, current) // what was asked for, though it was never stored
	}
	return s.commit(k, stored, current, c.DryRun)
}

// checkPreconditions compares the resourceVersion, and the uid if the update is a whole object, with the state that is replaced.
func checkPreconditions(k *kinds.Kind, next, old resource.Object, whole bool) error {
	if uid := next.GetUID(); whole && uid != "" && uid != old.GetUID() {
		key := "/registry/" + k.GVR().Resource + "/" + history.KeyOf(old.GetNamespace(), old.GetName())
		return apierrors.NewConflict(k.GR(), old.GetName(), fmt.Errorf("StorageError: invalid object, Code: 4, Key: %s, ResourceVersion: 0, "+
			"AdditionalErrorMsg: Precondition failed: UID in precondition: %v, UID in object meta: %v", key, uid, old.GetUID()))
	}
	switch rv := next.GetResourceVersion(); {
	case rv != "" && rv != "0":
		if _, err := strconv.ParseUint(rv, 10, 64); err != nil {
			return err
		}
		if rv != old.GetResourceVersion() {
			return modified(k, old.GetName())
		}
	case k.Facts.Conditional:
		problem := field.Invalid(field.NewPath("metadata", "resourceVersion"), 0, "must be specified for an update")
		return apierrors.NewInvalid(schema.GroupKind{Group: k.GVR().Group, Kind: k.GVR().Resource}, old.GetName(), field.ErrorList{problem})
	}
	return nil
}

// prepareUpdate keeps what this update may not change.
func (s *Store) prepareUpdate(k *kinds.Kind, subresource string, next, old resource.Object) {
	switch subresource {
	case "status", "approval":
		copyAllButStatus(next, old)
		keepMetadata(k, next, old)
	case "binding":
	default:
		if k.Has("status") {
			copyStatus(next, old)
		}
	}
	keepParts(subresource, next, old)
	if namespace, ok := next.(*corev1.Namespace); ok {
		labelNamespace(namespace)
	}
	next.SetResourceVersion(old.GetResourceVersion())
	if next.GetUID() == "" {
		next.SetUID(old.GetUID())
	}
	next.SetCreationTimestamp(old.GetCreationTimestamp())
	next.SetSelfLink("")
	if old.GetDeletionTimestamp() != nil {
		next.SetDeletionTimestamp(old.GetDeletionTimestamp())
	}
	if old.GetDeletionGracePeriodSeconds() != nil && next.GetDeletionGracePeriodSeconds() == nil {
		next.SetDeletionGracePeriodSeconds(old.GetDeletionGracePeriodSeconds())
	}
	next.SetGeneration(old.GetGeneration())
	if u, ok := next.(*unstructured.Unstructured); ok && k.GR() == definitionsResource {
		crd.Default(u)
		establish(u)
	}
	if k.Facts.Generation && subresource != "binding" && !sameIntent(next, old, k.Has("status")) {
		next.SetGeneration(old.GetGeneration() + 1)
	}
}

// keepParts keeps the parts of specs that have subresources of their own.
func keepParts(subresource string, next, old resource.Object) {
	switch n := next.(type) {
	case *corev1.Pod:
		o := old.(*corev1.Pod)
		switch subresource {
		case "":
			n.Spec.EphemeralContainers = o.Spec.EphemeralContainers
		case "ephemeralcontainers":
			added := n.Spec.EphemeralContainers
			n.Spec = *o.Spec.DeepCopy()
			n.Spec.EphemeralContainers = added
			keepMetadataOf(n, o)
		case "resize":
			resized := n.Spec.Containers
			n.Spec = *o.Spec.DeepCopy()
			for i := range min(len(n.Spec.Containers), len(resized)) {
				n.Spec.Containers[i].Resources = resized[i].Resources
			}
			keepMetadataOf(n, o)
		}
	case *corev1.Namespace:
		o := old.(*corev1.Namespace)
		if subresource != "finalize" {
			n.Spec.Finalizers = o.Spec.Finalizers
		}
	}
}

func keepMetadataOf(next, old resource.Object) {
	next.SetLabels(old.GetLabels())
	next.SetAnnotations(old.GetAnnotations())
	next.SetFinalizers(old.GetFinalizers())
	next.SetOwnerReferences(old.GetOwnerReferences())
}

// keepMetadata makes the metadata that an update of the status may not change the old object's.
func keepMetadata(k *kinds.Kind, next, old resource.Object) {
	switch k.Facts.StatusMetadata {
	case kinds.MetadataOpen:
		return
	case kinds.MetadataButLabels:
		next.SetLabels(old.GetLabels())
		return
	case kinds.MetadataButOwners:
		next.SetOwnerReferences(old.GetOwnerReferences())
		next.SetDeletionTimestamp(nil)
		return
	}
	next.SetDeletionTimestamp(old.GetDeletionTimestamp())
	keepMetadataOf(next, old)
}

// isFinished says whether an object that is being deleted has nothing left to wait for.
func isFinished(obj resource.Object) bool {
	grace := obj.GetDeletionGracePeriodSeconds()
	return obj.GetDeletionTimestamp() != nil && len(obj.GetFinalizers()) == 0 && (grace == nil || *grace == 0) && !namespaceFinalizers(obj)
}

// commit stores the next state over the current one; without a difference nothing is stored.
func (s *Store) commit(k *kinds.Kind, stored resource.Object, current *history.Version, dryRun bool) (*history.Version, error) {
	same, err := version(k, stored, current.Revision, current)
	if err != nil {
		return nil, err
	}
	if bytes.Equal(same.Data, current.Data) || s.onlyTimesDiffer(k, stored, current) {
		return current, nil
	}
	if dryRun {
		return same, nil
	}
	return s.write(k, current.Key, current, func(revision uint64) (*history.Version, error) {
		return version(k, stored, revision, current)
	})
}

// onlyTimesDiffer says whether two states differ in nothing but the times of their managed fields.
func (s *Store) onlyTimesDiffer(k *kinds.Kind, stored resource.Object, current *history.Version) bool {
	next := stored.GetManagedFields()
	if len(next) == 0 {
		return false
	}
	old, err := k.Storage.Object(current)
	if err != nil || len(old.GetManagedFields()) != len(next) {
		return false
	}
	for i, entry := range old.GetManagedFields() {
		entry.Time = next[i].Time
		if !apiequality.Semantic.DeepEqual(entry, next[i]) {
			return false
		}
	}
	stored.SetManagedFields(old.GetManagedFields())
	defer stored.SetManagedFields(next)
	same, err := version(k, stored, current.Revision, current)
	return err == nil && bytes.Equal(same.Data, current.Data)
}
