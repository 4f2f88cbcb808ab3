package informers_test

import (
	"context"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/klog/v2"
	"k8s.io/klog/v2/ktesting"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/cache"
	"github.com/sheaf-dev/sheaf/cache/delta"
	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// idle is a factory whose informers are never started.
func idle(t *testing.T, opts informers.Options) *informers.SharedInformerFactory {
	t.Helper()
	client, err := rest.NewClient(&rest.Config{Host: "http://server.example"})
	if err != nil {
		t.Fatal(err)
	}
	return informers.NewSharedInformerFactory(client, opts)
}

func TestAServerThatCannotStreamIsFoundOutOnceForEachResource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := inMemory(t)
		put(t, server, "a", "1", "x")
		initial := apitest.Match{Verb: "watch", Func: func(r *apitest.Request) bool { return r.Query.Get("sendInitialEvents") == "true" }}
		server.Inject(apitest.Fault{On: initial, Do: apitest.NoInitialEventsEnd()})
		f := informers.NewSharedInformerFactory(client, informers.Options{})
		informers.For(f, corev1.ConfigMaps)
		launch(t, f)
		for _, opts := range []informers.InformerOptions{{LabelSelector: "value=x"}, {Namespaces: []string{"a", "b"}}} {
			i, err := informers.ForOptions(f, corev1.ConfigMaps, opts)
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			f.Start(quiet(t))
			<-i.Synced()
			for _, scope := range i.Status().Scopes {
				if !scope.NoStreaming || scope.FellBack != reflector.None || time.Since(began) > time.Second {
					t.Errorf("%+v: after %v: %+v", opts, time.Since(began), scope)
				}
			}
		}
		if asked := len(server.Requests(initial)); asked != 1 {
			t.Errorf("%d streams of one resource were asked for", asked)
		}
		i := informers.For(f, corev1.Pods)
		f.Start(quiet(t))
		<-i.Synced()
		if asked := len(server.Requests(initial)); asked != 2 || i.Status().Scopes[0].FellBack != reflector.Stalled {
			t.Errorf("another resource: %d streams were asked for, %+v", asked, i.Status().Scopes[0])
		}
	})
}

// keep returns a transform that is a value of its own each time: it captures what it was made with.
func keep(label string) delta.Transform {
	return func(o resource.Object) (resource.Object, error) {
		o.SetLabels(map[string]string{"kept": label})
		return o, nil
	}
}

