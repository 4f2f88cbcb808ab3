package kinds

import (
	"bytes"
	"encoding/json"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/apitest/internal/history"
	"github.com/sheaf-dev/sheaf/apitest/internal/wire"
	"github.com/sheaf-dev/sheaf/resource"
)

// The forms of renditions.
const (
	formJSON uint8 = iota + 1
	formProtobuf
	formMetadataJSON
	formMetadataProtobuf
)

// JSON returns a version as JSON of this kind.
func (k *Kind) JSON(v *history.Version) ([]byte, error) {
	if k.Storage == k && !k.typed && bytes.HasPrefix(v.Data, k.dataPrefix) {
		return v.Data, nil
	}
	return v.Rendition(k.form(formJSON), func() ([]byte, error) {
		if k.Storage != k {
			return k.convertedJSON(v)
		}
		obj, err := k.fromStored(v)
		if err != nil {
			return nil, err
		}
		return encodeJSON(obj)
	})
}

// convertedJSON returns the JSON of another version's object: fields are matched by name, others are lost.
func (k *Kind) convertedJSON(v *history.Version) ([]byte, error) {
	stored, err := k.Storage.Object(v)
	if err != nil {
		return nil, err
	}
	obj, err := k.Convert(stored)
	if err != nil {
		return nil, err
	}
	return encodeJSON(obj)
}

// Convert turns an object of another version, which it may change, into one of this kind, through JSON: fields are matched by name,
// but for the few that rename knows.
func (k *Kind) Convert(from resource.Object) (resource.Object, error) {
	from.GetObjectKind().SetGroupVersionKind(k.GVK())
	data, err := encodeJSON(from)
	if err != nil {
		return nil, err
	}
	if data, err = k.rename(data); err != nil {
		return nil, err
	}
	return k.FromJSON(data)
}

// ToStorage returns the object in the version that is stored.
func (k *Kind) ToStorage(obj resource.Object) (resource.Object, error) {
	if k.Storage == k {
		return obj, nil
	}
	return k.Storage.Convert(resource.Copy(obj))
}

// Protobuf returns a version as a protobuf message of this kind, without envelope.
func (k *Kind) Protobuf(v *history.Version) ([]byte, error) {
	if k.Storage == k {
		return v.Data, nil
	}
	return v.Rendition(k.form(formProtobuf), func() ([]byte, error) {
		obj, err := k.Object(v)
		if err != nil {
			return nil, err
		}
		return obj.(message).Marshal()
	})
}

func (k *Kind) form(media uint8) history.Form {
	f := history.Form{Media: media}
	if k.Storage != k || !k.typed {
		f.Version = k.GVR().Group + "/" + k.GVR().Version // a resource may be served by two groups, as events are
	}
	return f
}

// Metadata returns a version as metav1.PartialObjectMetadata, in JSON or as a protobuf message.
func (k *Kind) Metadata(v *history.Version, format wire.Format) ([]byte, error) {
	media := formMetadataJSON
	if format == wire.Protobuf {
		media = formMetadataProtobuf
	}
	return v.Rendition(history.Form{Media: media}, func() ([]byte, error) {
		obj, err := k.Storage.Object(v)
		if err != nil {
			return nil, err
		}
		partial := PartialMetadata(obj)
		if format == wire.Protobuf {
			return partial.Marshal()
		}
		return json.Marshal(partial)
	})
}

// PartialMetadata returns the object's metadata as an object of its own.
func PartialMetadata(obj resource.Object) *metav1.PartialObjectMetadata {
	partial := &metav1.PartialObjectMetadata{ObjectMeta: *ObjectMeta(obj)}
	partial.SetGroupVersionKind(metav1.SchemeGroupVersion.WithKind("PartialObjectMetadata"))
	return partial
}

// ObjectMeta returns a copy of an object's metadata.
func ObjectMeta(obj resource.Object) *metav1.ObjectMeta {
	return &metav1.ObjectMeta{
		Name: obj.GetName(), GenerateName: obj.GetGenerateName(), Namespace: obj.GetNamespace(),
		UID: obj.GetUID(), ResourceVersion: obj.GetResourceVersion(), Generation: obj.GetGeneration(),
		CreationTimestamp: obj.GetCreationTimestamp(), DeletionTimestamp: obj.GetDeletionTimestamp(),
		DeletionGracePeriodSeconds: obj.GetDeletionGracePeriodSeconds(), Labels: obj.GetLabels(), Annotations: obj.GetAnnotations(),
		OwnerReferences: obj.GetOwnerReferences(), Finalizers: obj.GetFinalizers(), ManagedFields: obj.GetManagedFields(),
	}
}
