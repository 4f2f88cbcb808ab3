package kinds

import (
	"encoding/json"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/sheaf-dev/sheaf/apitest/internal/history"
	"github.com/sheaf-dev/sheaf/apitest/internal/wire"
	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/resource/builtin"
)

// message is the protobuf code that built-in types have.
type message interface {
	Marshal() ([]byte, error)
	Unmarshal([]byte) error
}

// New returns an empty object: a Go struct or unstructured, with its kind.
func (k *Kind) New() resource.Object {
	if k.typed {
		return k.Def.New()
	}
	u := &unstructured.Unstructured{Object: map[string]any{}}
	u.SetGroupVersionKind(k.GVK())
	return u
}

// Decode reads an object that a client sent. Problems that are only problems in strict decoding (unknown and duplicate fields)
// come back in strict. The object's kind is set; a body of another kind is an error.
func (k *Kind) Decode(format wire.Format, body []byte) (obj resource.Object, strict []error, err error) {
	switch format {
	case wire.Protobuf:
		obj, err = k.decodeProtobuf(body)
		return obj, nil, err
	case wire.YAML:
		var problem error
		if problem = yaml.UnmarshalStrict(body, &map[string]any{}); problem != nil {
			strict = append(strict, problem)
		}
		if body, err = yaml.YAMLToJSON(body); err != nil {
			return nil, nil, &UnrecognizedError{err}
		}
	}
	obj, more, err := k.DecodeJSON(body)
	return obj, append(strict, more...), err
}

func (k *Kind) decodeProtobuf(body []byte) (resource.Object, error) {
	if !k.typed {
		return nil, fmt.Errorf("%s does not speak protobuf", k.Def)
	}
	apiVersion, kind, raw, err := wire.Unwrap(body)
	if err != nil {
		return nil, &UnrecognizedError{err}
	}
	if err := k.checkType(apiVersion, kind); err != nil {
		return nil, err
	}
	return k.fromRaw(raw)
}

func (k *Kind) fromRaw(raw []byte) (resource.Object, error) {
	obj := k.New()
	if err := obj.(message).Unmarshal(raw); err != nil {
		return nil, err
	}
	return obj, nil
}

// UnrecognizedError: it cannot even be seen what a body is.
type UnrecognizedError struct{ Err error }

func (e *UnrecognizedError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *UnrecognizedError) Unwrap() error { return e.Err }

// TypeOf returns what a JSON body says it is.
func TypeOf(body []byte) (apiVersion, kind string, err error) {
	var head struct {
		APIVersion string `json:"apiVersion,omitempty"`
		Kind       string `json:"kind,omitempty"`
	}
	if err := json.Unmarshal(body, &head); err != nil {
		return "", "", &UnrecognizedError{fmt.Errorf("couldn't get version/kind; json parse error: %w", err)}
	}
	return head.APIVersion, head.Kind, nil
}

// WrongTypeError: a body names another kind than its path.
type WrongTypeError struct {
	Got, Want metav1.TypeMeta
	Internal  string // the real server's package of a built-in type; "" for custom resources
	Known     bool   // what was got is a built-in kind too
}

// Error is what the real server says: of custom resources, that the two differ; of built-in types, that there is no way between them.
func (e *WrongTypeError) Error() string {
	switch {
	case e.Internal != "" && e.Known:
		gv, _ := schema.ParseGroupVersion(e.Got.APIVersion)
		return fmt.Sprintf("converting (%s.%s) to (%s.%s): unknown conversion", gv.Version, e.Got.Kind, e.Internal, e.Want.Kind)
	case e.Internal != "":
		return fmt.Sprintf("no kind %q is registered for version %q in scheme %q", e.Got.Kind, e.Got.APIVersion, "pkg/runtime/scheme.go:110")
	case e.Got.APIVersion != e.Want.APIVersion:
		return fmt.Sprintf("the API version in the data (%s) does not match the expected API version (%s)", e.Got.APIVersion, e.Want.APIVersion)
	}
	return fmt.Sprintf("the kind in the data (%s) does not match the expected kind (%s)", e.Got.Kind, e.Want.Kind)
}

// checkType compares a body's type with the path's; what the body leaves out is taken from the path.
func (k *Kind) checkType(apiVersion, kind string) error {
	want := metav1.TypeMeta{Kind: k.GVK().Kind, APIVersion: k.GVK().GroupVersion().String()}
	if apiVersion != "" && apiVersion != want.APIVersion || kind != "" && kind != want.Kind {
		got := want
		if apiVersion != "" {
			got.APIVersion = apiVersion
		}
		if kind != "" {
			got.Kind = kind
		}
		return k.wrongType(got, want)
	}
	return nil
}

func (k *Kind) wrongType(got, want metav1.TypeMeta) error {
	e := &WrongTypeError{Got: got, Want: want}
	if k.typed {
		e.Internal, _, _ = strings.Cut(k.GVK().Group, ".")
		if e.Internal == "" {
			e.Internal = "core"
		}
		_, e.Known = builtin.ForKind(got.GroupVersionKind())
	}
	return e
}

// DecodeJSON is Decode for JSON.
func (k *Kind) DecodeJSON(body []byte) (resource.Object, []error, error) {
	apiVersion, kind, err := TypeOf(body)
	if err != nil {
		return nil, nil, err
	}
	if kind == "" && !k.typed && !k.Facts.OwnCode {
		return nil, nil, &UnrecognizedError{fmt.Errorf("Object 'Kind' is missing in '%s'", body)}
	}
	if apiVersion == "" && !k.typed && !k.Facts.OwnCode {
		want := metav1.TypeMeta{Kind: k.GVK().Kind, APIVersion: k.GVK().GroupVersion().String()}
		return nil, nil, k.wrongType(metav1.TypeMeta{Kind: kind}, want)
	}
	if err := k.checkType(apiVersion, kind); err != nil {
		return nil, nil, err
	}
	obj, strict, err := k.decodeJSON(body)
	if err != nil {
		return nil, nil, err
	}
	dropped, err := k.Tidy(obj)
	return obj, append(strict, dropped...), err
}