func TestAskingAgainWithConflictingOptionsIsAnError(t *testing.T) {
	mine := keep("mine")
	there := informers.InformerOptions{Transform: mine, Resync: time.Minute}
	for conflict, again := range map[string]informers.InformerOptions{
		"":                  there,
		"another transform": {Transform: keep("theirs")},
		"another resync":    {Resync: time.Hour},
		"a label index":     {NoLabelIndex: true},
	} {
		f := idle(t, informers.Options{})
		first, err := informers.ForOptions(f, corev1.ConfigMaps, there)
		if err != nil {
			t.Fatal(err)
		}
		second, err := informers.ForOptions(f, corev1.ConfigMaps, again)
		if conflict == "" {
			if err != nil || second.Shared() != first.Shared() {
				t.Errorf("the same options: %v", err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), "configmaps/v1") || !strings.Contains(err.Error(), conflict) {
			t.Errorf("%+v: %v, want an error that says %q", again, err, conflict)
		}
		if _, _, err := informers.Lease(f, corev1.ConfigMaps, again); err == nil {
			t.Errorf("%+v: a lease was given", again)
		}
		if informers.For(f, corev1.ConfigMaps).Shared() != first.Shared() {
			t.Error("a request without options does not share what is there")
		}
	}
}

func TestATransformThatComesLaterThanTheInformerIsAConflict(t *testing.T) {
	f := idle(t, informers.Options{})
	informers.For(f, corev1.ConfigMaps)
	if _, err := informers.ForOptions(f, corev1.ConfigMaps, informers.InformerOptions{Transform: keep("mine")}); err == nil {
		t.Error("an informer without a transform was shared with somebody who wants one")
	}
}

func TestOtherNamespacesSelectorsAndTypesAreOtherInformers(t *testing.T) {
	f := idle(t, informers.Options{})
	seen := map[*cache.SharedIndexInformer]string{informers.For(f, corev1.ConfigMaps).Shared(): "all"}
	for name, opts := range map[string]informers.InformerOptions{
		"a namespace":      {Namespaces: []string{"a"}},
		"two namespaces":   {Namespaces: []string{"a", "b"}},
		"a label selector": {LabelSelector: "a=b"},
		"a field selector": {FieldSelector: "metadata.name=x"},
	} {
		i, err := informers.ForOptions(f, corev1.ConfigMaps, opts)
		if err != nil {
			t.Fatal(err)
		}
		if other, taken := seen[i.Shared()]; taken {
			t.Errorf("%s has the informer of %s", name, other)
		}
		seen[i.Shared()] = name
		again, err := informers.ForOptions(f, corev1.ConfigMaps, opts)
		if err != nil || again.Shared() != i.Shared() {
			t.Errorf("%s: asked twice: %v", name, err)
		}
	}
	metadata := resource.Define[*metav1.PartialObjectMetadata]("", "v1", "configmaps", "ConfigMap", resource.Namespaced)
	if other, taken := seen[informers.For(f, metadata).Shared()]; taken {
		t.Errorf("the metadata has the informer of %s", other)
	}
	ba, err := informers.ForOptions(f, corev1.ConfigMaps, informers.InformerOptions{Namespaces: []string{"b", "a", "b"}})
	if err != nil || seen[ba.Shared()] != "two namespaces" {
		t.Errorf("namespaces in another order: %q, %v", seen[ba.Shared()], err)
	}
}

func TestSelectorsThatTheFactoryWouldOverwriteAreAConflict(t *testing.T) {
	f := idle(t, informers.Options{TweakListOptions: func(o *metav1.ListOptions) { o.LabelSelector = "tenant=a" }})
	_, err := informers.ForOptions(f, corev1.ConfigMaps, informers.InformerOptions{LabelSelector: "app=b"})
	if err == nil || !strings.Contains(err.Error(), "TweakListOptions") {
		t.Errorf("a selector that is overwritten: %v", err)
	}
	if _, err := informers.ForOptions(f, corev1.ConfigMaps, informers.InformerOptions{FieldSelector: "metadata.name=x"}); err != nil {
		t.Errorf("a selector that is left alone: %v", err)
	}
}

func TestTheFactorysOptionsAreThoseOfItsInformers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := inMemory(t)
		for _, name := range []string{"yes", "no"} {
			put(t, server, "a", name, name)
			put(t, server, "b", name, name)
		}
		trim := func(o resource.Object) (resource.Object, error) {
			o.SetAnnotations(map[string]string{"seen": "yes"})
			return o, nil
		}
		f := informers.NewSharedInformerFactory(client, informers.Options{
			Namespaces: []string{"a"}, Transform: trim, Resync: time.Hour, ResyncFor: map[*resource.Definition]time.Duration{corev1.ConfigMaps.Definition(): time.Minute},
			TweakListOptions: func(o *metav1.ListOptions) { o.LabelSelector = "value=yes" },
		})
		i, resyncs := informers.For(f, corev1.ConfigMaps), 0
		if _, err := i.AddEventHandler(informers.ResourceEventHandlerFuncs[*v1.ConfigMap]{UpdateFunc: func(old, new *v1.ConfigMap, resync bool) {
			if old == new && resync {
				resyncs++
			}
		}}); err != nil {
			t.Fatal(err)
		}
		launch(t, f)
		all := i.Lister().List(nil)
		if found := names(all); !maps.Equal(found, map[string]string{"a/yes": "yes"}) || all[0].Annotations["seen"] != "yes" {
			t.Errorf("the cache has %v", all)
		}
		time.Sleep(10*time.Minute + time.Second)
		synctest.Wait()
		if resyncs != 10 {
			t.Errorf("%d resyncs in 10 minutes, want one a minute", resyncs)
		}
		if lists := server.Requests(apitest.Match{Resource: "configmaps", Verb: "list"}); len(lists) > 0 {
			t.Errorf("a resync listed: %v", lists)
		}
	})
}

