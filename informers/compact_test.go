package informers_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/cache"
	"github.com/sheaf-dev/sheaf/cache/compact"
	"github.com/sheaf-dev/sheaf/cache/store"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// crowd puts enough pods on a server for a dictionary, and then some.
func crowd(t *testing.T, server *apitest.Server) (names []string) {
	t.Helper()
	for i := range 400 {
		names = append(names, fmt.Sprintf("pod-%03d", i))
	}
	pods := twins(names...)
	for i, pod := range pods {
		pod.Labels = map[string]string{"app": fmt.Sprint("app-", i%10)}
		pod.Spec.NodeName = fmt.Sprint("node-", i%7)
	}
	if err := apitest.In(server, corev1.Pods).Put(pods...); err != nil {
		t.Fatal(err)
	}
	return names
}

// packed says whether the informer's objects are packed, all or none.
func packed[T resource.Object](t *testing.T, informer informers.Informer[T]) bool {
	t.Helper()
	count, all := 0, 0
	for o := range informer.Shared().Reader().Snapshot().AllHeld() {
		all++
		if store.PackedBytes(o) > 0 {
			count++
		}
	}
	if count != 0 && count != all {
		t.Fatalf("%d of %d objects are packed", count, all)
	}
	return count > 0
}

// sameObjects compares two informers' answers.
func sameObjects[T resource.Object](t *testing.T, have, want []T) {
	t.Helper()
	byKey := func(a, b T) int { return resource.KeyOf(a).Compare(resource.KeyOf(b)) }
	slices.SortFunc(have, byKey)
	slices.SortFunc(want, byKey)
	if len(have) != len(want) || len(want) == 0 {
		t.Fatalf("%d objects, want %d", len(have), len(want))
	}
	for i := range have {
		if !equality.Semantic.DeepEqual(have[i], want[i]) {
			t.Fatalf("%v\nwant %v", have[i], want[i])
		}
	}
}

func byNode(p *v1.Pod) ([]string, error) { return []string{p.Spec.NodeName}, nil }

// compareInformers compares reads of an informer with those of one whose objects are held as they are.
func compareInformers(t *testing.T, have, want informers.Informer[*v1.Pod]) {
	t.Helper()
	if !packed(t, have) || packed(t, want) {
		t.Fatal("the wrong informer is compact")
	}
	sameObjects(t, have.Lister().List(nil), want.Lister().List(nil))
	selector := labels.SelectorFromSet(labels.Set{"app": "app-3"})
	sameObjects(t, have.Lister().List(selector), want.Lister().List(selector))
	for _, informer := range []informers.Informer[*v1.Pod]{have, want} {
		if err := informer.Shared().Check(); err != nil {
			t.Fatal(err)
		}
	}
	a, err := have.ByIndex("node", "node-2")
	if err != nil {
		t.Fatal(err)
	}
	b, err := want.ByIndex("node", "node-2")
	if err != nil {
		t.Fatal(err)
	}
	sameObjects(t, a, b)
}

func TestACompactInformerAnswersAsAnyOther(t *testing.T) {
	strip := informers.TransformOf(func(pod *v1.Pod) (*v1.Pod, error) {
		pod.Annotations = nil
		return pod, nil
	})
	for name, opts := range map[string]informers.Options{
		"protobuf": {}, "with a transform": {Transform: strip}, "with dropped fields": {Drop: []string{"metadata.annotations"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, plain := serve(t, opts)
				names := crowd(t, server)
				want := informers.For(plain, corev1.Pods)
				opts.Cache.Compact = compact.Zstd
				client, err := rest.NewClient(server.Config())
				if err != nil {
					t.Fatal(err)
				}
				defer client.CloseIdle()
				factory := informers.NewSharedInformerFactory(client, opts)
				defer factory.Shutdown()
				have := informers.For(factory, corev1.Pods)
				if err := have.AddIndexers(map[string]func(*v1.Pod) ([]string, error){"node": byNode}); err != nil {
					t.Fatal(err)
				}
				begin(t, plain)
				begin(t, factory)
				if err := want.AddIndexers(map[string]func(*v1.Pod) ([]string, error){"node": byNode}); err != nil {
					t.Fatal(err)
				}
				compareInformers(t, have, want)
				moved := twins(names[0], names[1], "another")
				for _, pod := range moved {
					pod.Spec.NodeName = "node-2"
				}
				if err := apitest.In(server, corev1.Pods).Put(moved...); err != nil {
					t.Fatal(err)
				}
				if err := apitest.In(server, corev1.Pods).Remove(resource.KeyOf(moved[0])); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute) // of the bubble
				synctest.Wait()
				compareInformers(t, have, want)
			})
		})
	}
}

func TestHandlersOfACompactInformerGetWholeObjects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, factory := serve(t, informers.Options{})
		names := crowd(t, server)
		informer, err := informers.ForOptions(factory, corev1.Pods, informers.InformerOptions{Compact: compact.Zstd})
		if err != nil {
			t.Fatal(err)
		}
		adds, rest := 0, []string{}
		if _, err := informer.AddEventHandler(informers.ResourceEventHandlerFuncs[*v1.Pod]{
			AddFunc: func(pod *v1.Pod, _ bool) {
				if pod.Spec.Containers[0].Name == "web" {
					adds++
				}
			},
			UpdateFunc: func(old, now *v1.Pod, _ bool) { rest = append(rest, old.Spec.NodeName+" → "+now.Spec.NodeName) },
			DeleteFunc: func(pod *v1.Pod, unknown bool) { rest = append(rest, fmt.Sprint(pod.Name, pod.Spec.NodeName, unknown)) },
		}); err != nil {
			t.Fatal(err)
		}
		begin(t, factory)
		time.Sleep(time.Second) // of the bubble
		synctest.Wait()
		if adds != len(names)+1 {
			t.Errorf("%d adds", adds)
		}
		moved := twins(names[0])
		moved[0].Spec.NodeName = "n9"
		if err := apitest.In(server, corev1.Pods).Put(moved...); err != nil {
			t.Fatal(err)
		}
		if err := apitest.In(server, corev1.Pods).Remove(resource.KeyOf(moved[0])); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute) // of the bubble
		synctest.Wait()
		if want := []string{"node-0 → n9", "pod-000n9false"}; !slices.Equal(rest, want) {
			t.Errorf("%q, want %q", rest, want)
		}
	})
}

func TestARelistKeepsWhatACompactInformerHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, factory := serve(t, informers.Options{Cache: cache.Options{Compact: compact.Zstd}})
		names := crowd(t, server)
		informer := informers.For(factory, corev1.Pods)
		updates := 0
		if _, err := informer.AddEventHandler(informers.ResourceEventHandlerFuncs[*v1.Pod]{
			UpdateFunc: func(*v1.Pod, *v1.Pod, bool) { updates++ },
		}); err != nil {
			t.Fatal(err)
		}
		begin(t, factory)
		held := func(name string) resource.Object {
			o, _ := informer.Shared().Reader().Snapshot().Held(resource.Key{Namespace: "default", Name: name})
			return o
		}
		before := held(names[3])
		server.Compact()
		server.CutConnections()
		if err := apitest.In(server, corev1.Pods).Put(twins(names[4])...); err != nil {
			t.Fatal(err)
		}
		server.Compact()
		time.Sleep(time.Minute) // of the bubble
		synctest.Wait()
		if held(names[3]) != before {
			t.Error("a pod that has not changed was packed again")
		}
		if updates != 1 {
			t.Errorf("%d updates", updates)
		}
	})
}

func TestACompactInformerQuarantinesAndHeals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, factory := serve(t, informers.Options{Cache: cache.Options{Compact: compact.Zstd, Mutations: cache.MutationOptions{Detect: true}}})
		key := resource.Key{Namespace: "default", Name: "a"}
		fault := server.Inject(apitest.Fault{On: apitest.Match{Resource: "pods"}, Do: apitest.Undecodable(key)})
		informer := informers.For(factory, corev1.Pods)
		begin(t, factory)
		if _, err := informer.Lister().Get(key); err == nil {
			t.Error("an object that cannot be decoded is served")
		}
		fault.Remove()
		time.Sleep(10 * time.Minute) // of the bubble
		synctest.Wait()
		if pod, err := informer.Lister().Get(key); err != nil || pod.Spec.NodeName != "n1" || !packed(t, informer) {
			t.Error(pod, err)
		}
		if err := informer.Shared().Check(); err != nil {
			t.Error(err)
		}
	})
}

func TestObjectsWithoutProtobufAreCompactToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, factory := serve(t, informers.Options{Cache: cache.Options{Compact: compact.Zstd}})
		custom, untyped, view := informers.For(factory, lamps), informers.For(factory, untypedPods), informers.For(factory, PodPlaces)
		begin(t, factory)
		if lamp, err := custom.Lister().Namespace("default").Get("a"); err != nil || lamp.Spec.Color != "red" || !packed(t, custom) {
			t.Error(lamp, err)
		}
		if pod, err := untyped.Lister().Namespace("default").Get("a"); err != nil || pod.GetLabels()["app"] != "web" || !packed(t, untyped) {
			t.Error(pod, err)
		}
		if pod, err := view.Lister().Namespace("default").Get("a"); err != nil || pod.Spec.NodeName != "n1" || !packed(t, view) {
			t.Error(pod, err)
		}
		own := newShelf()
		own.put("default", "a", "blue")
		informer := informers.New(configMaps, own.source(), cache.Options{Compact: compact.Zstd})
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _ = informer.Run(ctx) }()
		<-informer.Synced()
		if o, err := informer.Lister().Namespace("default").Get("a"); err != nil || o.Data["value"] != "blue" || !packed(t, informer) {
			t.Error(o, err)
		}
		cancel()
		synctest.Wait()
	})
}

func TestWhatCannotBePackedIsQuarantined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, factory := serve(t, informers.Options{
			Cache: cache.Options{Compact: compact.Zstd},
			Transform: informers.TransformOf(func(pod *v1.Pod) (*v1.Pod, error) {
				pod.Status.StartTime = &metav1.Time{Time: time.Unix(1, 5)} // which is rounded on the way
				return pod, nil
			}),
		})
		informer := informers.For(factory, corev1.Pods)
		begin(t, factory)
		quarantined := informer.Status().Quarantined
		if len(quarantined) != 1 || !strings.Contains(quarantined[0].Err.Error(), "decoded again is another one") {
			t.Error(quarantined)
		}
	})
}

func TestACompactInformerIsNotSharedWithOneThatIsNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, factory := serve(t, informers.Options{})
		informers.For(factory, corev1.Pods)
		_, err := informers.ForOptions(factory, corev1.Pods, informers.InformerOptions{Compact: compact.Zstd})
		if err == nil || !strings.Contains(err.Error(), "the factory has an informer of pods/v1 already, with objects that are not compact") {
			t.Error(err)
		}
		for range 2 {
			if _, err := informers.ForOptions(factory, lamps, informers.InformerOptions{Compact: compact.Zstd}); err != nil {
				t.Error(err)
			}
		}
	})
}
