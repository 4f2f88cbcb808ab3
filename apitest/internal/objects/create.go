package objects

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/sheaf-dev/sheaf/apitest/internal/crd"
	"github.com/sheaf-dev/sheaf/apitest/internal/history"
	"github.com/sheaf-dev/sheaf/apitest/internal/kinds"
	"github.com/sheaf-dev/sheaf/resource"
)

// generatedTries is how often a generated name that exists already is generated anew.
const generatedTries = 8

// Create stores a new object, which it changes: obj is in the form of k and becomes the stored object. With dryRun everything
// but the storing is done.
func (s *Store) Create(k *kinds.Kind, obj resource.Object, dryRun bool) (*history.Version, error) {
	if err := s.checkNamespace(k, obj); err != nil {
		return nil, err
	}
	generated := obj.GetName() == "" && obj.GetGenerateName() != ""
	for try := 1; ; try++ {
		if generated {
			obj.SetName(shorten(obj.GetGenerateName()) + s.newSuffix())
		}
		v, err := s.create(k, obj, dryRun)
		if apierrors.IsAlreadyExists(err) && obj.GetGenerateName() != "" {
			err = apierrors.NewGenerateNameConflict(k.GR(), obj.GetName(), 1)
		}
		if !generated || try == generatedTries || !apierrors.IsAlreadyExists(err) {
			return v, err
		}
	}
}

// shorten makes room for the suffix in a name of at most 63 characters.
func shorten(base string) string { return base[:min(len(base), 58)] }

func (s *Store) create(k *kinds.Kind, obj resource.Object, dryRun bool) (*history.Version, error) {
	sent := obj.GetResourceVersion()
	if err := s.prepareCreate(k, obj); err != nil {
		return nil, err
	}
	if version, err := strconv.ParseUint(sent, 10, 64); err == nil && version != 0 && !dryRun { // what is no version is not looked at
		return nil, plainError("resourceVersion should not be set on objects to be created")
	}
	stored, err := k.ToStorage(obj)
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	key := history.KeyOf(obj.GetNamespace(), obj.GetName())
	if dryRun {
		if k.Table.Get(key) != nil {
			return nil, apierrors.NewAlreadyExists(k.GR(), obj.GetName())
		}
		return dryVersion(k, stored, sent)
	}
	v, err := s.write(k, key, nil, func(revision uint64) (*history.Version, error) {
		return version(k, stored, revision, nil)
	})
	if errors.Is(err, history.ErrChanged) {
		return nil, apierrors.NewAlreadyExists(k.GR(), obj.GetName())
	}
	return v, err
}

// prepareCreate fills in what the server decides and checks the metadata.
func (s *Store) prepareCreate(k *kinds.Kind, obj resource.Object) error {
	obj.SetResourceVersion("")
	obj.SetUID(types.UID(s.newUID()))
	obj.SetCreationTimestamp(metav1.NewTime(time.Now().UTC().Truncate(time.Second)))
	obj.SetDeletionTimestamp(nil)
	obj.SetDeletionGracePeriodSeconds(nil)
	obj.SetSelfLink("")
	if k.Facts.Generation {
		obj.SetGeneration(1)
	}
	if k.Has("status") && !k.Facts.KeepStatus {
		copyStatus(obj, nil)
	}
	s.defaults(k, obj)
	return s.validate(k, obj, nil)
}

// defaults sets the few fields of built-in types without which the protocol itself would not work.
func (s *Store) defaults(k *kinds.Kind, obj resource.Object) {
	switch o := obj.(type) {
	case *unstructured.Unstructured:
		if k.GR() == definitionsResource {
			crd.Default(o)
			establish(o)
		}
	case *corev1.Pod:
		o.Status.Phase = corev1.PodPending
	case *corev1.Namespace:
		o.Status.Phase = corev1.NamespaceActive
		o.Spec.Finalizers = []corev1.FinalizerName{corev1.FinalizerKubernetes}
		labelNamespace(o)
	}
}

// labelNamespace gives a namespace its name as a label, by which it can be selected.
func labelNamespace(namespace *corev1.Namespace) {
	if namespace.Labels == nil {
		namespace.Labels = map[string]string{}
	}
	namespace.Labels[corev1.LabelMetadataName] = namespace.Name
}

