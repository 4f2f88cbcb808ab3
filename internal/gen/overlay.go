package main

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

//go:embed server.yaml
var serverYAML []byte

// overlay is the format of server.yaml: what an API server serves in other ways than the Go types say.
type overlay struct {
	// Resources is by "<folder of k8s.io/api>/<resource>", such as "core/v1/pods".
	Resources map[string]resourceOverlay `json:"resources"`
	// Names is by "<resource>.<group>", such as "deployments.apps".
	Names map[string]resourceNames `json:"names"`
}

type resourceOverlay struct {
	Verbs []string `json:"verbs"` // nil: those of the markers
	// Subresources adds to those of the markers, or replaces one of the same name; null removes it.
	Subresources map[string]*subresourceOverlay `json:"subresources"`
}

type subresourceOverlay struct {
	Verbs []string `json:"verbs"`
	Kind  string   `json:"kind"` // "Scale" of the same group-version, "autoscaling/v1.Scale", or empty: the resource's own kind
}

// resourceNames is what discovery says beside the resource's name, for all versions of a group.
type resourceNames struct {
	Short      []string `json:"short"`
	Categories []string `json:"categories"`
}

func readOverlay(text []byte) (*overlay, error) {
	var o overlay
	if err := yaml.UnmarshalStrict(text, &o); err != nil {
		return nil, fmt.Errorf("server.yaml: %w", err)
	}
	return &o, nil
}

// apply corrects the resources, and sorts their verbs and subresources. An entry that fits no resource, or changes nothing, is an
// error: it would mislead the next reader.
func (o *overlay) apply(versions []*apiVersion) error {
	unused, unnamed := maps.Clone(o.Resources), maps.Clone(o.Names)
	for _, v := range versions {
		for _, r := range v.Resources {
			path := v.Folder + "/" + r.Name
			delete(unused, path)
			delete(unnamed, groupResource(v, r))
			if err := o.Resources[path].apply(v, r); err != nil {
				return fmt.Errorf("server.yaml: %s: %w", path, err)
			}
			slices.SortFunc(r.Subresources, func(a, b subresource) int { return strings.Compare(a.Name, b.Name) })
		}
	}
	for path := range unused {
		return fmt.Errorf("server.yaml: k8s.io/api has no resource %s", path)
	}
	for name := range unnamed {
		return fmt.Errorf("server.yaml: k8s.io/api has no resource %s", name)
	}
	return nil
}

func groupResource(v *apiVersion, r *apiResource) string {
	return strings.TrimSuffix(r.Name+"."+v.Group, ".")
}

func (o resourceOverlay) apply(v *apiVersion, r *apiResource) error {
	if o.Verbs != nil {
		verbs, err := sortedVerbs(o.Verbs)
		if err != nil {
			return err
		}
		if slices.Equal(verbs, r.Verbs) {
			return fmt.Errorf("the verbs are those of the markers already")
		}
		r.Verbs = verbs
	}
	for name, change := range o.Subresources {
		index := slices.IndexFunc(r.Subresources, func(s subresource) bool { return s.Name == name })
		if change == nil {
			if index < 0 {
				return fmt.Errorf("there is no subresource %s to remove", name)
			}
			r.Subresources = slices.Delete(r.Subresources, index, index+1)
			continue
		}
		sub, err := change.subresource(v, name)
		if err != nil {
			return fmt.Errorf("subresource %s: %w", name, err)
		}
		if index < 0 {
			r.Subresources = append(r.Subresources, sub)
			continue
		}
		if slices.Equal(r.Subresources[index].Verbs, sub.Verbs) && r.Subresources[index].Kind == sub.Kind {
			return fmt.Errorf("subresource %s is as the markers say already", name)
		}
		r.Subresources[index] = sub
	}
	return nil
}

func (o *subresourceOverlay) subresource(v *apiVersion, name string) (subresource, error) {
	verbs, err := sortedVerbs(o.Verbs)
	if err != nil {
		return subresource{}, err
	}
	sub := subresource{Name: name, Verbs: verbs}
	if o.Kind != "" {
		sub.Kind, err = parseKind(v, o.Kind)
	}
	return sub, err
}

// sortedVerbs returns the verbs in the order of allVerbs.
func sortedVerbs(verbs []string) ([]string, error) {
	for _, verb := range verbs {
		if !slices.Contains(allVerbs, verb) {
			return nil, fmt.Errorf("unknown verb %q", verb)
		}
	}
	if len(verbs) == 0 {
		return nil, fmt.Errorf("no verbs")
	}
	sorted := slices.Clone(allVerbs)
	return slices.DeleteFunc(sorted, func(verb string) bool { return !slices.Contains(verbs, verb) }), nil
}
