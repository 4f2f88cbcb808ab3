// Package samples has an object of each kind that an API server creates, as a person would write it.
package samples

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"
	"sigs.k8s.io/yaml"
)

//go:embed samples.yaml
var file []byte

var all = sync.OnceValue(func() map[schema.GroupVersionKind][]byte {
	out := map[schema.GroupVersionKind][]byte{}
	for _, document := range bytes.Split(file, []byte("\n---\n")) {
		data, err := yaml.YAMLToJSON(document)
		var kind metav1.TypeMeta
		if err == nil {
			err = json.Unmarshal(data, &kind)
		}
		if err != nil || kind.Kind == "" {
			panic(fmt.Sprintf("samples.yaml: %v in %s", err, document))
		}
		out[kind.GroupVersionKind()] = data
	}
	return out
})

// JSON returns the sample of a kind: that of its version, or else that of the most stable one, whose apiVersion is then another. The
// caller must not change it. If there is none, it is nil.
func JSON(want schema.GroupVersionKind) []byte {
	if data, ok := all()[want]; ok {
		return data
	}
	best, found := "", []byte(nil)
	for kind, data := range all() {
		if kind.GroupKind() == want.GroupKind() && (best == "" || version.CompareKubeAwareVersionStrings(kind.Version, best) > 0) {
			best, found = kind.Version, data
		}
	}
	return found
}
