package clientcmd

import (
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"

	"sigs.k8s.io/yaml"
)

// Bytes returns the file as YAML, with its secrets: entries sorted by name, and fields by theirs, as kubectl writes them.
func (f *File) Bytes() ([]byte, error) {
	data, err := f.json()
	if err != nil {
		return nil, err
	}
	return yaml.JSONToYAML(data)
}

// json returns the file as JSON, with its secrets.
func (f *File) json() ([]byte, error) {
	out := map[string]any{"apiVersion": "v1", "kind": "Config", "preferences": map[string]any{}, "current-context": f.CurrentContext}
	for name, raw := range f.unknown {
		out[name] = raw
	}
	lists := []struct {
		what  string
		names iter.Seq[string]
		wire  func(name string) (map[string]any, error)
	}{
		{"cluster", maps.Keys(f.Clusters), func(name string) (map[string]any, error) { return f.Clusters[name].wire() }},
		{"user", maps.Keys(f.Users), func(name string) (map[string]any, error) { return f.Users[name].wire() }},
		{"context", maps.Keys(f.Contexts), func(name string) (map[string]any, error) { return f.Contexts[name].wire() }},
	}
	for _, l := range lists {
		var list []map[string]any // nil if there are none
		for _, name := range slices.Sorted(l.names) {
			fields, err := l.wire(name)
			if err != nil {
				return nil, fmt.Errorf("%s %q: %w", l.what, name, err)
			}
			list = append(list, map[string]any{"name": name, l.what: fields})
		}
		out[l.what+"s"] = list
	}
	if len(f.Extensions) > 0 {
		out["extensions"] = extensionList(f.Extensions)
	}
	return json.Marshal(out)
}

func (c *Cluster) wire() (map[string]any, error) {
	return fields((*plainCluster)(c), c.unknown, c.Extensions)
}

func (c *Context) wire() (map[string]any, error) { return fields(c, c.unknown, c.Extensions) }

// wire replaces the parts whose own MarshalJSON would hide what is secret.
func (u *User) wire() (map[string]any, error) {
	plain := plainUser(*u)
	plain.Exec, plain.AuthProvider = nil, nil
	out, err := fields(&plain, u.unknown, u.Extensions)
	if u.Exec != nil {
		out["exec"] = (*plainExec)(u.Exec)
	}
	if u.AuthProvider != nil {
		out["auth-provider"] = struct {
			Name   string            `json:"name"`
			Config map[string]string `json:"config"`
		}(*u.AuthProvider)
	}
	return out, err
}

// fields returns the JSON fields of an entry, with those that have no name in its type.
func fields(entry any, rest unknown, extensions map[string]json.RawMessage) (map[string]any, error) {
	data, err := json.Marshal(entry)
	if err != nil {
		return nil, err
	}
	var known map[string]json.RawMessage
	if err := json.Unmarshal(data, &known); err != nil {
		return nil, err
	}
	out := map[string]any{}
	for name, raw := range rest {
		out[name] = raw
	}
	for name, raw := range known {
		out[name] = raw
	}
	if len(extensions) > 0 {
		out["extensions"] = extensionList(extensions)
	}
	return out, nil
}

func extensionList(all map[string]json.RawMessage) []map[string]any {
	var list []map[string]any
	for _, name := range slices.Sorted(maps.Keys(all)) {
		list = append(list, map[string]any{"name": name, "extension": all[name]})
	}
	return list
}
