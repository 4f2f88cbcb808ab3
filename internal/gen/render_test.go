package main

import (
	"regexp"
	"strings"
	"testing"
)

func TestAResourceIsOneDefineLine(t *testing.T) {
	versions, err := corrected(t, "names: {boxes: {short: [bx], categories: [all, some]}}")
	if err != nil {
		t.Fatal(err)
	}
	o, err := readOverlay([]byte("names: {boxes: {short: [bx], categories: [all, some]}}"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := render("v0.1.2", versions, o.Names)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"resource/shop/v1/zz_generated.go": `Policies = resource.Define[*api.Policy]("shop.example.com", "v1", "policies", "Policy", resource.Cluster, resource.Builtin(resource.ScaleSubresource()))`,
		"resource/core/v1/zz_generated.go": `resource.WithVerbs(resource.AllVerbs&^resource.VerbDeleteCollection)`,
		"resource/builtin/zz_generated.go": "\tshopv1.Reviews.Definition(),\n",
		"internal/builtin/zz_generated.go": `{"", "boxes", Names{[]string{"bx"}, []string{"all", "some"}}},`,
		"informers/groups/zz_generated.go": "func (v ShopV1) Policies() Accessor[*apishopv1.Policy] {\n\treturn access(v.factory, shopv1.Policies)\n}",
		"clientset/zz_generated.go":        "func (g ShopV1) Reviews(namespace string) typed.Creator[*apishopv1.Review] {\n\treturn typed.CreatorFor(g.server, shopv1.Reviews).Namespace(namespace)\n}",
	} {
		text := regexp.MustCompile(` += `).ReplaceAllString(string(files[path]), " = ")
		if !strings.Contains(text, want) {
			t.Errorf("%s does not contain %s:\n%s", path, want, text)
		}
	}
	marker := regexp.MustCompile(`^// Code generated .* DO NOT EDIT\.\n`)
	for path, text := range files {
		if !marker.Match(text) || !strings.Contains(string(text[:80]), "v0.1.2") {
			t.Errorf("%s does not begin with the marker of generated code", path)
		}
	}
	if strings.Contains(string(files["clientset/zz_generated.go"]), "Letters(") {
		t.Error("the clientset has a client for what cannot be requested")
	}
	if strings.Contains(string(files["informers/groups/zz_generated.go"]), "Reviews(") {
		t.Error("there is an informer of what cannot be watched")
	}
}
