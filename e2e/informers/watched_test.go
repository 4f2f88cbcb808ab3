package informers_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/cache"
	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/resource"
	corev1resources "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// watched is a running informer of one namespace's ConfigMaps with a handler that writes into a log:
// "add name value", "update name value", "delete name value", and "?" behind a deletion whose final state is unknown.
type watched struct {
	informers.Informer[*corev1.ConfigMap]
	log *log
}

func watch(t *testing.T, client *rest.Client, namespace string, read reflector.Options) *watched {
	t.Helper()
	factory := informers.NewSharedInformerFactory(client, informers.Options{
		Namespaces: []string{namespace},
		Cache:      cache.Options{Reflector: read},
	})
	w := &watched{informers.For(factory, corev1resources.ConfigMaps), newLog()}
	if _, err := w.AddEventHandler(informers.ResourceEventHandlerFuncs[*corev1.ConfigMap]{
		AddFunc:    func(o *corev1.ConfigMap, _ bool) { w.log.add("add %s %s", o.Name, o.Data["value"]) },
		UpdateFunc: func(_, o *corev1.ConfigMap, _ bool) { w.log.add("update %s %s", o.Name, o.Data["value"]) },
		DeleteFunc: func(o *corev1.ConfigMap, unknown bool) {
			mark := ""
			if unknown {
				mark = "?"
			}
			w.log.add("delete %s %s%s", o.Name, o.Data["value"], mark)
		},
	}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { factory.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	synced, stop := context.WithTimeout(t.Context(), within)
	defer stop()
	if err := factory.WaitForCacheSync(synced); err != nil {
		t.Fatal(err)
	}
	return w
}

// waitFor waits until the log has a line.
func (w *watched) waitFor(t *testing.T, line string) []string {
	t.Helper()
	return w.log.wait(t, line, func(lines []string) bool { return slices.Contains(lines, line) })
}

// about are the lines that concern one object.
func about(lines []string, name string) (kept []string) {
	for _, line := range lines {
		if strings.Fields(line)[1] == name {
			kept = append(kept, line)
		}
	}
	return kept
}

// mustSee fails the test unless the handler saw just this of an object.
func mustSee(t *testing.T, lines []string, name string, want ...string) {
	t.Helper()
	if got := about(lines, name); !slices.Equal(got, want) {
		t.Errorf("of %s the handler saw %q, want %q", name, got, want)
	}
}

// configMapsPath is where a namespace's ConfigMaps are.
func configMapsPath(namespace string) string {
	return "/api/v1/namespaces/" + namespace + "/configmaps"
}

// mustEqual fails the test unless the cache reaches a version, and then holds just what the server lists at the cache's own version. It returns
// the list.
func (w *watched) mustEqual(t *testing.T, client typed.Client[*corev1.ConfigMap], version string) *resource.List[*corev1.ConfigMap] {
	t.Helper()
	// A bookmark brings a quiet collection to a version of others within about a minute.
	ctx, cancel := context.WithTimeout(t.Context(), 3*within)
	defer cancel()
	snapshot, err := w.Shared().WaitFor(ctx, version)
	if err != nil {
		t.Fatalf("%v: %s", err, w.Status())
	}
	live, err := client.List(t.Context(), metav1.ListOptions{ResourceVersion: snapshot.ResourceVersion(), ResourceVersionMatch: metav1.ResourceVersionMatchExact})
	if err != nil {
		t.Fatal(err)
	}
	if live.ResourceVersion != snapshot.ResourceVersion() {
		t.Errorf("the list is at version %s, the cache at %s", live.ResourceVersion, snapshot.ResourceVersion())
	}
	if snapshot.Len() != len(live.Items) {
		t.Errorf("the cache has %d objects, the server %d", snapshot.Len(), len(live.Items))
	}
	for _, cm := range live.Items {
		cached, _ := snapshot.Get(resource.KeyOf(cm))
		if !equality.Semantic.DeepEqual(cached, cm) {
			t.Errorf("%s: cached %v, on the server %v", cm.Name, cached, cm)
		}
	}
	return live
}
