package informers_test

import (
	"fmt"
	"maps"
	"testing"
	"testing/synctest"

	v1 "k8s.io/api/core/v1"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
)

func TestOneWatchServesSeveralNamespaces(t *testing.T) {
	for _, streaming := range []bool{true, false} {
		t.Run(fmt.Sprintf("streaming=%v", streaming), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, client := inMemory(t)
				for _, namespace := range []string{"a", "b", "c", "d"} {
					put(t, server, namespace, "1", "old")
				}
				server.Inject(apitest.Fault{Do: apitest.Undecodable(resource.Key{Namespace: "d", Name: "1"})})
				opts := informers.Options{Namespaces: []string{"c", "a", "empty"}, SingleWatch: true}
				opts.Cache.Reflector = reflector.Options{NoStreaming: !streaming, PageSize: 1}
				f := informers.NewSharedInformerFactory(client, opts)
				i := informers.For(f, corev1.ConfigMaps)
				told := map[string]string{}
				if _, err := i.AddEventHandler(informers.ResourceEventHandlerFuncs[*v1.ConfigMap]{
					AddFunc:    func(o *v1.ConfigMap, _ bool) { told[o.Namespace] = o.Data["value"] },
					UpdateFunc: func(_, o *v1.ConfigMap, _ bool) { told[o.Namespace] = o.Data["value"] },
				}); err != nil {
					t.Fatal(err)
				}
				launch(t, f)
				for _, namespace := range []string{"a", "b", "d"} {
					put(t, server, namespace, "1", "new")
				}
				if _, err := i.WaitFor(t.Context(), server.ResourceVersion()); err != nil { // of an object that is left out
					t.Fatal(err)
				}
				synctest.Wait()
				if want := map[string]string{"a": "new", "c": "old"}; !maps.Equal(told, want) {
					t.Errorf("the handler was told %v, want %v", told, want)
				}
				if have, want := names(i.Lister().List(nil)), map[string]string{"a/1": "new", "c/1": "old"}; !maps.Equal(have, want) {
					t.Errorf("the cache has %v, want %v", have, want)
				}
				if n := i.Status().QuarantinedCount; n != 0 {
					t.Errorf("%d objects of other namespaces are in quarantine", n)
				}
				if n := server.OpenWatches(corev1.ConfigMaps); n != 1 {
					t.Errorf("%d watches are open", n)
				}
			})
		})
	}
}
