package informers_test

import (
	"context"
	"testing"

	v1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// inMemory runs a server in memory, and returns it with a client of it, until the test ends.
func inMemory(t *testing.T, resources ...apitest.Definer) (*apitest.Server, *rest.Client) {
	t.Helper()
	server := apitest.New(apitest.Options{InMemory: true, CreateNamespaces: true, Resources: resources}).Start(t)
	client, err := rest.NewClient(server.Config())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdle)
	return server, client
}

// quiet returns a context without a log, which ends with the test.
func quiet(t *testing.T) context.Context { return klog.NewContext(t.Context(), klog.New(nil)) }

// launch starts a factory, waits until it has synced, and stops it when the test ends.
func launch(t *testing.T, factory *informers.SharedInformerFactory) {
	t.Helper()
	ctx, cancel := context.WithCancel(quiet(t))
	t.Cleanup(func() {
		cancel()
		factory.Shutdown()
	})
	factory.Start(ctx)
	if err := factory.WaitForCacheSync(ctx); err != nil {
		t.Fatal(err)
	}
}

// put stores a config map on a server.
func put(t *testing.T, server *apitest.Server, namespace, name, value string) {
	t.Helper()
	o := corev1.ConfigMaps.New()
	o.Namespace, o.Name, o.Data, o.Labels = namespace, name, map[string]string{"value": value}, map[string]string{"value": value}
	objects := apitest.In(server, corev1.ConfigMaps)
	if old, err := objects.Get(resource.KeyOf(o)); err == nil {
		o.UID = old.UID
	}
	if err := objects.Put(o); err != nil {
		t.Fatal(err)
	}
}

// names returns the keys of config maps.
func names(objects []*v1.ConfigMap) map[string]string {
	found := map[string]string{}
	for _, o := range objects {
		found[resource.KeyOf(o).String()] = o.Data["value"]
	}
	return found
}