func TestAnInformerIsFoundByTheNameOfItsResource(t *testing.T) {
	f := idle(t, informers.Options{})
	gvr := corev1.ConfigMaps.Definition().GroupVersionResource()
	if _, err := f.ForResource(gvr); err == nil || !strings.Contains(err.Error(), "configmaps") {
		t.Errorf("before anybody has named a definition: %v", err)
	}
	f.AddLookup(func(want schema.GroupVersionResource) (*resource.Definition, bool) {
		return corev1.Secrets.Definition(), want == corev1.Secrets.Definition().GroupVersionResource()
	})
	secrets, err := f.ForResource(corev1.Secrets.Definition().GroupVersionResource())
	if err != nil || secrets.Shared() != informers.For(f, corev1.Secrets).Shared() {
		t.Errorf("by a lookup: %v", err)
	}
	mine := informers.For(f, corev1.ConfigMaps)
	if found, err := f.ForResource(gvr); err != nil || found.Shared() != mine.Shared() {
		t.Errorf("after it was asked for by definition: %v", err)
	}
}

func TestAnInformerOfOnesOwnIsSharedStartedAndStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		system := newShelf()
		system.put("a", "1", "x")
		own := informers.New(configMaps, system.source(), cache.Options{})
		f := idle(t, informers.Options{})
		if err := f.Register(own.Shared()); err != nil {
			t.Fatal(err)
		}
		if err := f.Register(own.Shared()); err == nil || !strings.Contains(err.Error(), "configmaps/v1") {
			t.Errorf("a second informer of the resource: %v", err)
		}
		if informers.For(f, configMaps).Shared() != own.Shared() {
			t.Error("the factory has another informer")
		}
		launch(t, f)
		if own.Lister().List(nil)[0].Name != "1" {
			t.Error("it has not been started")
		}
		f.Shutdown()
		if s := own.Status(); s.Running {
			t.Errorf("after the shutdown: %v", s)
		}
	})
}

func TestASelectorThatCannotBeReadIsAnErrorBeforeAnythingIsAsked(t *testing.T) {
	f := idle(t, informers.Options{})
	for want, opts := range map[string]informers.InformerOptions{
		`informer of configmaps/v1: label selector "app in (web": `:   {LabelSelector: "app in (web"},
		`informer of configmaps/v1: field selector "metadata.name": `: {FieldSelector: "metadata.name"},
	} {
		if _, err := informers.ForOptions(f, corev1.ConfigMaps, opts); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("have %v, want %s", err, want)
		}
	}
}

func TestAWaitForInformersThatNobodyStartedIsSaidInTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := idle(t, informers.Options{})
		informers.For(f, corev1.ConfigMaps)
		logger := ktesting.NewLogger(t, ktesting.NewConfig(ktesting.BufferLogs(true), ktesting.Verbosity(0)))
		ctx, cancel := context.WithTimeout(klog.NewContext(t.Context(), logger), time.Hour)
		defer cancel()
		if err := f.WaitForCacheSync(ctx); err == nil || !strings.Contains(err.Error(), "caches have not synced (context deadline exceeded): configmaps/v1: not started") {
			t.Errorf("have %v", err)
		}
		log := logger.GetSink().(ktesting.Underlier).GetBuffer().String()
		if strings.Count(log, "Waiting for caches") != 1 || !strings.Contains(log, "(still waiting): configmaps/v1: not started") {
			t.Errorf("the log says %q", log)
		}
	})
}
