package informers_test

import (
	"testing"
	"testing/synctest"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
)

func TestAQuarantinedObjectThatIsNotSelectedAnyMoreIsNotReadBack(t *testing.T) {
	for name, selected := range map[string]struct {
		opts informers.InformerOptions
		mark func(p *v1.Pod, on bool)
	}{
		"labels": {informers.InformerOptions{LabelSelector: "app=x"}, func(p *v1.Pod, on bool) {
			p.Labels = map[string]string{"app": "y"}
			if on {
				p.Labels["app"] = "x"
			}
		}},
		"fields": {informers.InformerOptions{FieldSelector: "spec.nodeName=x"}, func(p *v1.Pod, on bool) {
			p.Spec.NodeName = "y"
			if on {
				p.Spec.NodeName = "x"
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, client := inMemory(t)
				server.Inject(apitest.Fault{Do: apitest.UndecodableIf(func(o resource.Object) bool { return o.GetAnnotations()["bad"] != "" })})
				set := func(name string, on, bad bool) {
					t.Helper()
					p := corev1.Pods.New()
					p.Namespace, p.Name = "a", name
					if bad {
						p.Annotations = map[string]string{"bad": "yes"}
					}
					selected.mark(p, on)
					if err := apitest.In(server, corev1.Pods).Put(p); err != nil {
						t.Fatal(err)
					}
				}
				set("leaves", true, true)
				set("stays", true, true)
				f := informers.NewSharedInformerFactory(client, informers.Options{})
				i, err := informers.ForOptions(f, corev1.Pods, selected.opts)
				if err != nil {
					t.Fatal(err)
				}
				launch(t, f)
				server.HoldWatches(corev1.Pods, "")
				set("leaves", false, false)
				set("stays", true, false)
				time.Sleep(time.Minute)
				if _, err := i.Lister().Get(resource.Key{Namespace: "a", Name: "stays"}); err != nil {
					t.Errorf("what is selected was not read: %v", err)
				}
				if n := len(i.Lister().List(nil)); n != 1 {
					t.Errorf("%d objects were read", n)
				}
				server.ReleaseWatches(corev1.Pods)
				synctest.Wait()
				if n := len(i.Lister().List(nil)); n != 1 || i.Status().QuarantinedCount != 0 {
					t.Errorf("%d objects, %v", n, i.Status())
				}
			})
		})
	}
}
