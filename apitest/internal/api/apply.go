package api

import (
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/sheaf-dev/sheaf/apitest/internal/kinds"
	"github.com/sheaf-dev/sheaf/apitest/internal/objects"
	"github.com/sheaf-dev/sheaf/resource"
)

// apply merges a configuration, of which the manager is the owner, into an object, or creates it.
func (q *request) apply(data []byte, options writeOptions) error {
	if options.manager == "" {
		problem := field.Required(field.NewPath("fieldManager"), "is required for apply patch")
		return apierrors.NewInvalid(schema.GroupKind{Group: metav1.GroupName, Kind: "PatchOptions"}, "", field.ErrorList{problem})
	}
	configuration, err := q.configuration(data)
	if err != nil {
		return err
	}
	v, created, err := q.api.objects.Update(q.kind, objects.Change{
		Namespace: q.Namespace, Name: q.Name, Subresource: q.Subresource, DryRun: options.dryRun, Upsert: q.Subresource == "",
		Make: func(current resource.Object) (resource.Object, error) {
			obj, err := q.api.fields.Apply(q.kind, q.Subresource, current, configuration.DeepCopy(), options.manager, options.force)
			if err != nil {
				return nil, err
			}
			if uid := configuration.GetUID(); current == nil && uid != "" {
				return nil, apierrors.NewConflict(q.kind.GR(), q.Name, fmt.Errorf("uid mismatch: the provided object specified uid %s, and no existing object was found", uid))
			}
			kinds.DropInvalidMetadata(obj)
			if _, err := q.kind.Tidy(obj); err != nil {
				return nil, decodeError(q.kind, nil, err)
			}
			q.advise(current, obj)
			return obj, q.checkNames(obj)
		},
	})
	if err != nil {
		return err
	}
	return q.sendVersion(createdCode(created), v)
}

// configuration reads an applied configuration.
func (q *request) configuration(data []byte) (*unstructured.Unstructured, error) {
	body, err := yaml.YAMLToJSON(data)
	if err != nil {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("error decoding YAML: error converting YAML to JSON: %v", err))
	}
	u := &unstructured.Unstructured{Object: map[string]any{}}
	if err := kjson.UnmarshalCaseSensitivePreserveInts(body, &u.Object); err != nil {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("error decoding YAML: %v", err))
	}
	if err := yaml.UnmarshalStrict(data, &map[string]any{}); err != nil {
		return u, q.strictness(q.kind, []error{err})
	}
	return u, nil
}