func (k *Kind) decodeJSON(body []byte) (resource.Object, []error, error) {
	if k.typed {
		obj := k.Def.New()
		strict, err := kjson.UnmarshalStrict(body, obj)
		if err != nil {
			return nil, nil, err
		}
		k.Def.SetKind(obj)
		return obj, strict, nil
	}
	content := map[string]any{}
	strict, err := kjson.UnmarshalStrict(body, &content)
	if err != nil {
		return nil, nil, err
	}
	if content == nil { // the body was null
		content = map[string]any{}
	}
	u := &unstructured.Unstructured{Object: content}
	u.SetGroupVersionKind(k.GVK())
	return u, strict, nil
}

// Tidy gives an unstructured object the form that is stored: metadata that every reader understands, only fields that the schema
// knows, and its defaults. It returns what it dropped. Go structs have that form already.
func (k *Kind) Tidy(obj resource.Object) (dropped []error, err error) {
	u, ok := obj.(*unstructured.Unstructured)
	if !ok {
		return nil, nil
	}
	if dropped, err = tidyMetadata(u.Object); err != nil {
		return nil, err
	}
	if k.custom != nil && k.custom.Prune != nil {
		for _, path := range k.custom.Prune(u.Object) {
			dropped = append(dropped, fmt.Errorf("unknown field %q", path))
		}
		k.custom.Default(u.Object)
	}
	return dropped, nil
}

// DropInvalidMetadata drops what of an unstructured object's metadata cannot be read: what is applied, and well in the schema's eyes, may
// have some. Go structs have none.
func DropInvalidMetadata(obj resource.Object) {
	u, ok := obj.(*unstructured.Unstructured)
	if !ok {
		return
	}
	metadata, _ := u.Object["metadata"].(map[string]any)
	for name, value := range metadata {
		encoded, err := json.Marshal(map[string]any{name: value})
		if err != nil || json.Unmarshal(encoded, &metav1.ObjectMeta{}) != nil {
			delete(metadata, name)
		}
	}
}

// tidyMetadata makes sure that the accessors of unstructured objects, which ignore what they cannot read, see what was sent.
func tidyMetadata(content map[string]any) ([]error, error) {
	raw, ok := content["metadata"]
	if !ok || raw == nil {
		content["metadata"] = map[string]any{}
		return nil, nil
	}
	encoded, err := json.Marshal(raw)
	if err != nil {
		return nil, err
	}
	var meta metav1.ObjectMeta
	dropped, err := kjson.UnmarshalStrict(encoded, &meta)
	if err != nil {
		return nil, err
	}
	for _, problem := range dropped {
		if at, ok := problem.(kjson.FieldError); ok {
			at.SetFieldPath("metadata." + at.FieldPath())
		}
	}
	metadata, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&meta)
	if err != nil {
		return nil, err
	}
	if metadata["creationTimestamp"] == nil {
		delete(metadata, "creationTimestamp")
	}
	content["metadata"] = metadata
	return dropped, nil
}

// Encode returns the primary wire form of an object: a protobuf message for built-in types, JSON for others. The result is as
// long as its capacity.
func (k *Kind) Encode(obj resource.Object) ([]byte, error) {
	if k.typed {
		return obj.(message).Marshal()
	}
	return encodeJSON(obj)
}

func encodeJSON(obj resource.Object) ([]byte, error) {
	if u, ok := obj.(*unstructured.Unstructured); ok {
		return json.Marshal(u.Object)
	}
	return json.Marshal(obj)
}

// FromJSON returns the object of JSON that this server encoded.
func (k *Kind) FromJSON(data []byte) (resource.Object, error) {
	obj, _, err := k.decodeJSON(data)
	return obj, err
}

// EncodeJSON returns an object as JSON, with its kind.
func (k *Kind) EncodeJSON(obj resource.Object) ([]byte, error) { return encodeJSON(obj) }

// Object decodes a version into an object of this kind, which the caller may change.
func (k *Kind) Object(v *history.Version) (resource.Object, error) {
	if k.Storage != k {
		data, err := k.JSON(v)
		if err != nil {
			return nil, err
		}
		return k.FromJSON(data)
	}
	return k.fromStored(v)
}

// fromStored decodes the primary form. An unstructured object may have been stored in a version that was the one to store then.
func (k *Kind) fromStored(v *history.Version) (resource.Object, error) {
	if k.typed {
		return k.fromRaw(v.Data)
	}
	return k.FromJSON(v.Data)
}

// lookup returns the value at a dotted path in unstructured content.
func lookup(content map[string]any, path string) (any, bool) {
	var at any = content
	for part := range strings.SplitSeq(strings.TrimPrefix(path, "."), ".") {
		m, ok := at.(map[string]any)
		if !ok {
			return nil, false
		}
		if at, ok = m[part]; !ok {
			return nil, false
		}
	}
	return at, true
}

// IsTerminating says whether a namespace is being deleted.
func (k *Kind) IsTerminating(namespace *history.Version) bool {
	i := k.fieldIndex("status.phase")
	return i >= 0 && namespace.Fields[i] == "Terminating"
}
