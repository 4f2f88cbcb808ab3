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
		members(raw, func(name, value []byte) {
			if string(name) == `"metadata"` {
				id.fromJSON(value)
			}
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
	members(meta, func(name, value []byte) {
		s, err := unquote(value)
		if err != nil {
			return
		}
		switch string(name) {
		case `"name"`:
			id.name = s
		case `"namespace"`:
			id.namespace = s
		case `"uid"`:
			id.uid = types.UID(s)
		case `"resourceVersion"`:
			id.resourceVersion = s
		}
	})
}

// members calls found with the name, quoted as it stands, and the value of each member of a JSON object, until the object ends or
// makes no sense.
func members(object []byte, found func(name, value []byte)) {
	next := func() []byte { // the next value or punctuation
		for len(object) > 0 && isSpace(object[0]) {
			object = object[1:]
		}
		var end valueEnd
		n, done := end.feed(object)
		if n == 0 && len(object) > 0 {
			n, done = 1, true
		}
		if !done {
			n = 0
		}
		token := object[:n]
		object = object[n:]
		return token
	}
	if len(object) == 0 {
		return
	}
	for len(object) > 0 && isSpace(object[0]) {
		object = object[1:]
	}
	if len(object) == 0 || object[0] != '{' {
		return
	}
	object = object[1:]
	for {
		name := next()
		if len(name) < 2 || string(next()) != ":" {
			return
		}
		value := next()
		if len(value) == 0 {
			return
		}
		found(name, value)
		if string(next()) != "," {
			return
		}
	}
}

// jsonKind reads apiVersion and kind of a JSON object as far as they are readable.
func jsonKind(object []byte) (apiVersion, kind []byte) {
	members(object, func(name, value []byte) {
		if len(value) < 2 || value[0] != '"' {
			return
		}
		switch string(name) {
		case `"apiVersion"`:
			apiVersion = value[1 : len(value)-1]
		case `"kind"`:
			kind = value[1 : len(value)-1]
		}
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
