package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestMarkersDescribeResources(t *testing.T) {
	versions, err := readSource("testdata/api")
	if err != nil {
		t.Fatal(err)
	}
	noCollection := allVerbs[:len(allVerbs)-1]
	want := []*apiVersion{
		{Folder: "core/v1", Group: "", Version: "v1", Resources: []*apiResource{{
			Kind: "Box", Plural: "Boxes", Name: "boxes", Namespaced: true, Verbs: noCollection,
			Subresources: []subresource{
				{Name: "status", Verbs: changeVerbs},
				{Name: "lid", Verbs: changeVerbs},
				{Name: "token", Verbs: []string{"create"}, Kind: groupKind{"authentication.k8s.io", "v1", "TokenRequest"}},
			},
		}}},
		{Folder: "shop/v1", Group: "shop.example.com", Version: "v1", Resources: []*apiResource{
			{Kind: "Letter", Plural: "Letters", Name: "letters", Namespaced: true},
			{
				Kind: "Policy", Plural: "Policies", Name: "policies", Verbs: allVerbs,
				Subresources: []subresource{{Name: "scale", Verbs: changeVerbs, Kind: groupKind{"autoscaling", "v1", "Scale"}}},
			},
			{Kind: "Review", Plural: "Reviews", Name: "questions", Namespaced: true, Verbs: []string{"create"}},
		}},
	}
	if !reflect.DeepEqual(versions, want) {
		t.Errorf("got %s\nwant %s", describe(versions), describe(want))
	}
}

func describe(versions []*apiVersion) string {
	var b strings.Builder
	for _, v := range versions {
		b.WriteString("\n" + v.Folder + " " + v.Group)
		for _, r := range v.Resources {
			b.WriteString("\n\t" + r.Name + " " + strings.Join(r.Verbs, ",") + " " + options(r))
		}
	}
	return b.String()
}

func TestSourceThatCannotBeTrustedIsAnError(t *testing.T) {
	const group = "package v1\nconst GroupName = \"g\"\n"
	for want, source := range map[string]string{
		"no constant GroupName":                 "package v1\n// +genclient\ntype T struct{}\ntype TList struct{}\n",
		"there is no type ThingList":            group + "// +genclient\ntype Thing struct{}\n",
		`unknown verb "listen"`:                 group + "// +genclient\n// +genclient:onlyVerbs=listen\ntype T struct{}\n",
		`unknown verb "drop"`:                   group + "// +genclient\n// +genclient:method=Drop,verb=drop,subresource=x\ntype T struct{}\ntype TList struct{}\n",
		`folder "far/v1" is not known`:          group + "// +genclient\n// +genclient:method=Get,verb=get,subresource=x,result=k8s.io/api/far/v1.T\ntype T struct{}\ntype TList struct{}\n",
		"expected":                              "package v1\nfunc {",
		"no package has a type with the marker": group,
	} {
		dir := t.TempDir()
		folder := filepath.Join(dir, "g", "v1")
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "types.go"), []byte(source), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := readSource(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %q", err, want)
		}
	}
}

func TestPluralsAreEnglish(t *testing.T) {
	for kind, want := range map[string]string{
		"Pod": "Pods", "Endpoints": "Endpoints", "NetworkPolicy": "NetworkPolicies", "Ingress": "Ingresses", "StorageClass": "StorageClasses",
		"ComponentStatus": "ComponentStatuses", "IPAddress": "IPAddresses", "Key": "Keys", "Box": "Boxes", "Batch": "Batches",
	} {
		if got := plural(kind); got != want {
			t.Errorf("plural(%q) = %q, want %q", kind, got, want)
		}
	}
}

func TestGoNamesOfGroupsAreThoseOfTheField(t *testing.T) {
	for want, v := range map[string]*apiVersion{
		"CoreV1":           {Version: "v1"},
		"RbacV1beta1":      {Group: "rbac.authorization.k8s.io", Version: "v1beta1"},
		"InternalV1alpha1": {Group: "internal.apiserver.k8s.io", Version: "v1alpha1"},
		"AppsV1":           {Group: "apps", Version: "v1"},
	} {
		if got := v.Name(); got != want {
			t.Errorf("%s is called %s, want %s", v.GroupVersion(), got, want)
		}
	}
}
