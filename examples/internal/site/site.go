// Package site is a custom resource: a Go struct, the line that names it, and the definition that makes a server serve it.
package site

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/sheaf-dev/sheaf/await"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/rest"
)

// Site is a web site. There are no generated methods.
type Site struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              Spec   `json:"spec"`
	Status            Status `json:"status,omitzero"`
}

// Spec is what somebody wants.
type Spec struct {
	Image    string `json:"image"`
	Replicas int32  `json:"replicas"`
}

// Status is what there is.
type Status struct {
	Ready int32  `json:"ready"`
	Phase string `json:"phase,omitempty"`
}

// Sites is the resource: clients, informers and listers take it as they take corev1.Pods.
var Sites = resource.Define[*Site]("example.sheaf.dev", "v1", "sites", "Site", resource.Namespaced)

//go:embed definition.yaml
var definition []byte

// definitions are known by name only: their Go types are in a module that is not needed for this.
var definitions = resource.Define[*unstructured.Unstructured]("apiextensions.k8s.io", "v1", "customresourcedefinitions",
	"CustomResourceDefinition", resource.Cluster)

// Install makes the server serve sites, and waits until it does.
func Install(ctx context.Context, client *rest.Client) error {
	wanted := &unstructured.Unstructured{}
	if err := yaml.Unmarshal(definition, &wanted.Object); err != nil {
		return err
	}
	crds := typed.For(client, definitions)
	if _, err := crds.Apply(ctx, wanted, metav1.ApplyOptions{FieldManager: "sheaf-examples", Force: true}); err != nil {
		return fmt.Errorf("install the definition of sites: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	_, err := await.Object(ctx, crds, wanted.GetName(), await.Condition[*unstructured.Unstructured]("Established"))
	return err
}
