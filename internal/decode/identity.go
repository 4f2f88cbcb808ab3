package decode

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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

// glance reads who an object is from bytes in the usual form, without copying them: the identity is valid as long as they are.
func (e *encoded) glance() (id Identity, ok bool) {
	if e.format == formatProtobuf {
		id.fromProtobuf(inner(e.raw, objectMeta), borrowed)
		return id, id.Key.Name != ""
	}
	ok = e.cursor.glance(func(name []byte, _ int, value jsonCursor, _ int) bool {
		return string(name) != "metadata" || value.glance(func(name []byte, _ int, value jsonCursor, _ int) bool {
			if target := id.member(name); target != nil && value.b[value.i] == '"' {
				text, err := value.text()
				*target = borrowed(text)
				return err == nil
			}
			return true
		})
	})
	return id, ok && id.Key.Name != ""
}

// identify reads who an object is from bytes that may be broken: it takes what it finds until they make no sense.
func (e *encoded) identify() Identity {
	var id Identity
	if e.format == formatProtobuf {
		id.fromProtobuf(inner(e.raw, objectMeta), func(b []byte) string { return string(b) })
		return id
	}
	members(e.cursor, func(name, value []byte) bool {
		if string(name) == "metadata" {
			id.fromJSON(value)
		}
		return string(name) != "metadata"
	})
	return id
}

// broken returns the error of an object that could not be decoded, with whose it is.
func (e *encoded) broken(err error) *ObjectError {
	id := e.identify()
	return &ObjectError{Key: id.Key, UID: id.UID, ResourceVersion: id.ResourceVersion, Err: err}
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

// inner returns the content of the last field of that number, and if the message is cut in it, what there is of it.
func inner(message []byte, number int) (content []byte) {
	for len(message) > 0 {
		f, rest, err := nextField(message)
		if f.number == number && f.kind == wireBytes && f.bytes != nil {
			content = f.bytes
		}
		if err != nil {
			return content
		}
		message = rest
	}
	return content
}

// fromProtobuf lets the first of each field win: after damage, what follows may be anything.
func (id *Identity) fromProtobuf(meta []byte, text func([]byte) string) {
	for len(meta) > 0 {
		f, rest, err := nextField(meta)
		if err != nil {
			return
		}
		var target *string
		switch f.number {
		case metaName:
			target = &id.Key.Name
		case metaNamespace:
			target = &id.Key.Namespace
		case metaUID:
			target = (*string)(&id.UID)
		case metaResourceVersion:
			target = &id.ResourceVersion
		}
		if target != nil && *target == "" && f.kind == wireBytes {
			*target = text(f.bytes)
		}
		meta = rest
	}
}

func (id *Identity) fromJSON(meta []byte) {
	members(newCursor(meta), func(name, value []byte) bool {
		if target := id.member(name); target != nil {
			if s, err := unquote(value); err == nil {
				*target = s
			}
		}
		return true
	})
}

// member returns where a member of the metadata belongs; nil: it does not count.
func (id *Identity) member(name []byte) *string {
	switch string(name) {
	case "name":
		return &id.Key.Name
	case "namespace":
		return &id.Key.Namespace
	case "uid":
		return (*string)(&id.UID)
	case "resourceVersion":
		return &id.ResourceVersion
	}
	return nil
}

// members calls found with the name and the bytes of each member of a JSON object, until found says no, or the object ends or makes no
// sense. The bytes of the member where it makes no sense are all that follow.
func members(c jsonCursor, found func(name, value []byte) bool) {
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
			found(name, c.b[start:])
			return
		}
		if !found(name, c.b[start:c.i]) {
			return
		}
		if done, err := c.separator('}'); done || err != nil {
			return
		}
	}
}

// jsonKind reads apiVersion and kind of a JSON object as far as they are readable.
func jsonKind(object jsonCursor) (apiVersion, kind []byte) {
	members(object, func(name, value []byte) bool {
		switch string(name) {
		case "apiVersion":
			apiVersion = textOf(value)
		case "kind":
			kind = textOf(value)
		}
		return apiVersion == nil || kind == nil
	})
	return apiVersion, kind
}

// textOf returns the text of a JSON string, as a part of it where nothing in it is escaped; nil: it is none.
func textOf(raw []byte) []byte {
	c := jsonCursor{b: raw}
	if c.next() == '"' {
		if text, err := c.text(); err == nil && c.i == len(raw) {
			return text
		}
	}
	s, err := unquote(raw)
	if err != nil {
		return nil
	}
	return []byte(s)
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
