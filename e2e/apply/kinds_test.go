package apply_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sheaf-dev/sheaf/apply"
	"github.com/sheaf-dev/sheaf/discovery"
	"github.com/sheaf-dev/sheaf/e2e/internal/samples"
	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/resource/builtin"
	"github.com/sheaf-dev/sheaf/rest"
)

// unusual are the kinds that are not tried, and why.
var unusual = map[schema.GroupKind]string{
	{Group: "certificates.k8s.io", Kind: "PodCertificateRequest"}: "only a kubelet may make one, for a pod of its own",
}

// sample returns an object of the definition's type.
func sample(t *testing.T, def *resource.Definition) resource.Object {
	t.Helper()
	data := samples.JSON(def.GroupVersionKind())
	if data == nil {
		t.Fatalf("there is no sample of %s", def.GroupVersionKind())
	}
	o := def.New()
	if err := json.Unmarshal(data, o); err != nil {
		t.Fatal(err)
	}
	def.SetKind(o)
	if def.Namespaced() {
		o.SetNamespace("default")
	}
	return o
}

var me = metav1.ApplyOptions{FieldManager: "sheaf-e2e"}.ToPatchOptions()

// What is applied, applied again, and extracted and applied again is the same to the server, for every built-in kind.
func TestEveryBuiltInKindIsAppliedAndExtracted(t *testing.T) {
	client := newClient(t)
	catalog, err := discovery.New(client, discovery.Options{}).Catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, def := range builtin.Definitions() {
		if _, err := catalog.Resource(def.GroupVersionResource()); meta.IsNoMatchError(err) {
			continue
		}
		if why := unusual[def.GroupVersionKind().GroupKind()]; why != "" || !def.Verbs().Has(resource.VerbCreate|resource.VerbPatch) {
			continue
		}
		tried++
		t.Run(def.String(), func(t *testing.T) { applyAndExtract(t, client, def, sample(t, def)) })
	}
	if tried < 60 {
		t.Errorf("only %d kinds were tried", tried)
	}
}

func applyAndExtract(t *testing.T, client *rest.Client, def *resource.Definition, o resource.Object) {
	send := func(what string, o resource.Object, marks ...apply.Mark) resource.Object {
		t.Helper()
		data, err := apply.Configuration(def, o, marks...)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		live, err := client.ForResource(def).Namespace(o.GetNamespace()).Patch(t.Context(), o.GetName(), types.ApplyPatchType, data, me)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		return live
	}
	live := send("apply", o, apply.Zero(o))
	defer func() {
		if err := client.ForResource(def).Namespace(o.GetNamespace()).Delete(t.Context(), o.GetName(), metav1.DeleteOptions{GracePeriodSeconds: new(int64)}); err != nil {
			t.Error(err)
		}
	}()
	if again := send("apply again", o, apply.Zero(o)); lasting(t, again) != lasting(t, live) {
		t.Errorf("applying the same again has changed\n%s\nto\n%s", lasting(t, live), lasting(t, again))
	}
	mine, zeros, err := apply.Extract(live, me.FieldManager, "")
	if err != nil {
		t.Fatal(err)
	}
	if again := send("apply what was extracted", mine, zeros); lasting(t, again) != lasting(t, live) {
		t.Errorf("applying what was extracted has changed\n%s\nto\n%s", lasting(t, live), lasting(t, again))
	}
}

// lasting is what of an object nobody but the manager changes, as text: without the status, and with the manager's own record alone.
func lasting(t *testing.T, o resource.Object) string {
	t.Helper()
	o = resource.Copy(o)
	o.SetResourceVersion("")
	o.SetManagedFields(slices.DeleteFunc(o.GetManagedFields(), func(e metav1.ManagedFieldsEntry) bool { return e.Manager != me.FieldManager }))
	data, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var content map[string]any
	if err := json.Unmarshal(data, &content); err != nil {
		t.Fatal(err)
	}
	delete(content, "status")
	data, err = json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// unusualStatus are the kinds whose status is not tried, and why.
var unusualStatus = map[schema.GroupKind]string{
	{Group: "certificates.k8s.io", Kind: "CertificateSigningRequest"}: "the server takes the status, and keeps no record of who applied it",
	{Group: "resource.k8s.io", Kind: "ResourcePoolStatusRequest"}:     "its status is written once, as a whole",
}

// The same for the status of every kind that has conditions.
func TestTheStatusOfEveryBuiltInKindIsAppliedAndExtracted(t *testing.T) {
	client := newClient(t)
	catalog, err := discovery.New(client, discovery.Options{}).Catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, def := range builtin.Definitions() {
		found, err := catalog.Resource(def.GroupVersionResource())
		if meta.IsNoMatchError(err) {
			continue
		}
		kind := def.GroupVersionKind().GroupKind()
		if _, ok := found.Subresource("status"); !ok || unusual[kind] != "" || unusualStatus[kind] != "" {
			continue
		}
		o := sample(t, def)
		o.SetName(o.GetName() + "-" + def.GroupVersionKind().Version) // others of that name may be waiting for their finalizers
		if err := json.Unmarshal([]byte(condition), o); err != nil || !hasConditions(t, o) {
			continue
		}
		tried++
		t.Run(def.String(), func(t *testing.T) { applyAndExtractStatus(t, client, def, o) })
	}
	if tried < 15 {
		t.Errorf("only %d kinds were tried", tried)
	}
}

const condition = `{"status":{"conditions":[{"type":"Tested","status":"True","reason":"Tested","message":"it was","lastTransitionTime":"2026-01-02T03:04:05Z"}]}}`

func hasConditions(t *testing.T, o resource.Object) bool {
	t.Helper()
	data, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(data), `"type":"Tested"`)
}

func applyAndExtractStatus(t *testing.T, client *rest.Client, def *resource.Definition, o resource.Object) {
	c := client.ForResource(def).Namespace(o.GetNamespace())
	if _, err := c.Create(t.Context(), o, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Delete(t.Context(), o.GetName(), metav1.DeleteOptions{GracePeriodSeconds: new(int64)}); err != nil {
			t.Error(err)
		}
	}()
	send := func(what string, o resource.Object, marks ...apply.Mark) resource.Object {
		t.Helper()
		data, err := apply.StatusConfiguration(def, o, marks...)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		live, err := c.Patch(t.Context(), o.GetName(), types.ApplyPatchType, data, me, "status")
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		return live
	}
	live := send("apply", o, apply.Unset(o))
	if !hasConditions(t, live) {
		t.Errorf("applying the status left %v", live)
	}
	mine, zeros, err := apply.Extract(live, me.FieldManager, "status")
	if err != nil || !hasConditions(t, mine) {
		t.Fatalf("extracted %v, %v", mine, err)
	}
	again := send("apply what was extracted", mine, zeros)
	if mineAgain, _, err := apply.Extract(again, me.FieldManager, "status"); err != nil || lasting(t, mineAgain) != lasting(t, mine) {
		t.Errorf("applying what was extracted has changed\n%s\nto\n%s, %v", lasting(t, mine), lasting(t, mineAgain), err)
	}
}
