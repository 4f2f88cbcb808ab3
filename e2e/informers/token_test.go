package informers_test

import (
	"context"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/sheaf-dev/sheaf/cache"
	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/e2e/cluster"
	"github.com/sheaf-dev/sheaf/informers"
	corev1resources "github.com/sheaf-dev/sheaf/resource/core/v1"
)

// A list in pages is overtaken by a compaction: the token of its next page has expired.
func TestAListWhoseTokenExpiresIsReadAgainInOnePiece(t *testing.T) {
	c := cluster.ForTest(t, cluster.Options{APIServerFlags: []string{"--watch-cache=false"}})
	client, tap := connect(t, c)
	ns := namespace(t, client)
	configMaps := typed.For(client, corev1resources.ConfigMaps).Namespace(ns)
	last := write(t, configMaps, "page", 6)[5]
	last.Data["value"] = "second"

	// The first object is transformed while the second page may be asked for already. The third is asked for after that.
	var compact sync.Once
	factory := informers.NewSharedInformerFactory(client, informers.Options{
		Namespaces: []string{ns},
		Cache:      cache.Options{Reflector: reflector.Options{NoStreaming: true, PageSize: 2}},
		Transform: informers.TransformOf(func(o *corev1.ConfigMap) (*corev1.ConfigMap, error) {
			compact.Do(func() {
				if _, err := configMaps.Update(t.Context(), last, metav1.UpdateOptions{}); err != nil {
					t.Error(err)
				}
				if _, err := c.Compact(t.Context()); err != nil {
					t.Error(err)
				}
			})
			return o, nil
		}),
	})
	informer := informers.For(factory, corev1resources.ConfigMaps)
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer factory.Shutdown()
	defer cancel()
	factory.Start(ctx)
	if err := factory.WaitForCacheSync(ctx); err != nil {
		t.Fatal(err)
	}
	lists := tap.lists(configMapsPath(ns))
	if q := lists[len(lists)-1].query; len(lists) < 2 || q.Get("limit") != "" || q.Get("continue") != "" {
		t.Errorf("the last of %d lists was asked for with %v", len(lists), q)
	}
	if s := informer.Status(); s.Scopes[0].Failures[reflector.Expired] != 1 || s.Objects != 6 {
		t.Errorf("%d failures by expiry, %s", s.Scopes[0].Failures[reflector.Expired], s)
	}
	for _, cm := range informer.Lister().List(labels.Everything()) {
		if cm.Name == "page-5" && cm.Data["value"] != "second" {
			t.Errorf("the cache has %v", cm)
		}
	}
}
