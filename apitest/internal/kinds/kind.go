package kinds

import (
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/structured-merge-diff/v6/typed"

	"github.com/sheaf-dev/sheaf/apitest/internal/history"
	"github.com/sheaf-dev/sheaf/apitest/internal/wire"
	"github.com/sheaf-dev/sheaf/resource"
)

// Kind is one resource in one served version. It is immutable.
type Kind struct {
	Def        *resource.Definition
	ListKind   string
	Singular   string
	ShortNames []string
	Categories []string
	Facts      Facts

	// Table holds the objects. The versions of one resource share it: objects are stored in the form of Storage.
	Table   *history.Table
	Storage *Kind

	typed       bool // objects are Go structs with protobuf; else unstructured JSON
	fields      []selectable
	envelope    wire.Envelope
	typePrefix  []byte
	dataPrefix  []byte // how unstructured objects of this version begin when they are stored
	deprecation deprecation
	custom      *Custom // set for resources of a CustomResourceDefinition
}

// Custom is what a CustomResourceDefinition says beyond a Definition.
type Custom struct {
	SelectableFields []string // JSON paths, such as ".spec.color"
	SpecReplicas     string   // the scale subresource's paths
	StatusReplicas   string
	LabelSelector    string
	Schema           []byte                                      // OpenAPI v3, JSON
	Served, Stored   bool                                        // of this version
	Prune            func(object map[string]any) []string        // drops what the schema does not know, and returns its paths
	Default          func(object map[string]any)                 // sets defaults
	Check            func(object map[string]any) field.ErrorList // validates
	Columns          []Column
	Rules            func() (typed.ParseableType, bool) // how server-side apply merges; nil: lists are atomic
}

// Column is a printer column of a custom resource.
type Column struct {
	Name, Type, Format, Description, JSONPath string
	Priority                                  int32
}

// GVR returns the resource's full name.
func (k *Kind) GVR() schema.GroupVersionResource { return k.Def.GroupVersionResource() }

// GVK returns the kind of the objects.
func (k *Kind) GVK() schema.GroupVersionKind { return k.Def.GroupVersionKind() }

// GR returns the resource's name without version, as error messages have it.
func (k *Kind) GR() schema.GroupResource { return k.GVR().GroupResource() }

// ListGVK returns the kind of lists.
func (k *Kind) ListGVK() schema.GroupVersionKind {
	return k.GVK().GroupVersion().WithKind(k.ListKind)
}

// Namespaced says whether the objects live in namespaces.
func (k *Kind) Namespaced() bool { return k.Def.Namespaced() }

// Typed says whether the objects are built-in Go structs, which also speak protobuf.
func (k *Kind) Typed() bool { return k.typed }

// Custom returns what a CustomResourceDefinition said, nil for other resources.
func (k *Kind) Custom() *Custom { return k.custom }

// Envelope returns the protobuf envelope of the objects.
func (k *Kind) Envelope() wire.Envelope { return k.envelope }

// TypePrefix returns how the JSON of a typed object begins.
func (k *Kind) TypePrefix() []byte { return k.typePrefix }

// Has says whether the resource has the subresource.
func (k *Kind) Has(subresource string) bool {
	_, ok := k.Def.Subresource(subresource)
	return ok
}

// New returns the kind of a definition, without a table.
func New(def *resource.Definition, custom *Custom) *Kind {
	gvk := def.GroupVersionKind()
	k := &Kind{
		Def: def, ListKind: gvk.Kind + "List", Singular: strings.ToLower(gvk.Kind), Facts: factsOf(def),
		typed: def.Protobuf(), envelope: wire.NewEnvelope(gvk), typePrefix: wire.TypePrefix(gvk), custom: custom,
		dataPrefix: []byte(`{"apiVersion":"` + gvk.GroupVersion().String() + `",`),
	}
	k.ShortNames, k.Categories = k.Facts.ShortNames, k.Facts.Categories
	if custom != nil {
		k.Facts.Generation = true
	}
	k.fields = selectablesOf(k)
	if k.typed {
		k.deprecation = deprecationOf(def)
	}
	return k
}
