package informers_test

import (
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/cache"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
)

// written is a view of config maps, whose watch is held back, and a client that writes through it.
type written struct {
	server *apitest.Server
	view   informers.ReadView[*v1.ConfigMap]
	client informers.Writes[*v1.ConfigMap]
	typed  typed.Client[*v1.ConfigMap]
	held   *apitest.Injected
}

// write runs a test with a server that has the config maps 1 and 2, and sends nothing more.
func write(t *testing.T, test func(t *testing.T, w *written)) {
	synctest.Test(t, func(t *testing.T) {
		server, client := inMemory(t)
		put(t, server, "a", "1", "old")
		put(t, server, "a", "2", "old")
		w := &written{server: server, typed: typed.For(client, corev1.ConfigMaps).Namespace("a")}
		w.held = server.Inject(apitest.Fault{On: apitest.Match{Resource: "configmaps", Verb: "watch"}, Do: apitest.StallAfterEvents(3)})
		f := informers.NewSharedInformerFactory(client, informers.Options{})
		i := informers.For(f, corev1.ConfigMaps)
		view, err := informers.NewReadView(i)
		if err != nil {
			t.Fatal(err)
		}
		w.view, w.client = view, view.Client(w.typed, "a")
		launch(t, f)
		test(t, w)
		// When the watch goes on, nothing is left.
		w.held.Remove()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		server2 := names(collect(apitest.In(server, corev1.ConfigMaps)))
		if found := names(i.Lister().List(nil)); !maps.Equal(found, server2) {
			t.Errorf("the cache has %v, the server %v", found, server2)
		}
		w.shows(t, server2)
		if n := view.Pending(); n != 0 {
			t.Errorf("%d writes are left", n)
		}
	})
}

func collect(objects apitest.Objects[*v1.ConfigMap]) []*v1.ConfigMap {
	var all []*v1.ConfigMap
	for o := range objects.All() {
		all = append(all, o)
	}
	return all
}

// shows fails the test if the view does not have exactly some objects.
func (w *written) shows(t *testing.T, want map[string]string) {
	t.Helper()
	if found := names(w.view.Lister().List(nil)); !maps.Equal(found, want) {
		t.Errorf("the view shows %v, want %v", found, want)
	}
}

