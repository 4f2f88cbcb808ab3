package apply

import (
	"encoding/json"
	"fmt"
	"reflect"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	sigsjson "sigs.k8s.io/json"

	"github.com/sheaf-dev/sheaf/resource"
)

// Extract returns what a field manager has applied of a live object, as a client or cache returned it: an object that holds this and its name, and
// a mark that says which of its zeros were applied. Applied again, they change nothing. Change the object and apply it with the mark, to
// change what the manager wants without repeating all of it:
//
//	mine, zeros, err := apply.Extract(live, "my-controller", "")
//	mine.Spec.Paused = true
//	_, err = deployments.Apply(ctx, mine, opts, zeros)
//
// The subresource is "" for what was applied by Apply, and "status" for ApplyStatus. If the manager has applied nothing, the object holds its
// name alone. The live object is not changed, and shares no memory with the result.
//
// Two things to know. The server records which fields a manager owns, not which structs are always owned as a whole; a struct that was
// applied empty may come back with defaults of the server's in it. And the mark points into the object: after an append has moved a list
// of structs, ambiguous zeros in it have to be marked anew.
func Extract[T resource.Object](live T, manager, subresource string) (T, Mark, error) {
	entry := entryOf(live, manager, subresource)
	content := map[string]any{}
	var owned set
	if entry != nil {
		if version, _ := live.GetObjectKind().GroupVersionKind().ToAPIVersionAndKind(); version != entry.APIVersion && version != "" {
			return *new(T), Mark{}, fmt.Errorf("extract what %q has applied of %q: that was as %s, but the object was read as %s",
				manager, live.GetName(), entry.APIVersion, version)
		}
		var err error
		if owned, content, err = ownedBy(live, entry); err != nil {
			return *new(T), Mark{}, fmt.Errorf("extract what %q has applied of %q: %w", manager, live.GetName(), err)
		}
	}
	identify(content, live)
	out, err := rebuilt(live, content)
	if err != nil {
		return *new(T), Mark{}, fmt.Errorf("extract what %q has applied of %q: %w", manager, live.GetName(), err)
	}
	return out, recall(out, owned), nil
}

// entryOf finds what the server has recorded about a manager.
func entryOf(o resource.Object, manager, subresource string) *metav1.ManagedFieldsEntry {
	for _, entry := range o.GetManagedFields() {
		if entry.Manager == manager && entry.Operation == metav1.ManagedFieldsOperationApply && entry.Subresource == subresource {
			return &entry
		}
	}
	return nil
}

// ownedBy returns the fields of an entry, and what the object has in them.
func ownedBy(o resource.Object, entry *metav1.ManagedFieldsEntry) (set, map[string]any, error) {
	owned, err := parseSet(entry.FieldsV1)
	if err != nil {
		return nil, nil, err
	}
	var all []set
	for _, other := range o.GetManagedFields() {
		if fields, err := parseSet(other.FieldsV1); err == nil {
			all = append(all, fields)
		}
	}
	data, err := json.Marshal(o)
	if err != nil {
		return nil, nil, err
	}
	var content map[string]any
	if err := sigsjson.UnmarshalCaseSensitivePreserveInts(data, &content); err != nil {
		return nil, nil, err
	}
	kept, _ := owned.keep(content, all).(map[string]any)
	return owned, kept, nil
}

// identify writes what makes an object the one it is.
func identify(content map[string]any, live resource.Object) {
	content["apiVersion"], content["kind"] = live.GetObjectKind().GroupVersionKind().ToAPIVersionAndKind()
	metadata, ok := content["metadata"].(map[string]any)
	if !ok {
		metadata = map[string]any{}
		content["metadata"] = metadata
	}
	metadata["name"] = live.GetName()
	if live.GetNamespace() != "" {
		metadata["namespace"] = live.GetNamespace()
	}
}

// rebuilt returns an object of the same type with the content.
func rebuilt[T resource.Object](like T, content map[string]any) (T, error) {
	if _, ok := any(like).(*unstructured.Unstructured); ok {
		return any(&unstructured.Unstructured{Object: content}).(T), nil
	}
	data, err := json.Marshal(content)
	if err != nil {
		return *new(T), err
	}
	out := reflect.New(reflect.TypeOf(like).Elem()).Interface().(T)
	return out, sigsjson.UnmarshalCaseSensitivePreserveInts(data, out)
}
