package crd

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/kube-openapi/pkg/schemaconv"
	openapierrors "k8s.io/kube-openapi/pkg/validation/errors"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"k8s.io/kube-openapi/pkg/validation/strfmt"
	"k8s.io/kube-openapi/pkg/validation/validate"
	rules "sigs.k8s.io/structured-merge-diff/v6/schema"
	"sigs.k8s.io/structured-merge-diff/v6/typed"

	"github.com/sheaf-dev/sheaf/apitest/internal/openapi"
)

// validator returns the function that checks an object against a schema.
func validator(raw []byte, structure *structure) (func(map[string]any) field.ErrorList, error) {
	var s spec.Schema
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, err
	}
	typeIntOrString(&s)
	v := validate.NewSchemaValidator(&s, nil, "", strfmt.Default)
	return func(object map[string]any) field.ErrorList {
		var problems field.ErrorList
		for _, err := range v.Validate(object).Errors {
			problems = append(problems, problemOf(err))
		}
		return append(problems, structure.duplicates(object, nil)...)
	}, nil
}

// typeIntOrString gives the fields that may be either their two types.
func typeIntOrString(s *spec.Schema) {
	if s == nil {
		return
	}
	if both, _ := s.Extensions.GetBool("x-kubernetes-int-or-string"); both && len(s.Type) == 0 {
		s.Type = spec.StringOrArray{"integer", "string"}
	}
	for name, p := range s.Properties {
		typeIntOrString(&p)
		s.Properties[name] = p
	}
	if s.AdditionalProperties != nil {
		typeIntOrString(s.AdditionalProperties.Schema)
	}
	if s.Items != nil {
		typeIntOrString(s.Items.Schema)
	}
}

// problemOf returns a schema's error in the words of the API.
func problemOf(err error) *field.Error {
	var violation *openapierrors.Validation
	if !errors.As(err, &violation) {
		return field.Invalid(nil, "", err.Error())
	}
	var path *field.Path
	if name := strings.TrimPrefix(violation.Name, "."); name != "" {
		path = field.NewPath(name)
	}
	var value any = ""
	if violation.Value != nil {
		value = violation.Value
	}
	switch violation.Code() {
	case openapierrors.RequiredFailCode:
		return field.Required(path, "")
	case openapierrors.EnumFailCode:
		return field.NotSupported(path, violation.Value, allowed(violation.Values))
	case openapierrors.TooLongFailCode:
		return field.TooLong(path, "", limit(violation.Valid))
	case openapierrors.MaxItemsFailCode, openapierrors.TooManyPropertiesCode:
		return field.TooMany(path, limit(violation.Value), limit(violation.Valid))
	case openapierrors.InvalidTypeCode:
		return field.TypeInvalid(path, value, err.Error())
	}
	return field.Invalid(path, value, err.Error())
}

func limit(value any) int {
	if n, ok := value.(int64); ok {
		return int(n)
	}
	return -1
}

func allowed(values []any) []string {
	out := []string{}
	for _, value := range values {
		if text, ok := value.(string); ok {
			out = append(out, text)
			continue
		}
		text, _ := json.Marshal(value)
		out = append(out, string(text))
	}
	return out
}

const objectMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"

// mergeRules returns how server-side apply merges objects of a schema.
func mergeRules(raw []byte, gvk schema.GroupVersionKind) (func() (typed.ParseableType, bool), error) {
	var s spec.Schema
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, err
	}
	if s.Properties == nil {
		s.Properties = map[string]spec.Schema{}
	}
	s.Properties["apiVersion"], s.Properties["kind"] = *spec.StringProperty(), *spec.StringProperty()
	s.Properties["metadata"] = *spec.RefProperty("#/components/schemas/" + objectMeta)
	preserve, _ := s.Extensions.GetBool("x-kubernetes-preserve-unknown-fields")
	converted, err := schemaconv.ToSchemaFromOpenAPI(map[string]*spec.Schema{gvk.Kind: &s}, preserve)
	if err != nil {
		return nil, err
	}
	return sync.OnceValues(func() (typed.ParseableType, bool) {
		defs := append(openapi.MetaTypes(), converted.Types...)
		parser := &typed.Parser{Schema: rules.Schema{Types: defs}}
		return parser.Type(gvk.Kind), true
	}), nil
}
