package controller_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/klog/v2"
	"k8s.io/klog/v2/textlogger"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/controller"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/resource"
	apps "github.com/sheaf-dev/sheaf/resource/apps/v1"
	core "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/workqueue"
)

func TestKeysComeThroughChannelsAndFunctionsAndInTheQueuesOrder(t *testing.T) {
	play(t, func(s *scene) {
		var mu sync.Mutex
		var got []string
		keys := make(chan string)
		c := controller.New("test", func(_ context.Context, key string) (controller.Result, error) {
			mu.Lock()
			defer mu.Unlock()
			got = append(got, key)
			return controller.Result{}, nil
		}, controller.Options{Workers: 3},
			controller.Channel(keys),
			controller.Mapped(s.pods, func(p *corev1.Pod) []string { return []string{"node " + p.Spec.NodeName, "all"} }),
			controller.Queue(workqueue.Flows(func(key string) string { return key }, nil)),
		)
		s.factory.Start(s.ctx)
		stop := s.start(c.Run)
		settle := func(what string, want ...string) {
			t.Helper()
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			slices.Sort(got)
			if got = slices.Compact(got); !slices.Equal(got, want) {
				t.Errorf("%s: got %v, want %v", what, got, want)
			}
			got = nil
		}
		pod := podOf("p", owner("v1", "X", "x", true))
		pod.Spec.NodeName = "n1"
		s.put(pod)
		settle("a pod", "all", "node n1")
		if err := apitest.In(s.server, core.Pods).Modify(resource.KeyOf(pod), func(p *corev1.Pod) { p.Spec.NodeName = "n2" }); err != nil {
			t.Fatal(err)
		}
		settle("a pod that moves", "all", "node n1", "node n2")
		keys <- "a key"
		settle("a key", "a key")
		close(keys)
		if err := stop(); err != nil {
			t.Error(err)
		}
		if pods := s.pods.Lister().List(labels.Everything()); len(pods) != 1 {
			t.Errorf("%d pods", len(pods))
		}
	})
}

func TestResyncIsNoLiveChange(t *testing.T) {
	play(t, func(s *scene) {
		s.put(deployment("a"))
		factory := informers.NewSharedInformerFactory(s.client, informers.Options{Resync: time.Minute})
		defer factory.Shutdown()
		c := controller.New("test", s.reconcile, controller.Options{}, controller.For(informers.For(factory, apps.Deployments)))
		factory.Start(s.ctx)
		stop := s.start(c.Run)
		s.expect("at the start", "default/a")
		time.Sleep(90 * time.Second)
		if why := s.expect("a resync", "default/a"); why[0][0].Event != "resync" {
			t.Errorf("triggered by %+v", why)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestWhatIsThereAtTheStartIsReconciledOnce(t *testing.T) {
	play(t, func(s *scene) {
		for i := range 20 {
			name := fmt.Sprintf("d-%02d", i)
			s.put(deployment(name), podOf(name+"-1", owner("apps/v1", "Deployment", name, true)), podOf(name+"-2", owner("apps/v1", "Deployment", name, true)))
		}
		c := controller.New("test", s.reconcile, controller.Options{Workers: 4}, controller.For(s.deployments), controller.Owned(s.pods, apps.Deployments))
		s.factory.Start(s.ctx)
		stop := s.start(c.Run)
		calls, why := s.seen()
		if len(calls) != 20 || len(why[0]) != 3 {
			t.Errorf("%d reconciles of 20 objects, the first one because of %+v", len(calls), why[0])
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestKeyThatWasGivenUpIsForgottenWithItsReasons(t *testing.T) {
	play(t, func(s *scene) {
		keys := make(chan resource.Key)
		var dead []string
		c := controller.New("test", s.reconcile, controller.Options{}, controller.Channel(keys),
			controller.Queue(workqueue.MaxRetries(2, func(key resource.Key, requeues int) {
				dead = append(dead, fmt.Sprint(key, " after ", requeues))
			})))
		s.next = func(context.Context, resource.Key, int) (controller.Result, error) {
			return controller.Result{Retry: true}, nil
		}
		stop := s.start(c.Run)
		keys <- resource.Key{Name: "a"}
		time.Sleep(time.Hour)
		calls, why := s.seen()
		if len(calls) != 3 || why[1][0].Event != "retry" || !slices.Equal(dead, []string{"a after 2"}) {
			t.Errorf("reconciled %v because of %+v; dead: %v", calls, why, dead)
		}
		keys <- resource.Key{Name: "a"}
		if _, why := s.seen(); len(why) == 0 || len(why[0]) != 1 || why[0][0].Event != "channel" {
			t.Errorf("later it was reconciled because of %+v", why)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestKeyThatWasGivenUpIsLoggedWhereNobodyWantsToBeTold(t *testing.T) {
	var log bytes.Buffer
	klog.SetLogger(textlogger.NewLogger(textlogger.NewConfig(textlogger.Output(&log))))
	t.Cleanup(klog.ClearLogger)
	play(t, func(s *scene) {
		keys := make(chan resource.Key)
		c := controller.New("test", s.reconcile, controller.Options{}, controller.Channel(keys),
			controller.Queue(workqueue.MaxRetries[resource.Key](2, nil)))
		s.next = func(context.Context, resource.Key, int) (controller.Result, error) {
			return controller.Result{Retry: true}, nil
		}
		stop := s.start(c.Run)
		keys <- resource.Key{Name: "a"}
		time.Sleep(time.Hour)
		if calls, _ := s.seen(); len(calls) != 3 || c.Queue().Stats().DeadLetters != 1 {
			t.Errorf("reconciled %v, %+v", calls, c.Queue().Stats())
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	_, line, _ := strings.Cut(log.String(), "Gave up a key that failed too often")
	for _, want := range []string{`queue="test"`, `key="a"`, "requeues=2"} {
		if strings.Count(line, want) != 1 {
			t.Errorf("the log does not say %s once: %s", want, log.String())
		}
	}
}

func TestASourceHearsOnlyOfTheUpdatesThatItsConditionsWant(t *testing.T) {
	play(t, func(s *scene) {
		named := func(_, new *appsv1.Deployment) bool { return new.Name != "deaf" }
		c := controller.New("test", s.reconcile, controller.Options{}, controller.For(s.deployments, controller.NewGeneration, named))
		s.put(deployment("a"), deployment("deaf"))
		s.factory.Start(s.ctx)
		stop := s.start(c.Run)
		s.expect("the first state", "default/a", "default/deaf")
		change := func(what string, f func(*appsv1.Deployment), want ...string) {
			t.Helper()
			for _, name := range []string{"a", "deaf"} {
				if err := apitest.In(s.server, apps.Deployments).Modify(resource.Key{Namespace: "default", Name: name}, f); err != nil {
					t.Fatal(err)
				}
			}
			s.expect(what, want...)
		}
		change("a label", func(d *appsv1.Deployment) { d.Labels = map[string]string{"a": "b"} })
		change("the generation", func(d *appsv1.Deployment) { d.Generation++ }, "default/a")
		if err := apitest.In(s.server, apps.Deployments).Remove(resource.Key{Namespace: "default", Name: "deaf"}); err != nil {
			t.Fatal(err)
		}
		s.expect("a deletion", "default/deaf")
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}
