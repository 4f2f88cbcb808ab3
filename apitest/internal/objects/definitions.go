package objects

import (
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/sheaf-dev/sheaf/apitest/internal/crd"
	"github.com/sheaf-dev/sheaf/apitest/internal/history"
	"github.com/sheaf-dev/sheaf/apitest/internal/kinds"
)

var definitionsResource = crd.Resource.Definition().GroupVersionResource().GroupResource()

// define serves what a CustomResourceDefinition says, or no longer serves it. The objects of a resource go with its definition.
func (s *Store) define(k *kinds.Kind, v *history.Version) {
	s.definitions.Lock()
	defer s.definitions.Unlock()
	obj, err := k.Storage.Object(v)
	if err != nil {
		return // it was stored by Validate's leave: it can be read
	}
	gr, served, err := crd.Kinds(obj.(*unstructured.Unstructured))
	if err != nil {
		return
	}
	if !v.Deleted {
		s.Kinds.Replace(gr, served...)
		return
	}
	for _, custom := range s.Kinds.All() {
		if custom.GR() == gr {
			s.removeAll(custom)
			custom.Table.EndWatches(nil)
		}
	}
	s.Kinds.Replace(gr)
}

// removeAll ends all objects of a resource.
func (s *Store) removeAll(k *kinds.Kind) {
	page, err := k.Table.Page(history.Query{})
	if err != nil {
		return // the newest state can always be read
	}
	for _, v := range page.Versions {
		_ = s.Remove(k, v.Key, v.Name) // whoever was faster has done the same
	}
}

// establish writes into a definition's status that it is served, which takes a real server some seconds.
func establish(u *unstructured.Unstructured) {
	status, _, _ := unstructured.NestedMap(u.Object, "status")
	if status == nil {
		status = map[string]any{}
	}
	if _, established := status["conditions"]; !established {
		at := time.Now().UTC().Format(time.RFC3339)
		status["conditions"] = []any{
			map[string]any{"type": "NamesAccepted", "status": "True", "reason": "NoConflicts", "message": "no conflicts found", "lastTransitionTime": at},
			map[string]any{"type": "Established", "status": "True", "reason": "InitialNamesAccepted", "message": "the initial names have been accepted", "lastTransitionTime": at},
		}
	}
	if accepted, found, _ := unstructured.NestedMap(u.Object, "spec", "names"); found {
		status["acceptedNames"] = accepted
	}
	status["storedVersions"] = storedVersions(u, status)
	u.Object["status"] = status
}

// storedVersions adds the storage version to those in which objects may be stored.
func storedVersions(u *unstructured.Unstructured, status map[string]any) []any {
	stored, _ := status["storedVersions"].([]any)
	versions, _, _ := unstructured.NestedSlice(u.Object, "spec", "versions")
	for _, item := range versions {
		version, _ := item.(map[string]any)
		if isStored, _ := version["storage"].(bool); !isStored {
			continue
		}
		for _, name := range stored {
			if name == version["name"] {
				return stored
			}
		}
		stored = append(stored, version["name"])
	}
	return stored
}
