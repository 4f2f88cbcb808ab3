package informers_test

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/resource"
	apiextensionsv1 "github.com/sheaf-dev/sheaf/resource/apiextensions/v1"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
)

func TestStartIsIdempotentAndStartsWhatWasAddedSince(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := inMemory(t)
		put(t, server, "a", "1", "x")
		f := informers.NewSharedInformerFactory(client, informers.Options{})
		informers.For(f, corev1.ConfigMaps)
		launch(t, f)
		f.Start(quiet(t))
		synctest.Wait()
		if n := len(server.Requests(apitest.Match{Resource: "configmaps"})); n != 1 {
			t.Errorf("%d requests after two starts", n)
		}
		secrets := informers.For(f, corev1.Secrets)
		synctest.Wait()
		if n := server.OpenWatches(corev1.Secrets); n != 0 || secrets.Status().Running {
			t.Errorf("%d watches before the start", n)
		}
		f.Start(quiet(t))
		if err := f.WaitForCacheSync(t.Context()); err != nil || !secrets.HasSynced() || server.OpenWatches(corev1.Secrets) != 1 {
			t.Errorf("after another start: %v, %v", err, secrets.Status())
		}
	})
}

func TestShutdownWaitsForTheCallThatIsRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := inMemory(t)
		put(t, server, "a", "1", "x")
		f := informers.NewSharedInformerFactory(client, informers.Options{})
		release, returned := make(chan struct{}), false
		if _, err := informers.For(f, corev1.ConfigMaps).AddEventHandler(informers.ResourceEventHandlerFuncs[*v1.ConfigMap]{AddFunc: func(*v1.ConfigMap, bool) {
			<-release
			returned = true
		}}); err != nil {
			t.Fatal(err)
		}
		f.Start(quiet(t))
		synctest.Wait()
		down := make(chan struct{})
		go func() {
			defer close(down)
			f.Shutdown()
		}()
		synctest.Wait()
		select {
		case <-down:
			t.Error("the shutdown did not wait for a handler")
		default:
		}
		close(release)
		<-down
		synctest.Wait() // for the server
		if !returned || server.OpenWatches(corev1.ConfigMaps) != 0 {
			t.Errorf("after the shutdown: call returned %t, %d watches", returned, server.OpenWatches(corev1.ConfigMaps))
		}
		secrets := informers.For(f, corev1.Secrets)
		f.Start(quiet(t))
		synctest.Wait()
		if secrets.Status().Running {
			t.Error("an informer was started after the shutdown")
		}
	})
}

func TestAFactoryRunsUntilItsContextIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := inMemory(t)
		f := informers.NewSharedInformerFactory(client, informers.Options{})
		i := informers.For(f, corev1.ConfigMaps)
		ctx, cancel := context.WithTimeout(quiet(t), time.Hour)
		defer cancel()
		f.Run(ctx)
		synctest.Wait() // for the server
		if !i.HasSynced() || i.Status().Running || server.OpenWatches(corev1.ConfigMaps) != 0 {
			t.Errorf("after the run: %v", i.Status())
		}
	})
}

