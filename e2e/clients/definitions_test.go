package clients_test

import (
	"context"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/sheaf-dev/sheaf/clientset/subresource"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/e2e/cluster"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/resource"
	apiextensionsv1 "github.com/sheaf-dev/sheaf/resource/apiextensions/v1"
	apiregistrationv1 "github.com/sheaf-dev/sheaf/resource/apiregistration/v1"
)

type gadget struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Replicas int32  `json:"replicas"`
		Color    string `json:"color,omitempty"`
	} `json:"spec"`
}

var gadgets = resource.Define[*gadget]("clients.example.com", "v1", "gadgets", "Gadget", resource.Namespaced,
	resource.WithSubresources(resource.ScaleSubresource()))

func gadgetDefinition() *apiextensionsv1.CustomResourceDefinition {
	return &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: "gadgets.clients.example.com"},
		Spec: apiextensionsv1.Spec{
			Group: "clients.example.com", Scope: "Namespaced",
			Names: apiextensionsv1.Names{Plural: "gadgets", Kind: "Gadget", ShortNames: []string{"gg"}},
			Versions: []apiextensionsv1.Version{{
				Name: "v1", Served: true, Storage: true,
				Subresources: &apiextensionsv1.Subresources{Scale: &apiextensionsv1.ScaleSubresource{
					SpecReplicasPath: ".spec.replicas", StatusReplicasPath: ".status.replicas",
				}},
				SelectableFields: []apiextensionsv1.SelectableField{{JSONPath: ".spec.color"}},
				Schema: &apiextensionsv1.Validation{OpenAPIV3Schema: &runtime.RawExtension{Raw: []byte(`{"type":"object","properties":{
					"spec":{"type":"object","properties":{"replicas":{"type":"integer"},"color":{"type":"string"}}},
					"status":{"type":"object","properties":{"replicas":{"type":"integer"}}}}}`)}},
			}},
		},
	}
}

// A definition is created, seen by an informer to be established, and what it defines is used, all typed.
func TestACustomResourceIsDefinedAwaitedAndUsed(t *testing.T) {
	client, ctx := connect(t, cluster.Admin), t.Context()
	definitions := typed.For(client, apiextensionsv1.CustomResourceDefinitions)
	factory := informers.NewSharedInformerFactory(client, informers.Options{})
	established := make(chan struct{})
	informer := informers.For(factory, apiextensionsv1.CustomResourceDefinitions)
	if _, err := informer.AddEventHandler(informers.ResourceEventHandlerFuncs[*apiextensionsv1.CustomResourceDefinition]{
		UpdateFunc: func(old, now *apiextensionsv1.CustomResourceDefinition, _ bool) {
			if now.Name == "gadgets.clients.example.com" && !old.Established() && now.Established() {
				close(established)
			}
		},
	}); err != nil {
		t.Fatal(err)
	}
	running, stop := context.WithTimeout(ctx, within)
	defer factory.Shutdown()
	defer stop()
	factory.Start(running)
	if err := factory.WaitForCacheSync(running); err != nil {
		t.Fatal(err)
	}

	made := create(t, definitions, gadgetDefinition())
	defer func() {
		if err := definitions.Delete(context.Background(), made.Name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	}()
	select {
	case <-established:
	case <-running.Done():
		t.Fatal("the definition is not established")
	}
	if all := informer.Lister().List(labels.Everything()); len(all) != 1 || string(all[0].Spec.Versions[0].Schema.OpenAPIV3Schema.Raw) == "" {
		t.Errorf("the lister has %v", all)
	}
	useGadgets(t, typed.For(client, gadgets).Namespace(namespace(t, client)))
	changeDefinition(t, definitions, made.Name)
}

// useGadgets creates, scales and lists.
func useGadgets(t *testing.T, c typed.Client[*gadget]) {
	t.Helper()
	ctx := t.Context()
	var first *gadget
	await(t, "the resource to be served", func() bool {
		g := &gadget{ObjectMeta: metav1.ObjectMeta{Name: "a"}}
		g.Spec.Replicas, g.Spec.Color = 2, "red"
		var err error
		first, err = c.Create(ctx, g, metav1.CreateOptions{})
		return err == nil
	})
	scale, err := subresource.Scale(c).Get(ctx, first.Name, metav1.GetOptions{})
	if err != nil || scale.Spec.Replicas != 2 {
		t.Fatalf("the scale: %v, %v", scale, err)
	}
	scale.Spec.Replicas = 3
	if scale, err = subresource.Scale(c).Update(ctx, first.Name, scale, metav1.UpdateOptions{}); err != nil || scale.Spec.Replicas != 3 {
		t.Errorf("the scale: %v, %v", scale, err)
	}
	if list, err := c.List(ctx, metav1.ListOptions{FieldSelector: "spec.color=red"}); err != nil || len(list.Items) != 1 || list.Items[0].Spec.Replicas != 3 {
		t.Errorf("listed %v, %v", list, err)
	}
}

// changeDefinition applies a definition, and writes it back without loss.
func changeDefinition(t *testing.T, definitions typed.Client[*apiextensionsv1.CustomResourceDefinition], name string) {
	t.Helper()
	ctx := t.Context()
	applied := gadgetDefinition()
	applied.Spec.Names.Categories = []string{"all"}
	if now, err := definitions.Apply(ctx, applied, metav1.ApplyOptions{FieldManager: "e2e", Force: true}); err != nil || len(now.Spec.Names.Categories) != 1 {
		t.Errorf("applied %v, %v", now, err)
	}
	await(t, "the definition to be written back", func() bool { // the server's controllers write to it, too
		now, err := definitions.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		back, err := definitions.Update(ctx, now, metav1.UpdateOptions{})
		if err != nil && !apierrors.IsConflict(err) || err == nil && back.Generation != now.Generation {
			t.Fatalf("writing back what was read changed something: %v, %v", back, err)
		}
		return err == nil
	})
}

func TestAPIServicesAreListedWithTheirState(t *testing.T) {
	c := typed.For(connect(t, cluster.Admin), apiregistrationv1.APIServices)
	seen := 0
	for s, err := range c.All(t.Context(), metav1.ListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		if s.Spec.Service == nil {
			seen++
			if available, why := s.Available(); !available || s.Name != s.Spec.Version+"."+s.Spec.Group {
				t.Errorf("%s is not available: %s", s.Name, why)
			}
		}
	}
	if seen < 20 {
		t.Errorf("only %d of the server's own", seen)
	}
	made := create(t, c, &apiregistrationv1.APIService{
		ObjectMeta: metav1.ObjectMeta{Name: "v1.nowhere.example.com"},
		Spec: apiregistrationv1.Spec{
			Group: "nowhere.example.com", Version: "v1", GroupPriorityMinimum: 10, VersionPriority: 10, InsecureSkipTLSVerify: true,
			Service: &apiregistrationv1.ServiceReference{Namespace: "default", Name: "nowhere"},
		},
	})
	defer func() {
		if err := c.Delete(context.Background(), made.Name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	}()
	await(t, "the server to look for the service", func() bool {
		now, err := c.Get(t.Context(), made.Name, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		available, why := now.Available()
		return !available && strings.Contains(why, "nowhere")
	})
}
