package informers_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/cache"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// lamp is a custom resource.
type lamp struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Color string   `json:"color"`
		Notes []string `json:"notes"`
	} `json:"spec"`
}

var (
	lamps       = resource.Define[*lamp]("example.com", "v1", "lamps", "Lamp", resource.Namespaced)
	untypedPods = resource.Define[*unstructured.Unstructured]("", "v1", "pods", "Pod", resource.Namespaced)
	podMetadata = resource.Define[*metav1.PartialObjectMetadata]("", "v1", "pods", "Pod", resource.Namespaced, resource.WithProtobuf())
)

// managed is a pod that somebody has applied.
func managed() *v1.Pod {
	pod := twins("a")[0]
	pod.Spec.NodeName = "n1"
	pod.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "kubectl", Operation: metav1.ManagedFieldsOperationApply,
		FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(`{"f:spec":{}}`)}}
	return pod
}

// serve starts a server with a managed pod and a lamp, and a factory for it.
func serve(t *testing.T, opts informers.Options) (*apitest.Server, *informers.SharedInformerFactory) {
	t.Helper()
	server := apitest.New(apitest.Options{InMemory: true, Resources: []apitest.Definer{lamps}}).Start(t)
	if err := apitest.In(server, corev1.Pods).Put(managed()); err != nil {
		t.Fatal(err)
	}
	one := lamps.New()
	one.Namespace, one.Name, one.ManagedFields, one.Spec.Color, one.Spec.Notes = "default", "a", managed().ManagedFields, "red", []string{"loud"}
	if err := apitest.In(server, lamps).Put(one); err != nil {
		t.Fatal(err)
	}
	client, err := rest.NewClient(server.Config())
	if err != nil {
		t.Fatal(err)
	}
	factory := informers.NewSharedInformerFactory(client, opts)
	t.Cleanup(func() {
		factory.Shutdown()
		client.CloseIdle()
	})
	return server, factory
}

func begin(t *testing.T, factory *informers.SharedInformerFactory) {
	t.Helper()
	factory.Start(t.Context())
	if err := factory.WaitForCacheSync(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// dropped returns the one object of a new informer that is kept without some fields.
func dropped[T resource.Object](t *testing.T, factory *informers.SharedInformerFactory, r resource.Resource[T], paths ...string) T {
	t.Helper()
	informer, err := informers.ForOptions(factory, r, informers.InformerOptions{Drop: paths})
	if err != nil {
		t.Fatal(err)
	}
	begin(t, factory)
	o, err := informer.Lister().Get(resource.Key{Namespace: "default", Name: "a"})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestDroppedFieldsAreMissingFromObjectsOfEveryForm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, factory := serve(t, informers.Options{})
		if pod := dropped(t, factory, corev1.Pods, "metadata.managedFields", "spec.containers.args"); pod.ManagedFields != nil ||
			pod.Spec.Containers[0].Args != nil || pod.Spec.Containers[0].Name != "web" || pod.Spec.NodeName != "n1" {
			t.Error(pod)
		}
		if pod := dropped(t, factory, untypedPods, "metadata.managedFields", "spec.containers.args"); pod.GetManagedFields() != nil {
			t.Error(pod)
		} else if containers, _, _ := unstructured.NestedSlice(pod.Object, "spec", "containers"); containers[0].(map[string]any)["args"] != nil || containers[0].(map[string]any)["name"] != "web" {
			t.Error(pod)
		}
		if pod := dropped(t, factory, podMetadata, "metadata.managedFields", "metadata.annotations"); pod.ManagedFields != nil || pod.Annotations != nil || pod.Labels["app"] != "web" {
			t.Error(pod)
		}
		if lamp := dropped(t, factory, lamps, "metadata.managedFields", ".spec.notes"); lamp.ManagedFields != nil || lamp.Spec.Notes != nil || lamp.Spec.Color != "red" {
			t.Error(lamp)
		}
	})
}

