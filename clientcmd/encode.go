package clientcmd

import (
	"encoding/json"
	"fmt"
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
	for what, write := range map[string]func() (any, error){
		"clusters": func() (any, error) { return entries("cluster", f.Clusters, (*Cluster).wire) },
		"users":    func() (any, error) { return entries("user", f.Users, (*User).wire) },
		"contexts": func() (any, error) { return entries("context", f.Contexts, (*Context).wire) },
	} {
		list, err := write()
		if err != nil {
			return nil, err
		}
		out[what] = list
	}
	if len(f.Extensions) > 0 {
		out["extensions"] = extensionList(f.Extensions)
	}
	return json.Marshal(out)
}

// entries turns a map into the format's list of named entries; nil if there are none.
func entries[T any](what string, all map[string]*T, wire func(*T) (map[string]any, error)) (any, error) {
	var list []map[string]any
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fields, err := wire(all[name])
		if err != nil {
			return nil, fmt.Errorf("%s %q: %w", what, name, err)
		}
		list = append(list, map[string]any{"name": name, what: fields})
	}
	return list, nil
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
