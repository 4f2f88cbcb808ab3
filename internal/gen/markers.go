package main

import (
	"fmt"
	"slices"
	"strings"
)

// markers are the generator comments in front of a type: lines such as "+genclient:onlyVerbs=create".
type markers []string

func (m markers) has(name string) bool {
	return slices.Contains(m, name)
}

// value returns what follows "name=" in the only marker of that name.
func (m markers) value(name string) (string, bool) {
	for _, line := range m {
		if value, ok := strings.CutPrefix(line, name+"="); ok {
			return value, true
		}
	}
	return "", false
}

// resource describes the resource of a type that has the marker +genclient; hasStatus says whether the type has a field Status.
func (m markers) resource(version *apiVersion, kind string, hasStatus bool) (*apiResource, error) {
	verbs, err := m.verbs()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", kind, err)
	}
	r := &apiResource{
		Kind:       kind,
		Plural:     plural(kind),
		Namespaced: !m.has("+genclient:nonNamespaced"),
		Verbs:      verbs,
	}
	r.Name = strings.ToLower(r.Plural)
	if name, ok := m.value("+resourceName"); ok {
		r.Name = name
	}
	if hasStatus && r.has("update") && !m.has("+genclient:noStatus") {
		r.Subresources = append(r.Subresources, subresource{Name: "status", Verbs: changeVerbs})
	}
	for _, line := range m {
		method, ok := strings.CutPrefix(line, "+genclient:method=")
		if !ok {
			continue
		}
		sub, err := methodSubresource(version, kind, method)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", kind, err)
		}
		if sub.Name != "" && !slices.ContainsFunc(r.Subresources, func(s subresource) bool { return s.Name == sub.Name }) {
			r.Subresources = append(r.Subresources, sub)
		}
	}
	return r, nil
}

// verbs reads noVerbs, onlyVerbs and skipVerbs.
func (m markers) verbs() ([]string, error) {
	if m.has("+genclient:noVerbs") {
		return nil, nil
	}
	verbs := slices.Clone(allVerbs)
	for _, name := range []string{"onlyVerbs", "skipVerbs"} {
		list, ok := m.value("+genclient:" + name)
		if !ok {
			continue
		}
		listed := strings.Split(strings.ToLower(list), ",")
		for _, verb := range listed {
			// These two name generated methods, not verbs of the API.
			if !slices.Contains(allVerbs, verb) && verb != "updatestatus" && verb != "apply" {
				return nil, fmt.Errorf("+genclient:%s: unknown verb %q", name, verb)
			}
		}
		verbs = slices.DeleteFunc(verbs, func(verb string) bool {
			return slices.Contains(listed, verb) == (name == "skipVerbs")
		})
	}
	return verbs, nil
}

// methodSubresource reads a marker such as
// "GetScale,verb=get,subresource=scale,result=k8s.io/api/autoscaling/v1.Scale".
func methodSubresource(version *apiVersion, kind, method string) (subresource, error) {
	fields := map[string]string{}
	for _, field := range strings.Split(method, ",")[1:] {
		key, value, _ := strings.Cut(field, "=")
		fields[key] = value
	}
	sub := subresource{Name: fields["subresource"], Verbs: changeVerbs}
	switch verb := fields["verb"]; verb {
	case "get", "update", "patch", "apply": // a part of the object that can be updated can be read and patched too
	case "create":
		sub.Verbs = []string{verb}
	default:
		return subresource{}, fmt.Errorf("+genclient:method=%s: unknown verb %q", method, verb)
	}
	carried := fields["result"]
	if carried == "" {
		carried = fields["input"]
	}
	carried = strings.TrimPrefix(carried, "k8s.io/api/")
	if carried != "" {
		gk, err := parseKind(version, carried)
		if err != nil {
			return subresource{}, fmt.Errorf("+genclient:method=%s: %w", method, err)
		}
		if gk != (groupKind{version.Group, version.Version, kind}) {
			sub.Kind = gk
		}
	}
	return sub, nil
}

// parseKind reads "Scale", which is of the same group-version, or "autoscaling/v1.Scale" with a folder of k8s.io/api.
func parseKind(version *apiVersion, text string) (groupKind, error) {
	folder, kind, found := strings.Cut(text, ".")
	if !found {
		return groupKind{version.Group, version.Version, text}, nil
	}
	if folder == version.Folder {
		return groupKind{version.Group, version.Version, kind}, nil
	}
	group, ok := foreignGroups[folder]
	if !ok {
		return groupKind{}, fmt.Errorf("kind %q: the group of folder %q is not known", text, folder)
	}
	return groupKind{group, folder[strings.LastIndex(folder, "/")+1:], kind}, nil
}

// foreignGroups are the groups of the kinds that subresources of other groups carry.
var foreignGroups = map[string]string{
	"authentication/v1": "authentication.k8s.io",
	"autoscaling/v1":    "autoscaling",
	"policy/v1":         "policy",
}