func TestWaitForCacheSyncSaysWhichResourceHasNotSyncedAndWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := inMemory(t)
		put(t, server, "a", "1", "x")
		refusal := server.Inject(apitest.Fault{On: apitest.Match{Resource: "secrets"}, Do: apitest.Fail(apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "", errors.New("not for you")))})
		f := informers.NewSharedInformerFactory(client, informers.Options{})
		informers.For(f, corev1.ConfigMaps)
		informers.For(f, corev1.Secrets)
		ctx, stop := context.WithCancel(quiet(t))
		defer f.Shutdown()
		defer stop()
		f.Start(ctx)
		enough := errors.New("enough")
		short, cancel := context.WithTimeoutCause(ctx, time.Minute, enough)
		defer cancel()
		err := f.WaitForCacheSync(short)
		var unsynced *informers.SyncError
		if !errors.As(err, &unsynced) || !errors.Is(err, enough) || len(unsynced.NotSynced) != 1 || unsynced.NotSynced[0].Resource != "secrets/v1" {
			t.Fatalf("after the time-out: %v", err)
		}
		for _, want := range []string{"caches have not synced (enough)", "secrets/v1: not synced, backing off for ", "watch-list: forbidden:", "not for you"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("the error does not say %q: %v", want, err)
			}
		}
		synced := map[string]bool{}
		for _, s := range f.Status() {
			synced[s.Resource] = s.Synced
		}
		if want := map[string]bool{"configmaps/v1": true, "secrets/v1": false}; !maps.Equal(synced, want) {
			t.Errorf("the statuses say %v, want %v", synced, want)
		}
		refusal.Remove()
		if err := f.WaitForCacheSync(ctx); err != nil {
			t.Error(err)
		}
	})
}

func TestTheWaitForTheCachesEndsInTheMomentInWhichTheyHaveSynced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := inMemory(t)
		server.Inject(apitest.Fault{On: apitest.Match{Resource: "configmaps"}, Times: 1, Do: apitest.Delay(1234567 * time.Microsecond)})
		f := informers.NewSharedInformerFactory(client, informers.Options{})
		informers.For(f, corev1.ConfigMaps)
		before := time.Now()
		launch(t, f)
		if d := time.Since(before); d != 1234567*time.Microsecond {
			t.Errorf("the wait took %v", d)
		}
	})
}

func TestALeasedInformerStopsWhenItsLastUserLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := inMemory(t)
		put(t, server, "a", "1", "x")
		f := informers.NewSharedInformerFactory(client, informers.Options{})
		lease := func() (informers.Informer[*v1.ConfigMap], func()) {
			i, release, err := informers.Lease(f, corev1.ConfigMaps, informers.InformerOptions{})
			if err != nil {
				t.Fatal(err)
			}
			return i, release
		}
		first, leave := lease()
		second, leaveToo := lease()
		launch(t, f)
		leave()
		leave() // it has left already
		synctest.Wait()
		if first.Shared() != second.Shared() || !first.Status().Running || server.OpenWatches(corev1.ConfigMaps) != 1 {
			t.Errorf("while somebody has it: %v", first.Status())
		}
		leaveToo()
		synctest.Wait()
		if first.Status().Running || server.OpenWatches(corev1.ConfigMaps) != 0 || len(f.Status()) != 0 {
			t.Errorf("when all have left: %v", first.Status())
		}
		third, leaveAgain := lease()
		defer leaveAgain()
		f.Start(quiet(t))
		if err := f.WaitForCacheSync(t.Context()); err != nil || third.Shared() == first.Shared() || len(third.Lister().List(nil)) != 1 {
			t.Errorf("when somebody comes again: %v, %v", err, third.Status())
		}
	})
}

func TestALeaseDoesNotStopAnInformerThatSomebodyHasForGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := inMemory(t)
		f := informers.NewSharedInformerFactory(client, informers.Options{})
		_, release, err := informers.Lease(f, corev1.ConfigMaps, informers.InformerOptions{})
		if err != nil {
			t.Fatal(err)
		}
		i := informers.For(f, corev1.ConfigMaps)
		launch(t, f)
		release()
		synctest.Wait()
		if !i.Status().Running {
			t.Error("it was stopped")
		}
	})
}

