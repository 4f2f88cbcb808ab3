package v1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/sheaf-dev/sheaf/resource"
)

// CustomResourceDefinitions is the resource whose objects define custom resources. An object's name is the plural name and the group of
// what it defines, "widgets.example.com".
var CustomResourceDefinitions = resource.Define[*CustomResourceDefinition]("apiextensions.k8s.io", "v1", "customresourcedefinitions",
	"CustomResourceDefinition", resource.Cluster, resource.WithSubresources(resource.StatusSubresource()))

// CustomResourceDefinition makes the server serve a resource.
type CustomResourceDefinition struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   Spec   `json:"spec"`
	Status Status `json:"status,omitzero"` // the server's
}

// Spec says what is served.
type Spec struct {
	Group string `json:"group"`
	Names Names  `json:"names"`
	// Scope is Namespaced or Cluster. It cannot be changed.
	Scope string `json:"scope"`
	// Versions are served side by side; exactly one of them is stored.
	Versions []Version `json:"versions"`
	// Conversion says how objects get from one version to another. Nil: the versions differ in their apiVersion alone.
	Conversion *Conversion `json:"conversion,omitempty"`
	// PreserveUnknownFields is a leftover of definitions made before version 1; it must be false in new ones.
	PreserveUnknownFields bool `json:"preserveUnknownFields,omitempty"`
}

// Names are how the resource is called.
type Names struct {
	Plural string `json:"plural"`
	// Singular is by default the kind in lower case.
	Singular   string   `json:"singular,omitempty"`
	ShortNames []string `json:"shortNames,omitempty"`
	Kind       string   `json:"kind"`
	// ListKind is by default the kind with "List".
	ListKind string `json:"listKind,omitempty"`
	// Categories are groups of resources that users name together, such as "all".
	Categories []string `json:"categories,omitempty"`
}

// Version is one version of the resource.
type Version struct {
	Name    string `json:"name"`
	Served  bool   `json:"served"`
	Storage bool   `json:"storage"`
	// Deprecated makes the server send a warning with each answer: DeprecationWarning or, if that is nil, one of its own.
	Deprecated         bool    `json:"deprecated,omitempty"`
	DeprecationWarning *string `json:"deprecationWarning,omitempty"`
	// Schema is required, except that very old definitions may lack it.
	Schema                   *Validation       `json:"schema,omitempty"`
	Subresources             *Subresources     `json:"subresources,omitempty"`
	AdditionalPrinterColumns []PrinterColumn   `json:"additionalPrinterColumns,omitempty"`
	SelectableFields         []SelectableField `json:"selectableFields,omitempty"`
}

// Validation holds the schema that objects are checked and pruned by.
type Validation struct {
	// OpenAPIV3Schema is the schema as JSON (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/):
	//
	//	&runtime.RawExtension{Raw: []byte(`{"type":"object","x-kubernetes-preserve-unknown-fields":true}`)}
	OpenAPIV3Schema *runtime.RawExtension `json:"openAPIV3Schema,omitempty"`
}

// Subresources are the paths below an object. What is nil is not served.
type Subresources struct {
	Status *StatusSubresource `json:"status,omitempty"`
	Scale  *ScaleSubresource  `json:"scale,omitempty"`
}

// StatusSubresource has nothing to set: it is there or not.
type StatusSubresource struct{}

// ScaleSubresource says where an object has its numbers of replicas, as JSON paths such as ".spec.replicas".
type ScaleSubresource struct {
	SpecReplicasPath   string `json:"specReplicasPath"`
	StatusReplicasPath string `json:"statusReplicasPath"`
	// LabelSelectorPath leads to a selector of pods in its text form.
	LabelSelectorPath *string `json:"labelSelectorPath,omitempty"`
}

// PrinterColumn is a column of the tables that the server makes for people.
type PrinterColumn struct {
	Name string `json:"name"`
	// Type is integer, number, string, boolean or date.
	Type        string `json:"type"`
	Format      string `json:"format,omitempty"`
	Description string `json:"description,omitempty"`
	// Priority 0 is shown always, higher ones in wide tables alone.
	Priority int32  `json:"priority,omitempty"`
	JSONPath string `json:"jsonPath"`
}

// SelectableField is a field that field selectors may name.
type SelectableField struct {
	JSONPath string `json:"jsonPath"`
}