// validate checks the metadata of an object; old is nil for a new one.
func (s *Store) validate(k *kinds.Kind, obj, old resource.Object) error {
	problems := checkMetadata(k, obj, nameRule(k))
	if old != nil {
		problems = checkUpdate(k, obj, old)
	}
	if u, ok := obj.(*unstructured.Unstructured); ok {
		if k.GR() == definitionsResource {
			problems = append(problems, crd.Validate(u)...)
		}
		if custom := k.Custom(); custom != nil {
			problems = append(problems, custom.Check(u.Object)...)
		}
	}
	if len(problems) > 0 {
		return invalid(k, obj.GetName(), problems)
	}
	return nil
}

// checkMetadata checks an object's metadata. The real server has rules of its own for the finalizers of most built-in types.
func checkMetadata(k *kinds.Kind, obj resource.Object, names validation.ValidateNameFunc) field.ErrorList {
	metadata := field.NewPath("metadata")
	problems := validation.ValidateObjectMetaAccessor(obj, k.Namespaced(), names, metadata)
	if k.Typed() && !isLease(k) {
		problems = append(problems, checkFinalizers(obj, metadata.Child("finalizers"))...)
	}
	return problems
}

// checkUpdate checks the metadata of an object that replaces another. The real server does so up to four times, and says so.
func checkUpdate(k *kinds.Kind, obj, old resource.Object) field.ErrorList {
	change := validation.ValidateObjectMetaAccessorUpdate(obj, old, field.NewPath("metadata"))
	names := nameRule(k)
	problems := slices.Concat(checkMetadata(k, obj, func(name string, prefix bool) []string {
		if prefix { // of names that are not generated any more
			return nil
		}
		return names(name, false)
	}), change, change)
	if k.Typed() && !isLease(k) && k.GR() != corev1.Resource("services") {
		problems = append(problems, checkMetadata(k, obj, names)...)
	}
	return problems
}

func isLease(k *kinds.Kind) bool { return k.GVR().Group == coordinationv1.GroupName }

// checkFinalizers wants the finalizers of built-in types to be qualified or known.
func checkFinalizers(obj resource.Object, path *field.Path) (problems field.ErrorList) {
	for i, name := range obj.GetFinalizers() {
		if !IsQualifiedFinalizer(name) {
			problems = append(problems, field.Invalid(path.Index(i), name, "name is neither a standard finalizer name nor is it fully qualified"))
		}
	}
	return problems
}

// IsQualifiedFinalizer says whether a finalizer's name has a domain, or is one that everybody knows.
func IsQualifiedFinalizer(name string) bool {
	return strings.Contains(name, "/") || name == string(corev1.FinalizerKubernetes) || name == metav1.FinalizerOrphanDependents || name == metav1.FinalizerDeleteDependents
}

// nameRule returns which names the resource allows.
func nameRule(k *kinds.Kind) validation.ValidateNameFunc {
	switch {
	case k.GVR().Group == "rbac.authorization.k8s.io":
		return validPathSegment
	case k.Typed() && k.GVR().Group == "" && (k.GVR().Resource == "services" || k.GVR().Resource == "namespaces"):
		return validation.NameIsDNSLabel
	}
	return validation.NameIsDNSSubdomain
}

func validPathSegment(name string, prefix bool) []string {
	if prefix {
		return content.IsPathSegmentPrefix(name)
	}
	return content.IsPathSegmentName(name)
}

// checkNamespace makes sure that an object can be created where it wants to be.
func (s *Store) checkNamespace(k *kinds.Kind, obj resource.Object) error {
	if !k.Namespaced() || obj.GetNamespace() == "" {
		return nil
	}
	namespaces, ok := s.Kinds.Lookup(corev1.SchemeGroupVersion.WithResource("namespaces"))
	if !ok {
		return nil
	}
	name := obj.GetNamespace()
	v := namespaces.Table.Get(name)
	if v == nil && s.options.CreateNamespaces {
		_, err := s.Create(namespaces, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, false)
		if err == nil || apierrors.IsAlreadyExists(err) {
			return nil
		}
		return fmt.Errorf("create the namespace of %s %q: %w", k.Def, obj.GetName(), err)
	}
	if v == nil {
		return notFound(namespaces, name)
	}
	if namespaces.IsTerminating(v) {
		return terminating(k, obj.GetName(), name)
	}
	return nil
}
