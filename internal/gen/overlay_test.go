package main

import (
	"slices"
	"strings"
	"testing"
)

// corrected reads the small source and applies the overlay.
func corrected(t *testing.T, text string) ([]*apiVersion, error) {
	t.Helper()
	versions, err := readSource("testdata/api")
	if err != nil {
		t.Fatal(err)
	}
	o, err := readOverlay([]byte(text))
	if err != nil {
		return nil, err
	}
	return versions, o.apply(versions)
}

func TestTheServerCorrectsVerbsAndSubresources(t *testing.T) {
	versions, err := corrected(t, `
resources:
  core/v1/boxes:
    verbs: [watch, list, get]
    subresources:
      status: null
      lid: {verbs: [update]}
      open: {verbs: [create], kind: Opening}
      move: {verbs: [get, create], kind: policy/v1.Eviction}
`)
	if err != nil {
		t.Fatal(err)
	}
	boxes := versions[0].Resources[0]
	if want := []string{"get", "list", "watch"}; !slices.Equal(boxes.Verbs, want) {
		t.Errorf("verbs %q, want %q", boxes.Verbs, want)
	}
	var got []string
	for _, s := range boxes.Subresources {
		got = append(got, strings.TrimSpace(s.Name+" "+strings.Join(s.Verbs, ",")+" "+s.Kind.Group+" "+s.Kind.Kind))
	}
	want := []string{"lid update", "move get,create policy Eviction", "open create  Opening", "token create authentication.k8s.io TokenRequest"}
	if !slices.Equal(got, want) {
		t.Errorf("subresources %q, want %q", got, want)
	}
}

func TestAnOverlayThatMisleadsIsAnError(t *testing.T) {
	for want, text := range map[string]string{
		"k8s.io/api has no resource core/v1/bags": "resources: {core/v1/bags: {verbs: [get]}}",
		"k8s.io/api has no resource bags.shop":    "names: {bags.shop: {short: [b]}}",
		"are those of the markers already":        "resources: {shop/v1/questions: {verbs: [create]}}",
		"there is no subresource x to remove":     "resources: {core/v1/boxes: {subresources: {x: null}}}",
		"status is as the markers say already":    "resources: {core/v1/boxes: {subresources: {status: {verbs: [patch, get, update]}}}}",
		`unknown verb "peek"`:                     "resources: {core/v1/boxes: {verbs: [peek]}}",
		"subresource x: no verbs":                 "resources: {core/v1/boxes: {subresources: {x: {kind: Box}}}}",
		`unknown field "verb"`:                    "resources: {core/v1/boxes: {verb: [get]}}",
	} {
		if _, err := corrected(t, text); err == nil || !strings.Contains(err.Error(), "server.yaml: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %q", err, want)
		}
	}
}

func TestTheOverlayOfThisModuleCanBeRead(t *testing.T) {
	o, err := readOverlay(serverYAML)
	if err != nil {
		t.Fatal(err)
	}
	// YAML reads a bare no as a boolean.
	if short := o.Names["nodes"].Short; !slices.Equal(short, []string{"no"}) {
		t.Errorf("the short names of nodes are %q", short)
	}
}
