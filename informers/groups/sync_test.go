package groups_test

import (
	"context"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/clientset"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/informers/groups"
	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/resource/builtin"
	core "github.com/sheaf-dev/sheaf/resource/core/v1"
)

func TestInformersOfAllResourcesSyncSideBySide(t *testing.T) {
	server := apitest.New(apitest.Options{InMemory: true}).Start(t)
	cs, err := clientset.NewForConfig(server.Config())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cs.RESTClient().CloseIdle)
	pod := core.Pods.New()
	pod.Name = "p"
	if _, err := cs.CoreV1().Pods("default").Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}

	factory := groups.NewSharedInformerFactory(cs.RESTClient(), informers.Options{})
	all := 0
	for _, def := range builtin.Definitions() {
		if def.Verbs().Has(followed) {
			if _, err := factory.ForResource(def.GroupVersionResource()); err != nil {
				t.Fatal(err)
			}
			all++
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	factory.Start(ctx)
	defer factory.Shutdown()
	if err := factory.WaitForCacheSync(ctx); err != nil {
		t.Fatal(err)
	}
	if got := len(factory.Status()); got != all {
		t.Errorf("%d informers, want %d", got, all)
	}
	pods := factory.Core().V1().Pods().Lister()
	if _, err := pods.Get(resource.Key{Namespace: "default", Name: "p"}); err != nil {
		t.Error(err)
	}
	if namespaces := factory.Core().V1().Namespaces().Lister().List(nil); len(namespaces) != 4 {
		t.Errorf("%d namespaces, want the server's 4", len(namespaces))
	}
}
