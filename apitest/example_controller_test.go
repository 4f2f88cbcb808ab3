package apitest_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/controller"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/resource"
	core "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// A whole test of a controller, which takes no time. Its first five watches break after two events, and three of its writes are refused; a
// minute of fake time later it must have done its work all the same.
//
// In a package of one's own testGreeter is called TestGreeter, and go test calls it.
func Example_controllerInFakeTime() {
	testGreeter(new(testing.T))
}

func testGreeter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := apitest.New(apitest.Options{InMemory: true}).Start(t)
		srv.Inject(apitest.Fault{On: apitest.Match{Verb: "watch"}, Times: 5, Do: apitest.CutAfterEvents(2)})
		srv.Inject(apitest.Fault{On: apitest.Match{Verb: "update"}, Times: 3, Do: apitest.TooManyRequests(time.Second)})
		client, err := rest.NewClient(srv.Config())
		if err != nil {
			t.Fatal(err)
		}
		defer client.CloseIdle()
		factory := informers.NewSharedInformerFactory(client, informers.Options{})
		defer factory.Shutdown()
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		c := newGreeter(client, factory)
		factory.Start(ctx)

		configMaps := apitest.In(srv, core.ConfigMaps)
		for _, name := range []string{"ann", "bob", "cid", "dan", "eve"} {
			if err := configMaps.Put(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}}); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.Run(ctx); err != nil { // until the minute is over
			t.Fatal(err)
		}
		for m := range configMaps.All() {
			if m.Data["greeting"] != "hello "+m.Name {
				t.Errorf("%s was not greeted: %v", m.Name, m.Data)
			}
		}
	})
}

// newGreeter is the controller under test: it greets every ConfigMap.
func newGreeter(client *rest.Client, factory *informers.SharedInformerFactory) *controller.Controller[resource.Key] {
	informer, api := informers.For(factory, core.ConfigMaps), typed.For(client, core.ConfigMaps)
	return controller.New("greeter", func(ctx context.Context, key resource.Key) (controller.Result, error) {
		m, err := informer.Lister().Get(key)
		if err != nil || m.Data["greeting"] != "" {
			return controller.Result{}, nil // gone, or done
		}
		m = resource.Copy(m) // objects of a cache are shared
		m.Data = map[string]string{"greeting": "hello " + m.Name}
		_, err = api.Namespace(key.Namespace).Update(ctx, m, metav1.UpdateOptions{})
		return controller.Result{}, err
	}, controller.Options{}, controller.For(informer))
}
