// Package strategic makes strategic merge patches of differences. It is a package of its own because of what it links.
//
//	Beside the way. In: two states of an object of a built-in type. Out: a patch that leads from one to the other. Owner: the caller.
//	Next: clientset/typed, whose Patch sends it.
//
// A strategic merge patch merges many lists of built-in types element by element, by a key such as a container's name: it carries only the
// elements that differ, and leaves what others have added. Servers know such patches for built-in resources, and for no other.
package strategic

import (
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	sigsjson "sigs.k8s.io/json"

	"github.com/sheaf-dev/sheaf/patch"
	"github.com/sheaf-dev/sheaf/resource"
)

// Merge returns the strategic merge patch that leads from one state of an object of a built-in type to another. Neither object is changed;
// the resourceVersion of the second does not count.
func Merge[T resource.Object](from, to T, opts ...patch.Option) (patch.Patch, error) {
	changes, err := difference(from, to)
	if err != nil {
		return patch.Patch{}, fmt.Errorf("patch %q: %w", from.GetName(), err)
	}
	return patch.Finish(types.StrategicMergePatchType, changes, from, opts...)
}

func difference(from, to resource.Object) (map[string]any, error) {
	before, err := json.Marshal(from)
	if err != nil {
		return nil, err
	}
	after, err := json.Marshal(to)
	if err != nil {
		return nil, err
	}
	data, err := strategicpatch.CreateTwoWayMergePatch(before, after, from)
	if err != nil {
		return nil, err
	}
	var changes map[string]any
	return changes, sigsjson.UnmarshalCaseSensitivePreserveInts(data, &changes)
}
