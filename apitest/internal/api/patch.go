package api

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"sigs.k8s.io/yaml"

	"github.com/sheaf-dev/sheaf/apitest/internal/objects"
	"github.com/sheaf-dev/sheaf/resource"
)

// maxPatchOperations is how many operations a JSON patch may have.
const maxPatchOperations = 10000

// patchTypes returns the patch types that the resource takes.
func (q *request) patchTypes() []string {
	list := []string{string(types.JSONPatchType), string(types.MergePatchType)}
	if q.kind.Typed() {
		list = append(list, string(types.StrategicMergePatchType))
	}
	return list
}

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
	apply, err := q.patcher(data)
	if err != nil {
		return err
	}
	v, _, err := q.api.objects.Update(q.kind, objects.Change{
		Namespace: q.Namespace, Name: q.Name, Subresource: q.Subresource, DryRun: options.dryRun,
		Make: func(current resource.Object) (resource.Object, error) { return q.patched(current, apply) },
	})
	if err != nil {
		return err
	}
	return q.sendVersion(http.StatusOK, v)
}

// patcher returns the function that a patch is.
func (q *request) patcher(data []byte) (func(original []byte) ([]byte, error), error) {
	switch media := q.contentType(); types.PatchType(media) {
	case types.JSONPatchType:
		return jsonPatcher(data)
	case types.MergePatchType:
		return func(original []byte) ([]byte, error) {
			patched, err := jsonpatch.MergePatch(original, data)
			if err != nil {
				return nil, badRequest(err)
			}
			return patched, nil
		}, nil
	case types.StrategicMergePatchType:
		if q.kind.Typed() {
			return q.strategicPatcher(data)
		}
	}
	return nil, unsupportedMedia("the body of the request was in an unknown format - accepted media types include: " + strings.Join(q.patchTypes(), ", "))
}

func jsonPatcher(data []byte) (func([]byte) ([]byte, error), error) {
	patch, err := jsonpatch.DecodePatch(data)
	if err != nil {
		return nil, badRequest(err)
	}
	if len(patch) > maxPatchOperations {
		return nil, apierrors.NewRequestEntityTooLargeError(
			fmt.Sprintf("The allowed maximum operations in a JSON patch is %d, got %d", maxPatchOperations, len(patch)))
	}
	return func(original []byte) ([]byte, error) {
		patched, err := patch.Apply(original)
		if err != nil {
			return nil, apierrors.NewGenericServerResponse(http.StatusUnprocessableEntity, "", schema.GroupResource{}, "", err.Error(), 0, false)
		}
		return patched, nil
	}, nil
}

func (q *request) strategicPatcher(data []byte) (func([]byte) ([]byte, error), error) {
	data, err := yaml.YAMLToJSON(data)
	if err != nil {
		return nil, badRequest(err)
	}
	return func(original []byte) ([]byte, error) {
		patched, err := strategicpatch.StrategicMergePatch(original, data, q.kind.Def.New())
		if err != nil {
			return nil, badRequest(err)
		}
		return patched, nil
	}, nil
}

// patched returns the object that a patch makes of the current one.
func (q *request) patched(current resource.Object, apply func([]byte) ([]byte, error)) (resource.Object, error) {
	original, err := q.kind.EncodeJSON(current)
	if err != nil {
		return nil, err
	}
	data, err := apply(original)
	if err != nil {
		return nil, err
	}
	obj, strict, err := q.kind.DecodeJSON(data)
	if err != nil {
		return nil, decodeError(q.kind, err)
	}
	if err := q.strictness(q.kind, strict); err != nil {
		return nil, err
	}
	return obj, q.checkNames(obj)
}

// badRequest makes an error that carries no status a 400.
func badRequest(err error) error {
	var carrier apierrors.APIStatus
	if errors.As(err, &carrier) {
		return err
	}
	return apierrors.NewBadRequest(err.Error())
}
