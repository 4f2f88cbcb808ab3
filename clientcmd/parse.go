package clientcmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	sigsjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// wireFile is the format's outermost layer: lists of named entries, where a File has maps.
type wireFile struct {
	Kind           string          `json:"kind"`
	APIVersion     string          `json:"apiVersion"`
	Clusters       []wireEntry     `json:"clusters"`
	Contexts       []wireEntry     `json:"contexts"`
	Users          []wireEntry     `json:"users"`
	CurrentContext string          `json:"current-context"`
	Extensions     []wireExtension `json:"extensions"`
}

// wireEntry is a named cluster, context or user; one of the three is set.
type wireEntry struct {
	Name    string          `json:"name"`
	Cluster json.RawMessage `json:"cluster"`
	Context json.RawMessage `json:"context"`
	User    json.RawMessage `json:"user"`
}

type wireExtension struct {
	Name      string          `json:"name"`
	Extension json.RawMessage `json:"extension"`
}

// LoadBytes reads a kubeconfig from memory, YAML or JSON. Relative paths in it stay as they are.
func LoadBytes(data []byte) (*File, error) {
	f, err := parse(data, "")
	if err != nil {
		return nil, fmt.Errorf("kubeconfig is malformed: %w", err)
	}
	return f, nil
}

// parse reads the content of the file named origin, "" for none.
func parse(data []byte, origin string) (*File, error) {
	f := newFile()
	converted, err := yaml.YAMLToJSON(data)
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if string(converted) == "null" {
		return f, nil
	}
	var wire wireFile
	if err := unmarshal(converted, &wire); err != nil {
		return nil, err
	}
	if wire.Kind != "" && wire.Kind != "Config" || wire.APIVersion != "" && wire.APIVersion != "v1" {
		return nil, fmt.Errorf("it is a %q of %q, not a \"Config\" of \"v1\"", wire.Kind, wire.APIVersion)
	}
	f.CurrentContext = wire.CurrentContext
	if f.Extensions, err = extensionMap(wire.Extensions); err != nil {
		return nil, err
	}
	if f.unknown, err = leftOver(converted, reflect.TypeFor[wireFile]()); err != nil {
		return nil, err
	}
	return f, f.takeEntries(&wire, origin)
}

func newFile() *File {
	return &File{Clusters: map[string]*Cluster{}, Users: map[string]*User{}, Contexts: map[string]*Context{}}
}

func (f *File) takeEntries(wire *wireFile, origin string) error {
	for _, e := range wire.Clusters {
		c := &Cluster{origin: origin}
		if err := entry("cluster", f.Clusters, e.Name, e.Cluster, c, &c.Extensions, &c.unknown); err != nil {
			return err
		}
	}
	for _, e := range wire.Users {
		u := &User{origin: origin}
		if err := entry("user", f.Users, e.Name, e.User, u, &u.Extensions, &u.unknown); err != nil {
			return err
		}
		u.Exec.setDefaults()
	}
	for _, e := range wire.Contexts {
		c := &Context{origin: origin}
		if err := entry("context", f.Contexts, e.Name, e.Context, c, &c.Extensions, &c.unknown); err != nil {
			return err
		}
	}
	return nil
}

// setDefaults fills in what the version leaves open: v1 has no default for the mode.
func (e *Exec) setDefaults() {
	if e != nil && e.InteractiveMode == "" && e.APIVersion == "client.authentication.k8s.io/v1beta1" {
		e.InteractiveMode = "IfAvailable"
	}
}

// entry reads one named entry into value and puts it into the map.
func entry[T any](what string, all map[string]*T, name string, raw json.RawMessage, value *T, ext *map[string]json.RawMessage, rest *unknown) error {
	_, twice := all[name]
	all[name] = value
	return content(what, name, twice, raw, value, ext, rest)
}

// content reads what an entry holds into value, which points to a struct. It is not a part of entry, whose code is made for each type.
func content(what, name string, twice bool, raw json.RawMessage, value any, ext *map[string]json.RawMessage, rest *unknown) error {
	switch {
	case twice:
		return fmt.Errorf("there are two %ss named %q", what, name)
	case len(raw) == 0 || string(raw) == "null":
		return nil
	}
	var list struct {
		Extensions []wireExtension `json:"extensions"`
	}
	err := unmarshal(raw, value)
	if err == nil {
		err = unmarshal(raw, &list)
	}
	if err == nil {
		*ext, err = extensionMap(list.Extensions)
	}
	if err == nil {
		*rest, err = leftOver(raw, reflect.TypeOf(value).Elem())
	}
	if err != nil {
		return fmt.Errorf("%s %q: %w", what, name, err)
	}
	return nil
}

func extensionMap(list []wireExtension) (map[string]json.RawMessage, error) {
	if len(list) == 0 {
		return nil, nil
	}
	all := make(map[string]json.RawMessage, len(list))
	for _, e := range list {
		if _, exists := all[e.Name]; exists {
			return nil, fmt.Errorf("there are two extensions named %q", e.Name)
		}
		all[e.Name] = e.Extension
	}
	return all, nil
}

// leftOver returns the fields of a JSON object that the struct type t does not know.
func leftOver(raw []byte, t reflect.Type) (unknown, error) {
	var all unknown
	if err := unmarshal(raw, &all); err != nil {
		return nil, err
	}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		delete(all, name)
	}
	delete(all, "extensions")
	if len(all) == 0 {
		return nil, nil
	}
	return all, nil
}

// unmarshal reads JSON, case-sensitively. Its errors show no value, since that may be a secret.
func unmarshal(data []byte, into any) error {
	err := sigsjson.UnmarshalCaseSensitivePreserveInts(data, into)
	if err == nil {
		return nil
	}
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) {
		kind, _, _ := strings.Cut(mismatch.Value, " ")
		return fmt.Errorf("%s is of the wrong type, %s; want %s (does it need quotes?)", fieldName(mismatch.Field), kind, mismatch.Type)
	}
	return err
}

func fieldName(path string) string {
	if path == "" {
		return "it"
	}
	return "the field " + path
}
