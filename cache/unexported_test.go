package cache

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/cache/delta"
	"github.com/sheaf-dev/sheaf/resource"
)

// timed is a user's type with a part whose fields are not exported, which apimachinery's comparison refuses by a panic.
type timed struct {
	metav1.TypeMeta
	metav1.ObjectMeta `json:"metadata"`
	At                time.Time `json:"at"`
}

var timeds = resource.Define[*timed]("example.com", "v1", "timeds", "Timed", resource.Namespaced)

func TestObjectsWithPartsThatAreNotExportedAreCompared(t *testing.T) {
	i := New(timeds.Definition(), newGenerator(0), Options{Mutations: MutationOptions{Detect: true}})
	list := func(at time.Time) {
		o := timeds.New()
		o.Namespace, o.Name, o.UID, o.ResourceVersion, o.At = "a", "1", "uid", "1", at
		i.committer.commit([]delta.Delta{{Type: delta.Replaced, ResourceVersion: "1", Items: []delta.Item{{Key: resource.KeyOf(o), Object: o}}}})
	}
	first, second := time.Unix(1, 0), time.Unix(2, 0)
	list(first)
	before, _ := i.Reader().Get(key("a/1"))
	list(first)
	if after, _ := i.Reader().Get(key("a/1")); after != before {
		t.Error("what is equal was replaced")
	}
	list(second)
	if after, _ := i.Reader().Get(key("a/1")); !after.(*timed).At.Equal(second) {
		t.Errorf("what is not equal was kept: %v", after)
	}
	before.(*timed).At = second
	if found := i.committer.detector.mutations(); len(found) != 1 {
		t.Errorf("mutations: %v", found)
	}
}
