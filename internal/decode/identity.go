package decode

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/json"
)

// Field numbers of metav1.ObjectMeta, which is field 1 of every object.
const (
	objectMeta          = 1
	metaName            = 1
	metaNamespace       = 3
	metaUID             = 5
	metaResourceVersion = 6
)

// identity is who an object is.
type identity struct {
	namespace, name, resourceVersion string
	uid                              types.UID
}

// identify reads who an object is from bytes that may be broken: it takes what it finds until they make no sense.
func identify(f format, raw []byte) identity {
	var id identity
	if f == formatProtobuf {
		each(raw, objectMeta, func(meta []byte) { id.fromProtobuf(meta) })
	} else {
		members(raw, func(name, value []byte) bool {
			if string(name) == "metadata" {
				id.fromJSON(value)
			}
			return true
		})
	}
	return id
}

// each calls found with the content of each length-delimited field of that number, until the message ends or makes no sense.
func each(message []byte, number int, found func([]byte)) {
	for len(message) > 0 {
		f, rest, err := nextField(message)
		if err != nil {
			return
		}
		if f.number == number && f.kind == wireBytes {
			found(f.bytes)
		}
		message = rest
	}
}

// fromProtobuf lets the first of each field win: after damage, what follows may be anything.
func (id *identity) fromProtobuf(meta []byte) {
	first := func(number int) (found string) {
		each(meta, number, func(b []byte) {
			if found == "" {
				found = string(b)
			}
		})
		return found
	}
	id.name, id.namespace = first(metaName), first(metaNamespace)
	id.uid, id.resourceVersion = types.UID(first(metaUID)), first(metaResourceVersion)
}

func (id *identity) fromJSON(meta []byte) {
	members(meta, func(name, value []byte) bool {
		var target *string
		switch string(name) {
		case "name":
			target = &id.name
		case "namespace":
			target = &id.namespace
		case "uid":
			target = (*string)(&id.uid)
		case "resourceVersion":
			target = &id.resourceVersion
		default:
			return true
		}
		if s, err := unquote(value); err == nil {
			*target = s
		}
		return true
	})
}

// members calls found with the name and the bytes of each member of a JSON object, until found says no, or the object ends or makes no
// sense. The bytes of the member where it makes no sense are all that follow.
func members(object []byte, found func(name, value []byte) bool) {
	c := newCursor(object)
	if c.next() != '{' {
		return
	}
	if _, err := c.enter(); err != nil || c.empty('}') {
		return
	}
	for {
		name, err := c.name()
		if err != nil {
			return
		}
		c.next()
		start := c.i
		if err := c.skip(); err != nil {
			found(name, object[start:])
			return
		}
		if !found(name, object[start:c.i]) {
			return
		}
		if done, err := c.separator('}'); done || err != nil {
			return
		}
	}
}

// jsonKind reads apiVersion and kind of a JSON object as far as they are readable.
func jsonKind(object []byte) (apiVersion, kind []byte) {
	members(object, func(name, value []byte) bool {
		if s, err := unquote(value); err == nil {
			switch string(name) {
			case "apiVersion":
				apiVersion = []byte(s)
			case "kind":
				kind = []byte(s)
			}
		}
		return apiVersion == nil || kind == nil
	})
	return apiVersion, kind
}

// metadataOf decodes an object's metadata and nothing else.
func metadataOf(f format, raw []byte) (metav1.ObjectMeta, error) {
	if f == formatJSON {
		var object struct {
			Metadata metav1.ObjectMeta `json:"metadata"`
		}
		err := json.UnmarshalCaseSensitivePreserveInts(raw, &object)
		return object.Metadata, err
	}
	var meta metav1.ObjectMeta
	for len(raw) > 0 {
		f, rest, err := nextField(raw)
		if err != nil {
			return meta, err
		}
		if f.number == objectMeta && f.kind == wireBytes {
			if err := meta.Unmarshal(f.bytes); err != nil {
				return meta, err
			}
		}
		raw = rest
	}
	return meta, nil
}

// unmarshal decodes into a type that has both formats.
func unmarshal(f format, raw []byte, into interface{ Unmarshal([]byte) error }) error {
	if f == formatProtobuf {
		return into.Unmarshal(raw)
	}
	if err := json.UnmarshalCaseSensitivePreserveInts(raw, into); err != nil {
		return fmt.Errorf("malformed: %w", err)
	}
	return nil
}
