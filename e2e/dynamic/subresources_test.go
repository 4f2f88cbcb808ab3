package dynamic_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/discovery"
	"github.com/sheaf-dev/sheaf/dynamic"
	"github.com/sheaf-dev/sheaf/resource"
)

// elsewhere are the subresources that are not tried in this way, and why: "resource/subresource".
var elsewhere = map[string]string{
	"pods/attach":      "a stream, see e2e/clients.TestAttachingReachesTheMainProcessThroughTheServer",
	"pods/exec":        "a stream, see e2e/clients.TestCommandsRunThroughTheServer",
	"pods/portforward": "a stream, see e2e/clients.TestPortsAreForwardedThroughTheServer",
	"pods/log":         "text, see e2e/clients.TestALogIsThatOfTheContainer",
	"pods/proxy":       "anything, see e2e/clients.TestPodsAndServicesAreReachedThroughProxies",
	"services/proxy":   "anything, see e2e/clients.TestPodsAndServicesAreReachedThroughProxies",
	"nodes/proxy":      "anything, see e2e/clients.TestANodeIsReachedThroughItsKubelet",
}

// posted are the objects of the subresources that are created.
var posted = map[string]string{
	"pods/binding":          `{"apiVersion":"v1","kind":"Binding","target":{"kind":"Node","name":"nowhere"}}`,
	"pods/eviction":         `{"apiVersion":"policy/v1","kind":"Eviction","deleteOptions":{"dryRun":["All"]}}`,
	"serviceaccounts/token": `{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"expirationSeconds":3600}}`,
}

// Each verb that discovery lists for a path below an object works, on every resource in every version.
func TestEveryVerbOfEverySubresourceWorks(t *testing.T) {
	tried := map[string]int{}
	for _, r := range allResources(t) {
		if len(r.Found().Subresources) == 0 || excepted("create", r) {
			continue
		}
		t.Run(r.String(), func(t *testing.T) {
			o := createSample(t, r)
			defer removeSample(t, r, o)
			for _, sub := range r.Found().Subresources {
				if elsewhere[r.Found().Resource.Resource+"/"+sub.Name] == "" {
					tried[sub.Name]++
					t.Run(sub.Name, func(t *testing.T) { trySubresource(t, r, sub, o) })
				}
			}
		})
	}
	if tried["status"] < 30 || tried["scale"] < 4 || len(tried) < 9 {
		t.Errorf("tried %v", tried)
	}
}

// in returns the client of a resource in the namespace of the samples.
func in(r dynamic.Resource) typed.Client[*unstructured.Unstructured] {
	if r.Definition().Definition().Namespaced() {
		return r.Objects().Namespace("default")
	}
	return r.Objects()
}

// createSample creates the sample of a resource, under a name of its own where names are free.
func createSample(t *testing.T, r dynamic.Resource) *unstructured.Unstructured {
	t.Helper()
	o := sample(t, r)
	if !strings.Contains(o.GetName(), ".") {
		o.SetName(o.GetName() + "-below")
	}
	o, err := in(r).Create(t.Context(), o, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func removeSample(t *testing.T, r dynamic.Resource, o *unstructured.Unstructured) {
	t.Helper()
	if err := in(r).Delete(t.Context(), o.GetName(), metav1.DeleteOptions{GracePeriodSeconds: new(int64)}); err != nil {
		t.Error(err)
	}
	unfinalize(t, in(r), o.GetName())
}

func trySubresource(t *testing.T, r dynamic.Resource, found discovery.Subresource, o *unstructured.Unstructured) {
	client, err := r.Subresource(o.GetNamespace(), found.Name)
	if err != nil {
		t.Fatal(err)
	}
	ctx, verbs := t.Context(), resource.ParseVerbs(found.Verbs...)
	if verbs.Has(resource.VerbCreate) {
		body := &unstructured.Unstructured{}
		if err := json.Unmarshal([]byte(posted[r.Found().Resource.Resource+"/"+found.Name]), &body.Object); err != nil {
			t.Fatal(err)
		}
		body.SetName(o.GetName())
		if answer, err := client.Create(ctx, o.GetName(), body, metav1.CreateOptions{}); err != nil || answer.GetKind() != found.Kind.Kind {
			t.Errorf("create: %v, %v", answer, err)
		}
	}
	if verbs.Has(resource.VerbGet) {
		if got, err := client.Get(ctx, o.GetName(), metav1.GetOptions{}); err != nil || got.GetKind() != found.Kind.Kind || got.GetUID() != o.GetUID() {
			t.Errorf("get: %v, %v", got, err)
		}
	}
	if verbs.Has(resource.VerbPatch) {
		same := fmt.Appendf(nil, `{"metadata":{"name":%q}}`, o.GetName())
		if got, err := client.Patch(ctx, o.GetName(), types.MergePatchType, same, metav1.PatchOptions{}); err != nil || got.GetUID() != o.GetUID() {
			t.Errorf("patch: %v, %v", got, err)
		}
	}
	if verbs.Has(resource.VerbUpdate) {
		if err := retried(func() error { return writeBack(t, r, client, verbs, o) }); err != nil {
			t.Errorf("update: %v", err)
		}
	}
}

// writeBack reads a subresource, or the object where it cannot be read, and replaces it by what was read.
func writeBack(t *testing.T, r dynamic.Resource, client typed.Subresource[*unstructured.Unstructured], verbs resource.Verbs, o *unstructured.Unstructured) error {
	get := client.Get
	if !verbs.Has(resource.VerbGet) {
		get = func(ctx context.Context, name string, opts metav1.GetOptions) (*unstructured.Unstructured, error) {
			return r.Objects().Namespace(o.GetNamespace()).Get(ctx, name, opts)
		}
	}
	now, err := get(t.Context(), o.GetName(), metav1.GetOptions{})
	if err != nil {
		return err
	}
	back, err := client.Update(t.Context(), o.GetName(), now, metav1.UpdateOptions{})
	if err == nil && back.GetUID() != o.GetUID() {
		err = fmt.Errorf("it answered %v", back)
	}
	return err
}