func TestAnInformerOfTwoNamespacesServesBothAndNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := inMemory(t)
		for _, namespace := range []string{"a", "b", "c"} {
			put(t, server, namespace, "1", "x")
		}
		f := informers.NewSharedInformerFactory(client, informers.Options{})
		i, err := informers.ForOptions(f, corev1.ConfigMaps, informers.InformerOptions{Namespaces: []string{"a", "b"}})
		if err != nil {
			t.Fatal(err)
		}
		var events []string
		if _, err := i.AddEventHandler(informers.ResourceEventHandlerFuncs[*v1.ConfigMap]{
			AddFunc: func(o *v1.ConfigMap, initial bool) { events = append(events, resource.KeyOf(o).String()) },
		}); err != nil {
			t.Fatal(err)
		}
		launch(t, f)
		put(t, server, "b", "2", "x")
		put(t, server, "c", "2", "x")
		synctest.Wait()
		if found := names(i.Lister().List(nil)); !maps.Equal(found, map[string]string{"a/1": "x", "b/1": "x", "b/2": "x"}) || len(events) != 3 {
			t.Errorf("the cache has %v, the handler was told of %v", found, events)
		}
		if found := names(i.Lister().Namespace("b").List(nil)); len(found) != 2 {
			t.Errorf("namespace b has %v", found)
		}
		for _, r := range server.Requests(apitest.Match{Resource: "configmaps"}) {
			if r.Namespace != "a" && r.Namespace != "b" {
				t.Errorf("namespace %q was read", r.Namespace)
			}
		}
	})
}

// gadget is a custom resource.
type gadget struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Size int `json:"size"`
}

func TestAnInformerWaitsForADefinitionThatIsDeletedAndStartsAgainWhenItReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := inMemory(t)
		definitions := apitest.In(server, apiextensionsv1.CustomResourceDefinitions)
		definition := func() *apiextensionsv1.CustomResourceDefinition {
			d := apiextensionsv1.CustomResourceDefinitions.New()
			d.Name = "gadgets.example.com"
			d.Spec.Group, d.Spec.Scope = "example.com", "Namespaced"
			d.Spec.Names = apiextensionsv1.Names{Plural: "gadgets", Singular: "gadget", Kind: "Gadget", ListKind: "GadgetList"}
			schema := &runtime.RawExtension{Raw: []byte(`{"type":"object","properties":{"size":{"type":"integer"}}}`)}
			d.Spec.Versions = []apiextensionsv1.Version{{Name: "v1", Served: true, Storage: true, Schema: &apiextensionsv1.Validation{OpenAPIV3Schema: schema}}}
			return d
		}
		gadgets := resource.Define[*gadget]("example.com", "v1", "gadgets", "Gadget", resource.Namespaced)
		create := func(name string, size int) {
			g := gadgets.New()
			g.Name, g.Size = name, size
			if _, err := client.ForResource(gadgets.Definition()).Namespace("default").Create(t.Context(), g, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		if err := definitions.Put(definition()); err != nil {
			t.Fatal(err)
		}
		create("one", 1)
		f := informers.NewSharedInformerFactory(client, informers.Options{})
		i := informers.For(f, gadgets)
		var events []string
		if _, err := i.AddEventHandler(informers.ResourceEventHandlerFuncs[*gadget]{
			AddFunc:    func(g *gadget, _ bool) { events = append(events, "add "+g.Name) },
			DeleteFunc: func(g *gadget, _ bool) { events = append(events, "delete "+g.Name) },
		}); err != nil {
			t.Fatal(err)
		}
		launch(t, f)
		if err := definitions.Remove(resource.Key{Name: "gadgets.example.com"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if s := i.Status(); s.Scopes[0].Phase != reflector.Missing || !strings.Contains(s.String(), "resource missing for ") {
			t.Errorf("without the definition: %v", s)
		}
		if err := definitions.Put(definition()); err != nil {
			t.Fatal(err)
		}
		create("two", 2)
		time.Sleep(2 * time.Minute)
		if s := i.Status(); s.Scopes[0].Phase != reflector.Watching {
			t.Errorf("with the definition again: %v", s)
		}
		if all := i.Lister().List(nil); len(all) != 1 || all[0].Name != "two" || all[0].Size != 2 {
			t.Errorf("the cache has %v", all)
		}
		if got := strings.Join(events, ", "); got != "add one, delete one, add two" {
			t.Errorf("the handler was told: %s", got)
		}
	})
}