func (w *written) get(t *testing.T, name string) *v1.ConfigMap {
	t.Helper()
	o, err := w.typed.Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func made(name, value string) *v1.ConfigMap {
	o := corev1.ConfigMaps.New()
	o.Namespace, o.Name, o.Data = "a", name, map[string]string{"value": value}
	return o
}

func TestWhatAClientWritesIsInItsViewAtOnce(t *testing.T) {
	write(t, func(t *testing.T, w *written) {
		if _, err := w.client.Create(t.Context(), made("3", "created"), metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		changed := w.get(t, "1")
		changed.Data["value"] = "updated"
		if _, err := w.client.Update(t.Context(), changed, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.client.Patch(t.Context(), "2", types.MergePatchType, []byte(`{"data":{"value":"patched"}}`), metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
		w.shows(t, map[string]string{"a/1": "updated", "a/2": "patched", "a/3": "created"})
		if n := w.view.Pending(); n != 3 {
			t.Errorf("%d writes are pending", n)
		}
	})
}

func TestWhatAClientAppliesIsInItsViewAtOnce(t *testing.T) {
	write(t, func(t *testing.T, w *written) {
		client := informers.Applying(w.view, w.typed)
		if _, err := client.Apply(t.Context(), made("3", "applied"), metav1.ApplyOptions{FieldManager: "me"}); err != nil {
			t.Fatal(err)
		}
		if _, err := client.Apply(t.Context(), made("1", "taken"), metav1.ApplyOptions{FieldManager: "me", Force: true}); err != nil {
			t.Fatal(err)
		}
		if _, err := client.Apply(t.Context(), made("4", "dry"), metav1.ApplyOptions{FieldManager: "me", DryRun: []string{"All"}}); err != nil {
			t.Fatal(err)
		}
		w.shows(t, map[string]string{"a/1": "taken", "a/2": "old", "a/3": "applied"})
	})
}

func TestADryRunShowsNothing(t *testing.T) {
	write(t, func(t *testing.T, w *written) {
		all := []string{metav1.DryRunAll}
		if _, err := w.client.Create(t.Context(), made("3", "dry"), metav1.CreateOptions{DryRun: all}); err != nil {
			t.Fatal(err)
		}
		if err := w.client.Delete(t.Context(), "1", metav1.DeleteOptions{DryRun: all}); err != nil {
			t.Fatal(err)
		}
		if err := w.client.DeleteCollection(t.Context(), metav1.DeleteOptions{DryRun: all}, metav1.ListOptions{}); err != nil {
			t.Fatal(err)
		}
		w.shows(t, map[string]string{"a/1": "old", "a/2": "old"})
	})
}

func TestAFailedWriteShowsNothing(t *testing.T) {
	write(t, func(t *testing.T, w *written) {
		stale := made("1", "stale")
		stale.ResourceVersion = "1"
		if _, err := w.client.Update(t.Context(), stale, metav1.UpdateOptions{}); err == nil {
			t.Error("a stale update was accepted")
		}
		if err := w.client.Delete(t.Context(), "none", metav1.DeleteOptions{}); err == nil {
			t.Error("what is not there was deleted")
		}
		w.shows(t, map[string]string{"a/1": "old", "a/2": "old"})
	})
}

func TestWhatAClientDeletesIsNotInItsViewAnyMoreAndWhatWaitsForFinalizersIs(t *testing.T) {
	write(t, func(t *testing.T, w *written) {
		if _, err := w.client.Patch(t.Context(), "2", types.MergePatchType, []byte(`{"metadata":{"finalizers":["example.com/wait"]}}`), metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"1", "2"} {
			if err := w.client.Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		w.shows(t, map[string]string{"a/2": "old"})
		waiting, err := w.view.Lister().Get(resource.Key{Namespace: "a", Name: "2"})
		if err != nil || waiting.DeletionTimestamp == nil {
			t.Errorf("the object that waits for its finalizer: %v, %v", waiting, err)
		}
	})
}

func TestWhatAClientDeletesAsACollectionIsNotInItsViewAnyMore(t *testing.T) {
	write(t, func(t *testing.T, w *written) {
		waits := made("3", "old")
		waits.Finalizers, waits.Labels = []string{"example.com/wait"}, map[string]string{"value": "old"}
		if _, err := w.client.Create(t.Context(), waits, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		kept := made("4", "kept")
		kept.Labels = map[string]string{"value": "kept"}
		if _, err := w.client.Create(t.Context(), kept, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		put(t, w.server, "a", "2", "relabelled")
		if err := w.client.DeleteCollection(t.Context(), metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "value=old"}); err != nil {
			t.Fatal(err)
		}
		w.shows(t, map[string]string{"a/2": "old", "a/3": "old", "a/4": "kept"})
		waiting, err := w.view.Lister().Get(resource.Key{Namespace: "a", Name: "3"})
		if err != nil || waiting.DeletionTimestamp == nil {
			t.Errorf("the object that waits for its finalizer: %v, %v", waiting, err)
		}
		if err := w.client.DeleteCollection(t.Context(), metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "=!"}); err == nil || !strings.Contains(err.Error(), `"=!"`) {
			t.Errorf("a selector that makes no sense: %v", err)
		}
	})
}

func TestAViewOfAnInformerWithAFieldSelectorIsRefused(t *testing.T) {
	f := idle(t, informers.Options{})
	i, err := informers.ForOptions(f, corev1.ConfigMaps, informers.InformerOptions{FieldSelector: "metadata.name=x"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := informers.NewReadView(i); err == nil || !strings.Contains(err.Error(), "metadata.name=x") {
		t.Errorf("with a field selector: %v", err)
	}
}

func TestAViewOfAUsersFunctionsIsRefusedUnlessTheyLeaveOutNothing(t *testing.T) {
	source := newShelf().source()
	if _, err := informers.NewReadView(informers.New(configMaps, source, cache.Options{})); err == nil || !strings.Contains(err.Error(), "may leave out") {
		t.Errorf("with functions that may select: %v", err)
	}
	source.Whole = true
	if _, err := informers.NewReadView(informers.New(configMaps, source, cache.Options{})); err != nil {
		t.Error(err)
	}
}

func TestAWriteIntoANamespaceThatASingleWatchLeavesOutIsNotShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := inMemory(t)
		f := informers.NewSharedInformerFactory(client, informers.Options{Namespaces: []string{"a"}, SingleWatch: true})
		view, err := informers.NewReadView(informers.For(f, corev1.ConfigMaps))
		if err != nil {
			t.Fatal(err)
		}
		launch(t, f)
		for namespace, want := range map[string]int{"b": 0, "a": 1} {
			o := made("1", "x")
			o.Namespace = namespace
			if _, err := view.Client(typed.For(client, corev1.ConfigMaps).Namespace(namespace), namespace).Create(t.Context(), o, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
			if n := len(view.Lister().Namespace(namespace).List(nil)); n != want {
				t.Errorf("namespace %s: %d objects are shown", namespace, n)
			}
		}
	})
}

func TestAStatusThatAClientWritesIsInItsViewAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := inMemory(t)
		pod := twins("a")[0]
		if err := apitest.In(server, corev1.Pods).Put(pod); err != nil {
			t.Fatal(err)
		}
		server.Inject(apitest.Fault{On: apitest.Match{Resource: "pods", Verb: "watch"}, Do: apitest.StallAfterEvents(2)})
		f := informers.NewSharedInformerFactory(client, informers.Options{})
		view, err := informers.NewReadView(informers.For(f, corev1.Pods))
		if err != nil {
			t.Fatal(err)
		}
		launch(t, f)
		pods := view.Client(typed.For(client, corev1.Pods).Namespace("default"), "default")
		now, err := pods.Get(t.Context(), "a", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		now.Status.Message = "written"
		if _, err := pods.UpdateStatus(t.Context(), now, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		shown, err := view.Lister().Namespace("default").Get("a")
		if err != nil || shown.Status.Message != "written" {
			t.Errorf("the view shows %v, %v", shown.Status, err)
		}
	})
}
