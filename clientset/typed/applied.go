package typed

import (
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/sheaf-dev/sheaf/resource"
)

// half says which part of an object is applied.
type half uint8

const (
	spec   half = iota // all but the status
	status             // the status alone
)

// metadataApplied are the fields of the metadata that are anybody's to set; the others are the server's.
var metadataApplied = []string{"name", "namespace", "labels", "annotations", "ownerReferences", "finalizers"}

// applied returns what server-side apply sends for an object.
func applied(def *resource.Definition, o resource.Object, what half) ([]byte, error) {
	content, err := setFields(o)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", o.GetName(), err)
	}
	all, _ := content["metadata"].(map[string]any)
	metadata := map[string]any{}
	for _, name := range metadataApplied {
		if value, ok := all[name]; ok && (what == spec || name == "name" || name == "namespace") {
			metadata[name] = value
		}
	}
	if what == spec {
		delete(content, "status")
	} else {
		content = map[string]any{"status": content["status"]}
		if content["status"] == nil {
			return nil, fmt.Errorf("%q has no status to apply", o.GetName())
		}
	}
	content["apiVersion"], content["kind"] = def.GroupVersionKind().ToAPIVersionAndKind()
	content["metadata"] = metadata
	return json.Marshal(content)
}

// setFields returns the fields of an object that are set. Of an unstructured object these are all that it has.
func setFields(o resource.Object) (map[string]any, error) {
	if u, ok := o.(*unstructured.Unstructured); ok {
		return runtime.DeepCopyJSON(u.Object), nil
	}
	return prune(o)
}