func TestAServerIsAskedToLeaveManagedFieldsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, factory := serve(t, informers.Options{})
		dropped(t, factory, corev1.Pods, "metadata.managedFields")
		dropped(t, factory, lamps, "spec.notes")
		for _, request := range server.Requests(apitest.Match{}) {
			asks := strings.Contains(request.Accept, ";drop=metadata.managedFields")
			if want := request.Resource.Resource == "pods"; asks != want {
				t.Errorf("%s of %s: Accept is %q", request.Verb, request.Resource.Resource, request.Accept)
			}
		}
	})
}

func TestAnUnknownFieldToDropIsAnErrorThatNamesTheNearest(t *testing.T) {
	const want = `drop "metadata.managedField" of pods/v1: v1.ObjectMeta has no field "managedField"; the nearest is "managedFields"`
	wrong := []string{"metadata.managedField"}
	synctest.Test(t, func(t *testing.T) {
		_, factory := serve(t, informers.Options{})
		_, err := informers.ForOptions(factory, corev1.Pods, informers.InformerOptions{Drop: wrong})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Error(err)
		}
		if all := factory.Status(); len(all) != 0 {
			t.Error("an informer that cannot run is there")
		}
		err = informers.New(configMaps, newShelf().source(), cache.Options{Drop: []string{"dat"}}).Run(t.Context())
		if err == nil || !strings.Contains(err.Error(), `the nearest is "data"`) {
			t.Error(err)
		}
		_, factory = serve(t, informers.Options{Drop: wrong})
		defer func() {
			if p := recover(); p == nil || !strings.Contains(p.(string), want) {
				t.Error(p)
			}
		}()
		informers.For(factory, corev1.Pods)
	})
}

func TestInformersThatDropOtherFieldsAreNotShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, factory := serve(t, informers.Options{})
		ask := func(paths ...string) error {
			_, err := informers.ForOptions(factory, corev1.Pods, informers.InformerOptions{Drop: paths})
			return err
		}
		if err := ask("metadata.managedFields", "status"); err != nil {
			t.Fatal(err)
		}
		if err := ask(".status", "metadata.managedFields", "status"); err != nil {
			t.Errorf("the same fields in another order: %v", err)
		}
		if err := ask(); err != nil {
			t.Errorf("no opinion: %v", err)
		}
		for _, paths := range [][]string{{"status"}, {}} {
			if err := ask(append([]string{}, paths...)...); err == nil || !strings.Contains(err.Error(), "other dropped fields") {
				t.Errorf("%q: %v", paths, err)
			}
		}
		if _, err := informers.ForOptions(factory, lamps, informers.InformerOptions{}); err != nil {
			t.Fatal(err)
		}
		_, err := informers.ForOptions(factory, lamps, informers.InformerOptions{Drop: []string{"spec"}})
		if err == nil || !strings.Contains(err.Error(), "no dropped fields") {
			t.Error(err)
		}
	})
}

func TestAnObjectThatIsReadAloneIsKeptWithoutTheDroppedFieldsToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, factory := serve(t, informers.Options{Drop: []string{"metadata.managedFields"}})
		key := resource.Key{Namespace: "default", Name: "a"}
		server.Inject(apitest.Fault{On: apitest.Match{Resource: "pods", Verb: "watch"}, Do: apitest.Undecodable(key)})
		informer := informers.For(factory, corev1.Pods)
		begin(t, factory)
		time.Sleep(time.Minute) // of the bubble
		synctest.Wait()
		pod, err := informer.Lister().Get(key)
		if err != nil || pod.ManagedFields != nil || pod.Spec.NodeName != "n1" {
			t.Error(pod, err)
		}
	})
}

func TestFieldsAreDroppedFromWhatAUsersFunctionsReturn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		system := newShelf()
		system.put("default", "a", "blue")
		seen := ""
		informer := informers.New(configMaps, system.source(), cache.Options{
			Drop: []string{"data"},
			Transform: informers.TransformOf(func(o *v1.ConfigMap) (*v1.ConfigMap, error) {
				seen += o.Name + o.Data["value"]
				return o, nil
			}),
		})
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _ = informer.Run(ctx) }()
		<-informer.Synced()
		if o, err := informer.Lister().Namespace("default").Get("a"); err != nil || o.Data != nil || seen != "a" {
			t.Error(o, err, seen)
		}
		cancel()
		synctest.Wait()
	})
}
