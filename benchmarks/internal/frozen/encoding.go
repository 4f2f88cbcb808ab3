package frozen

import (
	"encoding/binary"
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/benchmarks/internal/population"
)

// encoding says how objects are written.
type encoding struct {
	protobuf bool
	metadata bool // as PartialObjectMetadata
}

const (
	jsonType     = "application/json"
	protobufType = "application/vnd.kubernetes.protobuf"
)

// contentType is the type of an answer.
func (e encoding) contentType(stream bool) string {
	switch {
	case e.protobuf && stream:
		return protobufType + ";stream=watch"
	case e.protobuf:
		return protobufType
	}
	return jsonType
}

type message interface{ Marshal() ([]byte, error) }

// object writes an object as it stands in a list, and says its kind.
func (e encoding) object(o population.Object) ([]byte, schema.GroupVersionKind, error) {
	gvk := o.GetObjectKind().GroupVersionKind()
	var v any = o
	if e.metadata {
		gvk = metav1.SchemeGroupVersion.WithKind("PartialObjectMetadata")
		v = &metav1.PartialObjectMetadata{TypeMeta: typeMeta(gvk), ObjectMeta: *objectMeta(o)}
	}
	if e.protobuf {
		m, ok := v.(message)
		if !ok {
			return nil, gvk, fmt.Errorf("%T has no protobuf encoding", v)
		}
		data, err := m.Marshal()
		return data, gvk, err
	}
	data, err := json.Marshal(v)
	return data, gvk, err
}

// objectMeta is the metadata of an object that has it as a struct.
func objectMeta(o population.Object) *metav1.ObjectMeta {
	return o.(metav1.ObjectMetaAccessor).GetObjectMeta().(*metav1.ObjectMeta)
}

func typeMeta(gvk schema.GroupVersionKind) metav1.TypeMeta {
	version, kind := gvk.ToAPIVersionAndKind()
	return metav1.TypeMeta{APIVersion: version, Kind: kind}
}

// frame writes an event of a watch.
func (e encoding) frame(kind watch.EventType, object []byte, gvk schema.GroupVersionKind) ([]byte, error) {
	if !e.protobuf {
		return json.Marshal(metav1.WatchEvent{Type: string(kind), Object: runtime.RawExtension{Raw: object}})
	}
	envelope, err := wrap(object, gvk)
	if err != nil {
		return nil, err
	}
	event, err := (&metav1.WatchEvent{Type: string(kind), Object: runtime.RawExtension{Raw: envelope}}).Marshal()
	if err != nil {
		return nil, err
	}
	return append(binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(event)), uint32(len(event))), event...), nil
}

// wrap puts a message into the envelope that says what it is.
func wrap(object []byte, gvk schema.GroupVersionKind) ([]byte, error) {
	version, kind := gvk.ToAPIVersionAndKind()
	unknown, err := (&runtime.Unknown{TypeMeta: runtime.TypeMeta{APIVersion: version, Kind: kind}, Raw: object}).Marshal()
	return append([]byte("k8s\x00"), unknown...), err
}

// frameOf writes an event with a whole object.
func (e encoding) frameOf(kind watch.EventType, o population.Object) ([]byte, error) {
	data, gvk, err := e.object(o)
	if err != nil {
		return nil, err
	}
	return e.frame(kind, data, gvk)
}

// status writes the event that ends a watch whose version has expired.
func (e encoding) expired() ([]byte, error) {
	gvk := schema.GroupVersionKind{Version: "v1", Kind: "Status"}
	status := &metav1.Status{TypeMeta: typeMeta(gvk), Status: metav1.StatusFailure, Code: 410, Reason: metav1.StatusReasonExpired, Message: "too old resource version"}
	if !e.protobuf {
		data, err := json.Marshal(status)
		if err != nil {
			return nil, err
		}
		return e.frame(watch.Error, data, gvk)
	}
	data, err := status.Marshal()
	if err != nil {
		return nil, err
	}
	return e.frame(watch.Error, data, gvk)
}

// listOf writes a list of items that are written already.
func (e encoding) listOf(gvk schema.GroupVersionKind, version string, next string, items [][]byte) ([]byte, error) {
	meta := metav1.ListMeta{ResourceVersion: version, Continue: next}
	size := 0
	for _, item := range items {
		size += len(item) + 8
	}
	if !e.protobuf {
		encoded, err := json.Marshal(meta)
		if err != nil {
			return nil, err
		}
		apiVersion, kind := gvk.ToAPIVersionAndKind()
		out := fmt.Appendf(make([]byte, 0, size+256), `{"kind":%q,"apiVersion":%q,"metadata":%s,"items":[`, kind, apiVersion, encoded)
		for i, item := range items {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(out, item...)
		}
		return append(out, "]}\n"...), nil
	}
	encoded, err := meta.Marshal()
	if err != nil {
		return nil, err
	}
	list := appendField(make([]byte, 0, size+256), 1, encoded)
	for _, item := range items {
		list = appendField(list, 2, item)
	}
	return wrap(list, gvk)
}

// appendField appends a length-delimited protobuf field.
func appendField(b []byte, number byte, content []byte) []byte {
	b = binary.AppendUvarint(append(b, number<<3|2), uint64(len(content)))
	return append(b, content...)
}
