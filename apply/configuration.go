package apply

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/sheaf-dev/sheaf/resource"
)

// AmbiguousError says that fields are zero of which Go cannot tell whether that is meant.
type AmbiguousError struct {
	// Fields are their paths, such as "spec.ports[0].port", in the order of the struct.
	Fields []string
}

// Error names the fields and what to do.
func (e *AmbiguousError) Error() string {
	are := "is"
	if len(e.Fields) > 1 {
		are = "are"
	}
	return fmt.Sprintf("%s %s zero, which may be meant or never have been given: say which with apply.Zero or apply.Unset", strings.Join(e.Fields, ", "), are)
}

// metadataApplied are the fields of the metadata that are anybody's to set; the others are the server's.
var metadataApplied = map[string]bool{
	"name": true, "namespace": true, "labels": true, "annotations": true, "ownerReferences": true, "finalizers": true,
}

// Configuration returns what is sent to apply an object, in JSON: all that is set, but not its status. The object is not changed.
//
// An error is an *AmbiguousError, or says what is wrong with a mark or which field cannot be written as JSON.
func Configuration(def *resource.Definition, o resource.Object, list ...Mark) ([]byte, error) {
	return configuration(def, o, false, list)
}

// StatusConfiguration is Configuration for the status alone. It is an error if nothing of it is set.
func StatusConfiguration(def *resource.Definition, o resource.Object, list ...Mark) ([]byte, error) {
	return configuration(def, o, true, list)
}

func configuration(def *resource.Definition, o resource.Object, status bool, list []Mark) ([]byte, error) {
	content, err := setFields(o, status, list)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", o.GetName(), err)
	}
	if status && content["status"] == nil {
		return nil, fmt.Errorf("%q has no status to apply", o.GetName())
	}
	content["apiVersion"], content["kind"] = def.GroupVersionKind().ToAPIVersionAndKind()
	content["metadata"] = applied(content["metadata"], o, status)
	return json.Marshal(content)
}

// applied returns the metadata to send.
func applied(all any, o resource.Object, status bool) map[string]any {
	metadata := map[string]any{"name": o.GetName()}
	if o.GetNamespace() != "" {
		metadata["namespace"] = o.GetNamespace()
	}
	fields, _ := all.(map[string]any)
	for name, value := range fields {
		if metadataApplied[name] && !status {
			metadata[name] = value
		}
	}
	return metadata
}

// setFields returns the fields of one half of an object that are set. Of an unstructured object these are all that it has.
func setFields(o resource.Object, status bool, list []Mark) (map[string]any, error) {
	m, err := collect(list)
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	if u, ok := o.(*unstructured.Unstructured); ok {
		for name, value := range u.Object {
			if (name == "status") == status {
				out[name] = value
			}
		}
		return out, m.unfound()
	}
	v := reflect.ValueOf(o)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return nil, fmt.Errorf("a %T is no pointer to a struct", o)
	}
	p := &pruner{marks: m, skip: func(name string) bool { return (name == "status") != status }}
	if err := p.fields(v.Elem(), "", m.of(v.Elem()), out); err != nil {
		return nil, err
	}
	if err := m.unfound(); err != nil {
		return nil, err
	}
	if len(p.ambiguous) > 0 {
		return nil, &AmbiguousError{p.ambiguous}
	}
	return out, nil
}
