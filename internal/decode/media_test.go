package decode

import (
	"strings"
	"testing"

	"github.com/sheaf-dev/sheaf/resource"
)

func TestAcceptAsksForWhatCanBeRead(t *testing.T) {
	custom := For(widgetDef)
	for want, got := range map[string]string{
		"application/vnd.kubernetes.protobuf,application/json": For(podDef).Accept(),
		"application/json": custom.AcceptWatch(),
		"application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json":         For(metaDef).AcceptWatch(),
		"application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json": For(metaDef).AcceptList(),
		"application/json;drop=metadata.managedFields": For(mapDef, mustDrop(t, mapDef, "metadata.managedFields", "spec")).AcceptList(),
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for _, paths := range [][]string{{"metadata.labels"}, {"metadata.managedFields.fieldsV1"}, nil} {
		if got := For(podDef, mustDrop(t, podDef, paths...)).Accept(); strings.Contains(got, "drop") {
			t.Errorf("dropping %v: %s", paths, got)
		}
	}
}

func TestContentTypesWithParametersAreRead(t *testing.T) {
	for mediaType, want := range map[string]format{
		"application/json; charset=utf-8": formatJSON,
		"application/json;stream=watch":   formatJSON,
		"APPLICATION/JSON":                formatJSON,
		"":                                formatJSON,
		"application/vnd.kubernetes.protobuf;stream=watch":        formatProtobuf,
		"application/vnd.kubernetes.protobuf; as=x;g=meta.k8s.io": formatProtobuf,
	} {
		if got, err := formatOf(mediaType); err != nil || got != want {
			t.Errorf("%q: %v, %v", mediaType, got, err)
		}
	}
	for _, mediaType := range []string{"text/html", "application/cbor", "application/json;;", "nonsense/"} {
		if _, err := formatOf(mediaType); err == nil {
			t.Errorf("%q is read", mediaType)
		}
	}
}

func TestObjectOfAnotherKindIsRefused(t *testing.T) {
	node := []byte(`{"kind":"Node","apiVersion":"v1","metadata":{"name":"a"}}`)
	for _, def := range []*resource.Definition{podDef, mapDef} {
		if _, err := For(def).Object(MediaTypeJSON, node); err == nil || !strings.Contains(err.Error(), "the server sent v1 Node, the definition says v1 Pod") {
			t.Errorf("%v", err)
		}
	}
	other := []byte(`{"kind":"Pod","apiVersion":"v2","metadata":{"name":"a"}}`)
	if _, err := For(podDef).Object(MediaTypeJSON, other); err == nil {
		t.Error("another version is read")
	}
	if o, err := For(metaDef).Object(MediaTypeJSON, node); err != nil || o.GetObjectKind().GroupVersionKind().Kind != "Pod" {
		t.Errorf("metadata: %v, %v", o, err)
	}
	sealed := seal(t, "Node", &podList(1).Items[0])
	if _, err := For(podDef).Object(MediaTypeProtobuf, sealed); err == nil || !strings.Contains(err.Error(), "Node") {
		t.Errorf("%v", err)
	}
	table := []byte(`{"kind":"Table","apiVersion":"meta.k8s.io/v1","rows":[]}`)
	if _, err := For(podDef).Object(MediaTypeJSON, table); err == nil || !strings.Contains(err.Error(), "Table") {
		t.Errorf("%v", err)
	}
	for _, body := range []string{"", "k8s", "k8s\x00", "<html>"} {
		if _, err := For(podDef).Object(MediaTypeProtobuf, []byte(body)); err == nil {
			t.Errorf("%q is read as protobuf", body)
		}
	}
}
