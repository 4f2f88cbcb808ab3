package main

import (
	"bytes"
	"embed"
	"fmt"
	"go/format"
	"maps"
	"slices"
	"strings"
	"text/template"
)

//go:embed templates
var templateFiles embed.FS

// page is what a template sees.
type page struct {
	Release  string // of k8s.io/api
	Versions []*apiVersion
	Version  *apiVersion // in the package of one group-version
	Names    []namesOf
}

// namesOf is a row of the table of short names and categories.
type namesOf struct {
	Group, Resource string
	resourceNames
}

// render returns the files by path.
func render(release string, versions []*apiVersion, names map[string]resourceNames) (map[string][]byte, error) {
	templates, err := template.New("").Funcs(templateFuncs).ParseFS(templateFiles, "templates/*.tmpl")
	if err != nil {
		return nil, err
	}
	p := page{Release: release, Versions: versions, Names: sortedNames(names)}
	files := map[string][]byte{}
	add := func(folder, name string, p page) error {
		var out bytes.Buffer
		if err := templates.ExecuteTemplate(&out, name, p); err != nil {
			return err
		}
		source, err := format.Source(out.Bytes())
		if err != nil {
			return fmt.Errorf("%s: %w\n%s", name, err, out.Bytes())
		}
		files[folder+"/"+fileName] = source
		return nil
	}
	for _, v := range versions {
		p.Version = v
		if err := add("resource/"+v.Folder, "resource.tmpl", p); err != nil {
			return nil, err
		}
	}
	p.Version = nil
	for folder, name := range tables {
		if err := add(folder, name, p); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// tables are the files that speak of all versions: folder → template.
var tables = map[string]string{
	"resource/builtin": "builtin.tmpl",
	"internal/builtin": "names.tmpl",
	"clientset":        "clientset.tmpl",
	"informers/groups": "informers.tmpl",
}

func sortedNames(names map[string]resourceNames) []namesOf {
	var rows []namesOf
	for name, n := range names {
		resource, group, _ := strings.Cut(name, ".")
		rows = append(rows, namesOf{group, resource, n})
	}
	slices.SortFunc(rows, func(a, b namesOf) int {
		if c := strings.Compare(a.Group, b.Group); c != 0 {
			return c
		}
		return strings.Compare(a.Resource, b.Resource)
	})
	return rows
}

var templateFuncs = template.FuncMap{
	"options":   options,
	"goStrings": goStrings,
	"groups":    groups,
	"watched":   watched,
	"byName":    byName,
}

// options returns the options of a resource's Define line.
func options(r *apiResource) string {
	var subs []string
	for _, s := range r.Subresources {
		subs = append(subs, goSubresource(s))
	}
	separator := ", "
	if slices.ContainsFunc(subs, func(s string) bool { return strings.Contains(s, "{") }) {
		separator = ",\n"
		subs = append([]string{""}, append(subs, "")...)
	}
	builtin := "resource.Builtin(" + strings.TrimPrefix(strings.Join(subs, separator), ",") + ")"
	if slices.Equal(r.Verbs, allVerbs) {
		return builtin
	}
	return builtin + ", resource.WithVerbs(" + goVerbs(r.Verbs) + ")"
}

func goSubresource(s subresource) string {
	scale := groupKind{"autoscaling", "v1", "Scale"}
	switch usual := slices.Equal(s.Verbs, changeVerbs); {
	case usual && s.Name == "status" && s.Kind == groupKind{}:
		return "resource.StatusSubresource()"
	case usual && s.Name == "scale" && s.Kind == scale:
		return "resource.ScaleSubresource()"
	}
	kind := ""
	if s.Kind != (groupKind{}) {
		kind = fmt.Sprintf(", Kind: schema.GroupVersionKind{Group: %q, Version: %q, Kind: %q}", s.Kind.Group, s.Kind.Version, s.Kind.Kind)
	}
	return fmt.Sprintf("resource.Subresource{Name: %q, Verbs: %s%s}", s.Name, goVerbs(s.Verbs), kind)
}

func goVerbs(verbs []string) string {
	if len(verbs) == 0 {
		return "0"
	}
	if len(verbs) == len(allVerbs)-1 {
		missing := slices.DeleteFunc(slices.Clone(allVerbs), func(verb string) bool { return slices.Contains(verbs, verb) })
		return "resource.AllVerbs &^ " + goVerbs(missing)
	}
	var names []string
	for _, verb := range verbs {
		name := title(verb)
		if verb == "deletecollection" {
			name = "DeleteCollection"
		}
		names = append(names, "resource.Verb"+name)
	}
	return strings.Join(names, " | ")
}

func goStrings(list []string) string {
	if len(list) == 0 {
		return "nil"
	}
	return fmt.Sprintf("[]string{%s}", strings.ReplaceAll(strings.Trim(fmt.Sprintf("%q", list), "[]"), " ", ", "))
}

// group is all versions of one API group.
type group struct {
	Name     string // the Go name
	Group    string
	Versions []*apiVersion
}

// Title is what documentation calls the group.
func (g *group) Title() string {
	if g.Group == "" {
		return "core group"
	}
	return "group " + g.Group
}

// watched returns the versions that an informer can follow anything of.
func watched(versions []*apiVersion) []*apiVersion {
	return slices.DeleteFunc(slices.Clone(versions), func(v *apiVersion) bool {
		return !slices.ContainsFunc(v.Resources, (*apiResource).Watchable)
	})
}

// groups returns the groups that an informer can follow anything of, sorted by name.
func groups(versions []*apiVersion) []*group {
	byGroup := map[string]*group{}
	for _, v := range watched(versions) {
		if byGroup[v.Group] == nil {
			byGroup[v.Group] = &group{Name: v.GroupName(), Group: v.Group}
		}
		byGroup[v.Group].Versions = append(byGroup[v.Group].Versions, v)
	}
	return slices.SortedFunc(maps.Values(byGroup), func(a, b *group) int { return strings.Compare(a.Name, b.Name) })
}

// byName sorts the versions by the names of their group and version, as API documents do.
func byName(versions []*apiVersion) []*apiVersion {
	sorted := slices.Clone(versions)
	slices.SortFunc(sorted, func(a, b *apiVersion) int {
		if c := strings.Compare(a.Group, b.Group); c != 0 {
			return c
		}
		return strings.Compare(a.Version, b.Version)
	})
	return sorted
}
