package main

import (
	"slices"
	"strings"
)

// apiVersion is one group-version of the API: one package of k8s.io/api.
type apiVersion struct {
	Folder    string // of k8s.io/api, such as "apiserverinternal/v1alpha1"
	Group     string // "" for the core group
	Version   string
	Resources []*apiResource // sorted by Name
}

// apiResource is one resource, as its Go type describes it and the server corrects it.
type apiResource struct {
	Kind         string
	Plural       string // the kind's plural, the Go name of everything generated
	Name         string // lower case
	Namespaced   bool
	Verbs        []string // sorted as allVerbs
	Subresources []subresource
}

// subresource is a path below an object.
type subresource struct {
	Name  string
	Verbs []string
	Kind  groupKind // zero: the kind of the resource
}

type groupKind struct{ Group, Version, Kind string }

// allVerbs is what a resource offers unless something is known about it.
var allVerbs = []string{"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"}

// changeVerbs is what a subresource offers that holds a part of the object.
var changeVerbs = []string{"get", "update", "patch"}

// GroupVersion returns "v1" or "apps/v1".
func (v *apiVersion) GroupVersion() string {
	if v.Group == "" {
		return v.Version
	}
	return v.Group + "/" + v.Version
}

// Title is what documentation calls it: "apps/v1", or "the core group's v1".
func (v *apiVersion) Title() string {
	if v.Group == "" {
		return "the core group's " + v.Version
	}
	return v.GroupVersion()
}

// GroupName is the Go name of the group: "Core", "Rbac", "Internal" (for internal.apiserver.k8s.io).
func (v *apiVersion) GroupName() string {
	first, _, _ := strings.Cut(v.Group, ".")
	if first == "" {
		first = "core"
	}
	return title(first)
}

// VersionName is the Go name of the version, such as "V1beta1".
func (v *apiVersion) VersionName() string { return title(v.Version) }

// Name is the Go name of both, such as "AppsV1".
func (v *apiVersion) Name() string { return v.GroupName() + v.VersionName() }

// Alias is how other packages import the version's package, such as "appsv1".
func (v *apiVersion) Alias() string { return strings.ReplaceAll(v.Folder, "/", "") }

// CarriesOtherKinds says whether a subresource's kind has to be spelt out in the package of the version.
func (v *apiVersion) CarriesOtherKinds() bool {
	return slices.ContainsFunc(v.Resources, func(r *apiResource) bool { return strings.Contains(options(r), "schema.") })
}

// CreateOnly says whether the resource takes questions: a review, whose answer is the created object.
func (r *apiResource) CreateOnly() bool { return len(r.Verbs) == 1 && r.Verbs[0] == "create" }

// Watchable says whether an informer can follow the resource.
func (r *apiResource) Watchable() bool { return r.has("list") && r.has("watch") }

// Served says whether the resource has a path of its own.
func (r *apiResource) Served() bool { return len(r.Verbs) > 0 }

func (r *apiResource) has(verb string) bool { return slices.Contains(r.Verbs, verb) }

func title(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// plural returns the English plural of a kind.
func plural(kind string) string {
	switch {
	case kind == "Endpoints":
		return kind
	case strings.HasSuffix(kind, "y") && !strings.ContainsAny(kind[len(kind)-2:len(kind)-1], "aeiou"):
		return kind[:len(kind)-1] + "ies"
	case strings.HasSuffix(kind, "s"), strings.HasSuffix(kind, "x"), strings.HasSuffix(kind, "ch"), strings.HasSuffix(kind, "sh"):
		return kind + "es"
	default:
		return kind + "s"
	}
}
