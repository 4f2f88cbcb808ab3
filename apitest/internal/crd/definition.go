package crd

import (
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/sheaf-dev/sheaf/apitest/internal/kinds"
	"github.com/sheaf-dev/sheaf/resource"
)

// Resource is the resource of CustomResourceDefinitions themselves.
var Resource = resource.Define[*unstructured.Unstructured]("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition",
	resource.Cluster, resource.WithSubresources(resource.StatusSubresource()))

// definition is what is read of a CustomResourceDefinition.
type definition struct {
	Metadata struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Spec struct {
		Group    string    `json:"group"`
		Names    names     `json:"names"`
		Scope    string    `json:"scope"`
		Versions []version `json:"versions"`
	} `json:"spec"`
}

type names struct {
	Plural     string   `json:"plural"`
	Singular   string   `json:"singular"`
	Kind       string   `json:"kind"`
	ListKind   string   `json:"listKind"`
	ShortNames []string `json:"shortNames"`
	Categories []string `json:"categories"`
}

type version struct {
	Name    string `json:"name"`
	Served  bool   `json:"served"`
	Storage bool   `json:"storage"`
	Schema  *struct {
		OpenAPIV3Schema json.RawMessage `json:"openAPIV3Schema"`
	} `json:"schema"`
	Subresources *struct {
		Status *struct{} `json:"status"`
		Scale  *struct {
			SpecReplicasPath   string `json:"specReplicasPath"`
			StatusReplicasPath string `json:"statusReplicasPath"`
			LabelSelectorPath  string `json:"labelSelectorPath"`
		} `json:"scale"`
	} `json:"subresources"`
	Columns []struct {
		Name        string `json:"name"`
		Type        string `json:"type"`
		Format      string `json:"format"`
		Description string `json:"description"`
		Priority    int32  `json:"priority"`
		JSONPath    string `json:"jsonPath"`
	} `json:"additionalPrinterColumns"`
	SelectableFields []struct {
		JSONPath string `json:"jsonPath"`
	} `json:"selectableFields"`
}

func parse(u *unstructured.Unstructured) (d definition, err error) {
	data, err := json.Marshal(u.Object)
	if err == nil {
		err = json.Unmarshal(data, &d)
	}
	return d, err
}

// Default fills in the names that a definition leaves out, as the API server does.
func Default(u *unstructured.Unstructured) {
	kind, _, _ := unstructured.NestedString(u.Object, "spec", "names", "kind")
	if kind == "" {
		return
	}
	for name, value := range map[string]string{"singular": strings.ToLower(kind), "listKind": kind + "List"} {
		if got, _, _ := unstructured.NestedString(u.Object, "spec", "names", name); got == "" {
			_ = unstructured.SetNestedField(u.Object, value, "spec", "names", name)
		}
	}
	if _, found, _ := unstructured.NestedMap(u.Object, "spec", "conversion"); !found {
		_ = unstructured.SetNestedField(u.Object, "None", "spec", "conversion", "strategy")
	}
}

// Validate says what is wrong with a definition, as far as it would not work.
func Validate(u *unstructured.Unstructured) (problems field.ErrorList) {
	spec := field.NewPath("spec")
	d, err := parse(u)
	if err != nil {
		return field.ErrorList{field.Invalid(spec, "", err.Error())}
	}
	if want := d.Spec.Names.Plural + "." + d.Spec.Group; u.GetName() != want {
		problems = append(problems, field.Invalid(field.NewPath("metadata", "name"), u.GetName(), "must be spec.names.plural+\".\"+spec.group"))
	}
	for _, part := range []struct {
		path  *field.Path
		value string
		rule  func(string) []string
	}{
		{spec.Child("group"), d.Spec.Group, validation.IsDNS1123Subdomain},
		{spec.Child("names", "plural"), d.Spec.Names.Plural, validation.IsDNS1035Label},
		{spec.Child("names", "kind"), strings.ToLower(d.Spec.Names.Kind), validation.IsDNS1035Label},
	} {
		if part.value == "" {
			problems = append(problems, field.Required(part.path, ""))
			continue
		}
		for _, problem := range part.rule(part.value) {
			problems = append(problems, field.Invalid(part.path, part.value, problem))
		}
	}
	switch d.Spec.Scope {
	case "Namespaced", "Cluster":
	case "":
		problems = append(problems, field.Required(spec.Child("scope"), ""))
	default:
		problems = append(problems, field.NotSupported(spec.Child("scope"), d.Spec.Scope, []string{"Cluster", "Namespaced"}))
	}
	return append(problems, validateVersions(d.Spec.Versions, spec.Child("versions"))...)
}

