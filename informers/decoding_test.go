package informers_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// twins are pods of one template.
func twins(names ...string) []*v1.Pod {
	var pods []*v1.Pod
	for _, name := range names {
		pods = append(pods, &v1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, Labels: map[string]string{"app": "web"}, Annotations: map[string]string{"a": "b"}},
			Spec:       v1.PodSpec{Containers: []v1.Container{{Name: "web", Image: "registry.example.com/web:v1", Args: []string{"--verbose", "--port=80"}}}},
		})
	}
	return pods
}

// follow runs a factory on a server that has some pods, until the test ends.
func follow(t *testing.T, pods []*v1.Pod, opts informers.Options) (*apitest.Server, informers.Informer[*v1.Pod]) {
	server := apitest.New(apitest.Options{InMemory: true}).Start(t)
	if err := apitest.In(server, corev1.Pods).Put(pods...); err != nil {
		t.Fatal(err)
	}
	client, err := rest.NewClient(server.Config())
	if err != nil {
		t.Fatal(err)
	}
	factory := informers.NewSharedInformerFactory(client, opts)
	informer := informers.For(factory, corev1.Pods)
	ctx, cancel := context.WithCancel(t.Context())
	factory.Start(ctx)
	t.Cleanup(func() {
		cancel()
		factory.Shutdown()
		client.CloseIdle()
	})
	if err := factory.WaitForCacheSync(ctx); err != nil {
		t.Fatal(err)
	}
	return server, informer
}

func get(t *testing.T, informer informers.Informer[*v1.Pod], name string) *v1.Pod {
	t.Helper()
	pod, err := informer.Lister().Get(resource.Key{Namespace: "default", Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return pod
}

func TestCachedObjectsShareEqualParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, informer := follow(t, twins("a", "b", "c"), informers.Options{})
		b, c := get(t, informer, "b"), get(t, informer, "c")
		if &b.Spec.Containers[0] != &c.Spec.Containers[0] {
			t.Error("two pods of one template have a container each")
		}
	})
}

func TestATransformChangesOneObjectAndSharesItsPartsAfterwards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, informer := follow(t, twins("a", "b", "c", "d"), informers.Options{Transform: informers.TransformOf(func(pod *v1.Pod) (*v1.Pod, error) {
			if pod.Name == "d" {
				pod.Spec.Containers[0].Image = "changed"
			}
			return pod, nil
		})})
		b, c, d := get(t, informer, "b"), get(t, informer, "c"), get(t, informer, "d")
		if &b.Spec.Containers[0] != &c.Spec.Containers[0] {
			t.Error("two pods that are equal after the transform have a container each")
		}
		if b.Spec.Containers[0].Image != "registry.example.com/web:v1" || d.Spec.Containers[0].Image != "changed" {
			t.Errorf("the images are %q and %q", b.Spec.Containers[0].Image, d.Spec.Containers[0].Image)
		}
	})
}

func TestARelistKeepsWhatHasNotChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, informer := follow(t, twins("a", "b", "c"), informers.Options{})
		a, b := get(t, informer, "a"), get(t, informer, "b")
		calls := 0
		registration, err := informer.AddEventHandler(informers.ResourceEventHandlerFuncs[*v1.Pod]{
			UpdateFunc: func(_, _ *v1.Pod, _ bool) { calls++ },
		})
		if err != nil {
			t.Fatal(err)
		}
		<-registration.Synced()
		for _, streams := range []bool{true, false} {
			if !streams {
				server.Inject(apitest.Fault{On: apitest.Match{Resource: "pods", Verb: "watch"}, Times: 2, Do: apitest.Expired()})
			}
			server.Compact()
			server.CutConnections()
			changed := twins("b")[0]
			changed.Labels["changed"] = "yes"
			if err := apitest.In(server, corev1.Pods).Put(changed); err != nil {
				t.Fatal(err)
			}
			server.Compact()
			time.Sleep(time.Minute) // of the bubble
			synctest.Wait()
			if get(t, informer, "a") != a {
				t.Error("a pod that has not changed is another one")
			}
			if now := get(t, informer, "b"); now == b || now.Labels["changed"] != "yes" {
				t.Error("a change was missed")
			} else {
				b = now
			}
		}
		if calls != 2 {
			t.Errorf("%d updates were delivered", calls)
		}
	})
}
