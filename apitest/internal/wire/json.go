package wire

import (
	"encoding/json"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

// JSONListHead returns the bytes of a JSON list body before its items and after them; items are separated by commas.
func JSONListHead(gvk schema.GroupVersionKind, meta any) (head, tail []byte, err error) {
	h, err := json.Marshal(struct {
		Kind       string `json:"kind"`
		APIVersion string `json:"apiVersion"`
		Metadata   any    `json:"metadata"`
	}{gvk.Kind, gvk.GroupVersion().String(), meta})
	if err != nil {
		return nil, nil, err
	}
	return append(h[:len(h)-1], `,"items":[`...), []byte("]}\n"), nil
}

// ListMetaWithContinue is metadata of a list that says "continue" even if nothing is left, as those of custom resources do.
type ListMetaWithContinue struct {
	Continue        string `json:"continue"`
	metav1.ListMeta `json:",inline"`
}

// AppendJSONFrameHead appends what comes before the object of a JSON watch event; JSONFrameTail ends it.
func AppendJSONFrameHead(b []byte, eventType string) []byte {
	b = append(b, `{"type":"`...)
	b = append(b, eventType...)
	return append(b, `","object":`...)
}

// JSONFrameTail ends a JSON watch event.
const JSONFrameTail = "}\n"

// TypePrefix returns how the JSON of a typed object of the kind begins, up to its first other field.
func TypePrefix(gvk schema.GroupVersionKind) []byte {
	b, _ := json.Marshal(metav1.TypeMeta{Kind: gvk.Kind, APIVersion: gvk.GroupVersion().String()})
	return append(b[:len(b)-1], ',')
}

// Transcode turns JSON into the format, which must not be Protobuf.
func Transcode(f Format, body []byte) ([]byte, error) {
	if f == YAML {
		return yaml.JSONToYAML(body)
	}
	return body, nil
}