func validateVersions(versions []version, path *field.Path) (problems field.ErrorList) {
	stored := 0
	for i, v := range versions {
		if v.Storage {
			stored++
		}
		for _, problem := range validation.IsDNS1035Label(v.Name) {
			problems = append(problems, field.Invalid(path.Index(i).Child("name"), v.Name, problem))
		}
		if v.Schema == nil || len(v.Schema.OpenAPIV3Schema) == 0 {
			problems = append(problems, field.Required(path.Index(i).Child("schema", "openAPIV3Schema"), "schemas are required"))
			continue
		}
		if err := checkSchema(v.Schema.OpenAPIV3Schema); err != nil {
			problems = append(problems, field.Invalid(path.Index(i).Child("schema", "openAPIV3Schema"), "", err.Error()))
		}
	}
	if stored != 1 {
		problems = append(problems, field.Invalid(path, "", "must have exactly one version marked as storage version"))
	}
	return problems
}

// checkSchema finds out whether everything can be made of a schema that is made of it when it is used.
func checkSchema(raw []byte) error {
	structure, err := parseSchema(raw)
	if err != nil {
		return err
	}
	if _, err := validator(raw, structure); err != nil {
		return err
	}
	_, err = mergeRules(raw, schema.GroupVersionKind{Kind: "Checked"})
	return err
}

// Kinds returns the served kinds of a definition that Validate has nothing against.
func Kinds(u *unstructured.Unstructured) (schema.GroupResource, []*kinds.Kind, error) {
	d, err := parse(u)
	gr := schema.GroupResource{Group: d.Spec.Group, Resource: d.Spec.Names.Plural}
	if err != nil {
		return gr, nil, err
	}
	var out []*kinds.Kind
	for _, v := range d.Spec.Versions {
		if !v.Served && !v.Storage {
			continue
		}
		k, err := kindOf(d, v)
		if err != nil {
			return gr, nil, fmt.Errorf("version %s: %w", v.Name, err)
		}
		out = append(out, k)
	}
	return gr, out, nil
}

func kindOf(d definition, v version) (*kinds.Kind, error) {
	scope := resource.Namespaced
	if d.Spec.Scope == "Cluster" {
		scope = resource.Cluster
	}
	custom := &kinds.Custom{Served: v.Served, Stored: v.Storage, Schema: v.Schema.OpenAPIV3Schema}
	var subresources []resource.Subresource
	if s := v.Subresources; s != nil {
		if s.Status != nil {
			subresources = append(subresources, resource.StatusSubresource())
		}
		if s.Scale != nil {
			subresources = append(subresources, resource.ScaleSubresource())
			custom.SpecReplicas, custom.StatusReplicas, custom.LabelSelector = s.Scale.SpecReplicasPath, s.Scale.StatusReplicasPath, s.Scale.LabelSelectorPath
		}
	}
	for _, f := range v.SelectableFields {
		custom.SelectableFields = append(custom.SelectableFields, f.JSONPath)
	}
	for _, c := range v.Columns {
		if c.Description == "" {
			c.Description = "Custom resource definition column (in JSONPath format): " + c.JSONPath
		}
		custom.Columns = append(custom.Columns, kinds.Column{Name: c.Name, Type: c.Type, Format: c.Format, Description: c.Description, JSONPath: c.JSONPath, Priority: c.Priority})
	}
	structure, err := parseSchema(v.Schema.OpenAPIV3Schema)
	if err != nil {
		return nil, err
	}
	custom.Prune, custom.Default = structure.pruneRoot, structure.defaultRoot
	if custom.Check, err = validator(v.Schema.OpenAPIV3Schema, structure); err != nil {
		return nil, err
	}
	def := resource.Define[*unstructured.Unstructured](d.Spec.Group, v.Name, d.Spec.Names.Plural, d.Spec.Names.Kind, scope, resource.WithSubresources(subresources...))
	if custom.Rules, err = mergeRules(v.Schema.OpenAPIV3Schema, def.Definition().GroupVersionKind()); err != nil {
		return nil, err
	}
	k := kinds.New(def.Definition(), custom)
	k.Singular, k.ListKind, k.ShortNames, k.Categories = d.Spec.Names.Singular, d.Spec.Names.ListKind, d.Spec.Names.ShortNames, d.Spec.Names.Categories
	return k, nil
}
