package informers_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/resource"
	corev1resources "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// formats are the two ways to talk to the server.
var formats = map[string]func(*rest.Config){
	"application/vnd.kubernetes.protobuf": func(*rest.Config) {},
	"application/json":                    func(c *rest.Config) { c.ContentType = rest.ContentTypeJSON },
}

func TestAHandlerSeesCreationsUpdatesAndDeletionsInOrder(t *testing.T) {
	for format, set := range formats {
		t.Run(strings.TrimPrefix(format, "application/"), func(t *testing.T) {
			client, tap := connect(t, server, set)
			ns := namespace(t, client)
			configMaps := typed.For(client, corev1resources.ConfigMaps).Namespace(ns)
			before := write(t, configMaps, "before", 2)
			w := watch(t, client, ns, reflector.Options{})

			after := write(t, configMaps, "after", 2)
			updated := update(t, configMaps, before[0], "second")
			update(t, configMaps, updated, "third")
			remove(t, configMaps, "before-0", "after-1")
			again, err := configMaps.Create(t.Context(), configMap("after-1", "again"), metav1.CreateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			lines := w.waitFor(t, "add after-1 again")
			mustSee(t, lines, "before-0", "add before-0 first", "update before-0 second", "update before-0 third", "delete before-0 third")
			mustSee(t, lines, "before-1", "add before-1 first")
			mustSee(t, lines, "after-0", "add after-0 first")
			mustSee(t, lines, "after-1", "add after-1 first", "delete after-1 first", "add after-1 again")
			if again.UID == after[1].UID {
				t.Error("the server gave the same UID twice")
			}
			w.mustEqual(t, configMaps, again.ResourceVersion)
			for _, s := range tap.watches(configMapsPath(ns)) {
				if !strings.HasPrefix(s.contentType, format) {
					t.Errorf("a watch was answered in %s, want %s", s.contentType, format)
				}
			}
		})
	}
}

func TestAListInPagesIsWholeAndAsksForEachPageOnce(t *testing.T) {
	for format, set := range formats {
		t.Run(strings.TrimPrefix(format, "application/"), func(t *testing.T) {
			client, tap := connect(t, server, set)
			ns := namespace(t, client)
			configMaps := typed.For(client, corev1resources.ConfigMaps).Namespace(ns)
			write(t, configMaps, "page", 5)
			tap.clear()
			w := watch(t, client, ns, reflector.Options{PageSize: 2, NoStreaming: true})
			pages := tap.lists(configMapsPath(ns))
			if len(pages) != 3 {
				t.Fatalf("%d lists, want 3: %v", len(pages), pages)
			}
			for i, page := range pages {
				if page.query.Get("limit") != "2" || page.query.Get("resourceVersion") != "" || (page.query.Get("continue") == "") != (i == 0) {
					t.Errorf("page %d was asked for with %v", i+1, page.query)
				}
				if !strings.HasPrefix(page.contentType, format) {
					t.Errorf("page %d was answered in %s", i+1, page.contentType)
				}
			}
			if n := len(w.Lister().List(labels.Everything())); n != 5 {
				t.Errorf("%d objects in the cache, want 5", n)
			}
			write(t, configMaps, "later", 1)
			w.waitFor(t, "add later-0 first")
		})
	}
}

func TestObjectsOfClusterScopeAreCachedAsWell(t *testing.T) {
	client, _ := connect(t, server)
	factory := informers.NewSharedInformerFactory(client, informers.Options{})
	namespaces := informers.For(factory, corev1resources.Namespaces)
	seen := newLog()
	if _, err := namespaces.AddEventHandler(informers.ResourceEventHandlerFuncs[*corev1.Namespace]{
		AddFunc:    func(o *corev1.Namespace, initial bool) { seen.add("add %s %v", o.Name, initial) },
		UpdateFunc: func(_, o *corev1.Namespace, _ bool) { seen.add("update %s %s", o.Name, o.Labels["e2e"]) },
	}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	factory.Start(ctx)
	defer factory.Shutdown()
	defer cancel()
	if err := factory.WaitForCacheSync(ctx); err != nil {
		t.Fatal(err)
	}
	name := namespace(t, client)
	seen.wait(t, "the new namespace", func(lines []string) bool { return len(about(lines, name)) == 1 })
	live, err := typed.For(client, corev1resources.Namespaces).Patch(ctx, name, "application/merge-patch+json",
		[]byte(`{"metadata":{"labels":{"e2e":"yes"}}}`), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := namespaces.WaitFor(ctx, live.ResourceVersion); err != nil {
		t.Fatal(err)
	}
	lines := seen.wait(t, "its label", func(lines []string) bool { return len(about(lines, name)) == 2 })
	mustSee(t, lines, name, "add "+name+" false", "update "+name+" yes")
	cached, err := namespaces.Lister().Get(resource.Key{Name: name})
	if err != nil || cached.Labels["e2e"] != "yes" || cached.Kind != "Namespace" || cached.APIVersion != "v1" {
		t.Errorf("cached: %v, %v", cached, err)
	}
}

func TestManyWritersAreSeenCompletely(t *testing.T) {
	client, _ := connect(t, server)
	ns := namespace(t, client)
	configMaps := typed.For(client, corev1resources.ConfigMaps).Namespace(ns)
	w := watch(t, client, ns, reflector.Options{})
	const writers, rounds = 4, 25
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			name := fmt.Sprintf("writer-%d", i)
			cm, err := configMaps.Create(t.Context(), configMap(name, "0"), metav1.CreateOptions{})
			for round := 1; round < rounds && err == nil; round++ {
				cm.Data["value"] = fmt.Sprint(round)
				cm, err = configMaps.Update(t.Context(), cm, metav1.UpdateOptions{})
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	lines := w.log.wait(t, "all writes", func(lines []string) bool { return len(lines) >= writers*rounds })
	for i := range writers {
		name := fmt.Sprintf("writer-%d", i)
		want := []string{fmt.Sprintf("add %s 0", name)}
		for round := 1; round < rounds; round++ {
			want = append(want, fmt.Sprintf("update %s %d", name, round))
		}
		mustSee(t, lines, name, want...)
	}
}
