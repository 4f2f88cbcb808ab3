package crd

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	kjson "sigs.k8s.io/json"
)

// structure is the part of a schema that pruning and defaulting need.
type structure struct {
	Type            string                `json:"type"`
	Properties      map[string]*structure `json:"properties"`
	Additional      *additional           `json:"additionalProperties"`
	Items           *structure            `json:"items"`
	Default         json.RawMessage       `json:"default"`
	Nullable        bool                  `json:"nullable"`
	PreserveUnknown bool                  `json:"x-kubernetes-preserve-unknown-fields"`
	Embedded        bool                  `json:"x-kubernetes-embedded-resource"`
	ListType        string                `json:"x-kubernetes-list-type"`
	ListKeys        []string              `json:"x-kubernetes-list-map-keys"`

	value any // Default, decoded
}

// additional is a schema, or true or false.
type additional struct {
	allowed bool
	schema  *structure
}

// UnmarshalJSON reads either form.
func (a *additional) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, &a.allowed) == nil {
		return nil
	}
	a.allowed = true
	return json.Unmarshal(data, &a.schema)
}

func parseSchema(raw []byte) (*structure, error) {
	s := &structure{}
	if err := json.Unmarshal(raw, s); err != nil {
		return nil, err
	}
	if s.Type != "object" {
		return nil, fmt.Errorf("the type of the root must be object, not %q", s.Type)
	}
	return s, s.decodeDefaults()
}

func (s *structure) decodeDefaults() error {
	if s == nil {
		return nil
	}
	if len(s.Default) > 0 {
		if err := kjson.UnmarshalCaseSensitivePreserveInts(s.Default, &s.value); err != nil {
			return err
		}
	}
	for _, p := range s.Properties {
		if err := p.decodeDefaults(); err != nil {
			return err
		}
	}
	if s.Additional != nil {
		if err := s.Additional.schema.decodeDefaults(); err != nil {
			return err
		}
	}
	return s.Items.decodeDefaults()
}

// typeFields are the fields that every resource has beside its schema.
var typeFields = []string{"apiVersion", "kind", "metadata"}

// pruneRoot drops the fields of an object that its schema does not know, and returns their paths.
func (s *structure) pruneRoot(object map[string]any) (pruned []string) {
	s.pruneMap(object, "", true, &pruned)
	return pruned
}

func (s *structure) prune(value any, path string, pruned *[]string) {
	switch v := value.(type) {
	case map[string]any:
		s.pruneMap(v, path, s.Embedded, pruned)
	case []any:
		if s.Items == nil {
			return
		}
		for i, item := range v {
			s.Items.prune(item, fmt.Sprintf("%s[%d]", path, i), pruned)
		}
	}
}

func (s *structure) pruneMap(m map[string]any, path string, isResource bool, pruned *[]string) {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if isResource && slices.Contains(typeFields, name) {
			continue
		}
		at := name
		if path != "" {
			at = path + "." + name
		}
		switch p, known := s.Properties[name]; {
		case known:
			p.prune(m[name], at, pruned)
		case s.Additional != nil && s.Additional.allowed:
			if s.Additional.schema != nil {
				s.Additional.schema.prune(m[name], at, pruned)
			}
		case s.PreserveUnknown:
		default:
			delete(m, name)
			*pruned = append(*pruned, at)
		}
	}
}

// defaultRoot sets the fields of an object that are missing and have a default.
func (s *structure) defaultRoot(object map[string]any) { s.setDefaults(object) }

func (s *structure) setDefaults(value any) {
	switch v := value.(type) {
	case map[string]any:
		for name, p := range s.Properties {
			current, exists := v[name]
			if exists && current == nil && !p.Nullable { // as if it had not been sent
				delete(v, name)
				exists = false
			}
			if p.value != nil && !exists {
				v[name] = runtime.DeepCopyJSONValue(p.value)
			}
			if current, exists = v[name]; exists {
				p.setDefaults(current)
			}
		}
		if s.Additional != nil && s.Additional.schema != nil {
			for name, item := range v {
				switch _, declared := s.Properties[name]; {
				case declared:
				case item == nil && !s.Additional.schema.Nullable:
					delete(v, name)
				default:
					s.Additional.schema.setDefaults(item)
				}
			}
		}
	case []any:
		if s.Items != nil {
			for _, item := range v {
				s.Items.setDefaults(item)
			}
		}
	}
}

// duplicates says which items of sets and keyed lists are there twice.
func (s *structure) duplicates(value any, path *field.Path) (problems field.ErrorList) {
	switch v := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			child := s.Properties[name]
			if child == nil && s.Additional != nil {
				child = s.Additional.schema
			}
			if child != nil {
				problems = append(problems, child.duplicates(v[name], path.Child(name))...)
			}
		}
	case []any:
		problems = s.duplicateItems(v, path)
		for i, item := range v {
			if s.Items != nil {
				problems = append(problems, s.Items.duplicates(item, path.Index(i))...)
			}
		}
	}
	return problems
}

func (s *structure) duplicateItems(items []any, path *field.Path) (problems field.ErrorList) {
	if s.ListType != "set" && s.ListType != "map" {
		return nil
	}
	seen := map[string]bool{}
	for i, item := range items {
		key := item
		if s.ListType == "map" {
			m, _ := item.(map[string]any)
			keys := map[string]any{}
			for _, name := range s.ListKeys {
				if value, ok := m[name]; ok {
					keys[name] = value
				}
			}
			key = keys
		}
		text, err := json.Marshal(key)
		if err != nil {
			continue // it came from JSON
		}
		if seen[string(text)] {
			problems = append(problems, field.Duplicate(path.Index(i), key))
		}
		seen[string(text)] = true
	}
	return problems
}
