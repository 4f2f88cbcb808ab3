package api

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/mergepatch"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/apimachinery/pkg/util/validation/field"
	kjson "sigs.k8s.io/json"

	"github.com/sheaf-dev/sheaf/apitest/internal/objects"
	"github.com/sheaf-dev/sheaf/resource"
)

// maxPatchOperations is how many operations a JSON patch may have.
const maxPatchOperations = 10000

// patch changes an object, or its status.
func (q *request) patch() error {
	options, err := q.writeOptions("PatchOptions")
	if err != nil {
		return err
	}
	data, err := q.readBody()
	if err != nil {
		return err
	}
	if types.PatchType(q.contentType()) == types.ApplyYAMLPatchType {
		return q.apply(data, options)
	}
	if options.force {
		problem := field.Forbidden(field.NewPath("force"), "may not be specified for non-apply patch")
		return apierrors.NewInvalid(schema.GroupKind{Group: metav1.GroupName, Kind: "PatchOptions"}, "", field.ErrorList{problem})
	}
	change, err := q.patcher(data)
	if err != nil && !apierrors.IsUnsupportedMediaType(err) {
		err = cmp.Or(q.mustExist(), err) // the real server reads a patch when it has found what to patch
	}
	if err != nil {
		return err
	}
	v, _, err := q.api.objects.Update(q.kind, objects.Change{
		Namespace: q.Namespace, Name: q.Name, Subresource: q.Subresource, DryRun: options.dryRun,
		Make: func(current resource.Object) (resource.Object, error) {
			obj, err := change(resource.Copy(current))
			if err != nil {
				return nil, err
			}
			if err := q.checkNames(obj); err != nil {
				return nil, err
			}
			return q.managed(current, obj, options)
		},
	})
	if err != nil {
		return err
	}
	return q.sendVersion(http.StatusOK, v)
}

// patcher returns the function that a patch is.
func (q *request) patcher(data []byte) (func(resource.Object) (resource.Object, error), error) {
	switch types.PatchType(q.contentType()) {
	case types.JSONPatchType:
		return q.jsonPatcher(data)
	case types.MergePatchType:
		return q.mergePatcher(data)
	case types.StrategicMergePatchType:
		if q.kind.Typed() {
			return q.strategicPatcher(data)
		}
	}
	if !q.kind.Typed() {
		return nil, unsupportedMedia("the body of the request was in an unknown format - accepted media types include: application/json-patch+json, " +
			"application/merge-patch+json, application/apply-patch+yaml")
	}
	return nil, restfulError(http.StatusUnsupportedMediaType, metav1.StatusReasonUnsupportedMediaType, "415: Unsupported Media Type")
}

func (q *request) jsonPatcher(data []byte) (func(resource.Object) (resource.Object, error), error) {
	var operations []map[string]any
	strict, err := kjson.UnmarshalStrict(data, &operations)
	if err != nil {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("error decoding patch: %v", err))
	}
	if len(operations) > maxPatchOperations {
		return nil, apierrors.NewRequestEntityTooLargeError(
			fmt.Sprintf("The allowed maximum operations in a JSON patch is %d, got %d", maxPatchOperations, len(operations)))
	}
	patch, err := jsonpatch.DecodePatch(data)
	if err != nil {
		return nil, badRequest(err)
	}
	return func(current resource.Object) (resource.Object, error) {
		return q.throughJSON(current, strict, func(original []byte) ([]byte, error) {
			patched, err := patch.Apply(original)
			if err != nil {
				return nil, apierrors.NewGenericServerResponse(http.StatusUnprocessableEntity, "", schema.GroupResource{}, "", err.Error(), 0, false)
			}
			return patched, nil
		})
	}, nil
}

func (q *request) mergePatcher(data []byte) (func(resource.Object) (resource.Object, error), error) {
	var fields map[string]any
	strict, err := kjson.UnmarshalStrict(data, &fields)
	if err != nil {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("error decoding patch: %v", err))
	}
	return func(current resource.Object) (resource.Object, error) {
		return q.throughJSON(current, strict, func(original []byte) ([]byte, error) { return jsonpatch.MergePatch(original, data) })
	}, nil
}

// throughJSON applies a patch to an object's JSON. strict are the problems that strict decoding has found in the patch itself.
func (q *request) throughJSON(current resource.Object, strict []error, apply func([]byte) ([]byte, error)) (resource.Object, error) {
	original, err := q.kind.EncodeJSON(current)
	if err != nil {
		return nil, err
	}
	data, err := apply(original)
	if err != nil {
		return nil, badRequest(err)
	}
	obj, more, err := q.kind.DecodeJSON(data)
	if err != nil {
		return nil, invalidPatch(string(data), err.Error())
	}
	return obj, q.patchStrictness(append(strict[:len(strict):len(strict)], more...), string(data))
}

// invalidPatch is the error of a patch whose result, or which itself, is shown as the value of a field.
func invalidPatch(value, why string) error {
	return apierrors.NewInvalid(schema.GroupKind{}, "", field.ErrorList{field.Invalid(field.NewPath("patch"), value, why)})
}

// patchStrictness is strictness for what a patch has made.
func (q *request) patchStrictness(problems []error, value string) error {
	if len(problems) > 0 && q.query.Get("fieldValidation") == metav1.FieldValidationStrict {
		return invalidPatch(value, strictError(problems))
	}
	return q.strictness(q.kind, problems)
}

func (q *request) strategicPatcher(data []byte) (func(resource.Object) (resource.Object, error), error) {
	patch := map[string]any{}
	strict, err := kjson.UnmarshalStrict(data, &patch)
	if err != nil {
		return nil, badRequest(err)
	}
	return func(current resource.Object) (resource.Object, error) {
		original, err := runtime.DefaultUnstructuredConverter.ToUnstructured(current)
		if err != nil {
			return nil, err
		}
		patched, err := strategicpatch.StrategicMergeMapPatch(original, runtime.DeepCopyJSON(patch), q.kind.Def.New())
		if err != nil {
			return nil, strategicError(err)
		}
		obj, value := q.kind.Def.New(), fmt.Sprintf("%+v", patch)
		err = runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(patched, obj, true)
		problems := strict
		if unknown, ok := runtime.AsStrictDecodingError(err); ok {
			problems = append(strict[:len(strict):len(strict)], unknown.Errors()...)
		} else if err != nil {
			return nil, invalidPatch(value, err.Error())
		}
		q.kind.Def.SetKind(obj)
		return obj, q.patchStrictness(problems, value)
	}, nil
}

// strategicError makes the errors of malformed patches 400; others are the server's own to the real server.
func strategicError(err error) error {
	for _, malformed := range []error{mergepatch.ErrBadJSONDoc, mergepatch.ErrBadPatchFormatForPrimitiveList, mergepatch.ErrBadPatchFormatForRetainKeys,
		mergepatch.ErrBadPatchFormatForSetElementOrderList, mergepatch.ErrUnsupportedStrategicMergePatchFormat} {
		if errors.Is(err, malformed) {
			return apierrors.NewBadRequest(err.Error())
		}
	}
	return err
}

// badRequest makes an error that carries no status a 400.
func badRequest(err error) error {
	var carrier apierrors.APIStatus
	if errors.As(err, &carrier) {
		return err
	}
	return apierrors.NewBadRequest(err.Error())
}
