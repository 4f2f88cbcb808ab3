package informers_test

import (
	"context"
	"fmt"
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

// PodPlace is what this program needs of a pod.
type PodPlace struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		NodeName string `json:"nodeName"`
	} `json:"spec"`
}

// PodPlaces are pods of which nothing else is decoded or held.
var PodPlaces = resource.View[*PodPlace](corev1.Pods)

// An informer of a view keeps a part of each object, as a smaller Go struct.
func ExampleFor_view() {
	var test cleanup
	defer test.end()
	server := apitest.New(apitest.Options{InMemory: true}).Start(&test)
	pod := corev1.Pods.New()
	pod.Namespace, pod.Name, pod.Spec.NodeName = "default", "web", "n1"
	if err := apitest.In(server, corev1.Pods).Put(pod); err != nil {
		fmt.Println(err)
		return
	}
	client, err := rest.NewClient(server.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.CloseIdle()

	factory := informers.NewSharedInformerFactory(client, informers.Options{})
	defer factory.Shutdown()
	places := informers.For(factory, PodPlaces)
	factory.Start(context.Background())
	if err := factory.WaitForCacheSync(context.Background()); err != nil {
		fmt.Println(err)
		return
	}
	place, err := places.Lister().Namespace("default").Get("web")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%T: %s is on %s\n", place, place.Name, place.Spec.NodeName)
	// Output: *informers_test.PodPlace: web is on n1
}

// cleanup stands for a test, which an example does not have.
type cleanup []func()

func (*cleanup) Helper()                           {}
func (c *cleanup) Cleanup(f func())                { *c = append(*c, f) }
func (*cleanup) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

func (c *cleanup) end() {
	for _, f := range *c {
		f()
	}
}

func TestAViewAndTheFullResourceHaveAnInformerEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, factory := serve(t, informers.Options{Drop: []string{"status"}})
		full, view := informers.For(factory, corev1.Pods), informers.For(factory, PodPlaces)
		var moved []string
		if _, err := view.AddEventHandler(informers.ResourceEventHandlerFuncs[*PodPlace]{
			UpdateFunc: func(old, now *PodPlace, _ bool) { moved = append(moved, old.Spec.NodeName+" → "+now.Spec.NodeName) },
		}); err != nil {
			t.Fatal(err)
		}
		if err := view.AddIndexers(map[string]func(*PodPlace) ([]string, error){"node": func(p *PodPlace) ([]string, error) {
			return []string{p.Spec.NodeName}, nil
		}}); err != nil {
			t.Fatal(err)
		}
		begin(t, factory)
		pod := managed()
		pod.Spec.NodeName = "n2"
		if err := apitest.In(server, corev1.Pods).Put(pod); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second) // of the bubble
		synctest.Wait()
		if found, err := view.ByIndex("node", "n2"); err != nil || len(found) != 1 || found[0].Name != "a" {
			t.Error(found, err)
		}
		if len(moved) != 1 || moved[0] != "n1 → n2" {
			t.Error(moved)
		}
		if pod := get(t, full, "a"); pod.Spec.NodeName != "n2" || pod.Spec.Containers[0].Name != "web" {
			t.Error(pod)
		}
		if _, err := informers.Over[*v1.Pod](view.Shared()); err == nil {
			t.Error("a view passes as the full type")
		}
		if verbs := PodPlaces.Definition().Verbs(); verbs&^(resource.VerbGet|resource.VerbList|resource.VerbWatch) != 0 {
			t.Errorf("a view can be written: %v", verbs)
		}
	})
}
