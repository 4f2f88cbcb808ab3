// Package patch makes patches of differences: of an object as it was and as it should be.
//
//	Beside the way. In: two states of an object. Out: a patch that leads from one to the other. Owner: the caller. Next: clientset/typed,
//	whose Patch sends it.
//
//	changed := resource.Copy(pod)
//	changed.Labels["tier"] = "front"
//	p, err := patch.Merge(pod, changed)
//	if err != nil || p.Empty() {
//		return err
//	}
//	_, err = pods.Patch(ctx, pod.Name, p.Type, p.Data, metav1.PatchOptions{})
//
// A patch carries nothing but what differs, so that others may change the rest at the same time. A list counts as one value: a patch
// of one element carries the whole list, and takes back what others have changed in it meanwhile. Where that matters, say Locked, which
// lets the server refuse the patch if anything has changed; use package patch/strategic, which knows how lists of built-in types are
// merged; or server-side apply.
package patch

import (
	"encoding/json"
	"fmt"
	"reflect"

	"k8s.io/apimachinery/pkg/types"
	sigsjson "sigs.k8s.io/json"

	"github.com/sheaf-dev/sheaf/resource"
)

// Patch is a patch and its type, as clients take them.
type Patch struct {
	Type types.PatchType
	Data []byte
	same bool
}

// Empty says that the two states do not differ: there is nothing to send.
func (p Patch) Empty() bool { return p.same }

// Option refines a patch.
type Option func(*options)

type options struct{ locked bool }

// Locked lets the server refuse the patch if the object has changed since the first state was read. The error then satisfies
// apierrors.IsConflict.
func Locked(o *options) { o.locked = true }

// Merge returns the JSON merge patch (RFC 7386) that leads from one state of an object to another. It works for all resources. Neither
// object is changed; the resourceVersion of the second does not count.
func Merge(from, to resource.Object, opts ...Option) (Patch, error) {
	before, err := fields(from)
	if err != nil {
		return Patch{}, err
	}
	after, err := fields(to)
	if err != nil {
		return Patch{}, err
	}
	return Finish(types.MergePatchType, difference(before, after), from, opts...)
}

// Finish makes a Patch of the fields that differ: it takes the resourceVersion out, or with Locked puts that of from in. It is for packages
// that find differences in other ways.
func Finish(t types.PatchType, changes map[string]any, from resource.Object, opts ...Option) (Patch, error) {
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	metadata, _ := changes["metadata"].(map[string]any)
	delete(metadata, "resourceVersion")
	if metadata != nil && len(metadata) == 0 {
		delete(changes, "metadata")
	}
	p := Patch{Type: t, same: len(changes) == 0}
	if o.locked {
		if from.GetResourceVersion() == "" {
			return Patch{}, fmt.Errorf("patch %q: a locked patch needs the resourceVersion of the state that was read", from.GetName())
		}
		if metadata, _ = changes["metadata"].(map[string]any); metadata == nil {
			metadata = map[string]any{}
			changes["metadata"] = metadata
		}
		metadata["resourceVersion"] = from.GetResourceVersion()
	}
	var err error
	if p.Data, err = json.Marshal(changes); err != nil {
		return Patch{}, fmt.Errorf("patch %q: %w", from.GetName(), err)
	}
	return p, nil
}

// fields returns an object as its JSON says.
func fields(o resource.Object) (map[string]any, error) {
	data, err := json.Marshal(o)
	if err != nil {
		return nil, fmt.Errorf("patch %q: %w", o.GetName(), err)
	}
	var out map[string]any
	if err := sigsjson.UnmarshalCaseSensitivePreserveInts(data, &out); err != nil {
		return nil, fmt.Errorf("patch %q: %w", o.GetName(), err)
	}
	return out, nil
}

// difference returns what has to be merged into before to get after: null removes a field.
func difference(before, after map[string]any) map[string]any {
	out := map[string]any{}
	for name := range before {
		if _, ok := after[name]; !ok {
			out[name] = nil
		}
	}
	for name, value := range after {
		was, ok := before[name]
		inner, isMap := value.(map[string]any)
		innerWas, wasMap := was.(map[string]any)
		switch {
		case ok && isMap && wasMap:
			if d := difference(innerWas, inner); len(d) > 0 {
				out[name] = d
			}
		case !ok || !reflect.DeepEqual(was, value):
			out[name] = value
		}
	}
	return out
}
