package controller_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/klog/v2"
	"k8s.io/klog/v2/textlogger"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/controller"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/leaderelection"
	"github.com/sheaf-dev/sheaf/resource"
	apps "github.com/sheaf-dev/sheaf/resource/apps/v1"
	core "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
	"github.com/sheaf-dev/sheaf/workqueue"
)

// scene is a server in memory, informers, and what a controller was called with. It lives in a bubble of fake time.
type scene struct {
	t           *testing.T
	server      *apitest.Server
	client      *rest.Client
	factory     *informers.SharedInformerFactory
	deployments informers.Informer[*appsv1.Deployment]
	pods        informers.Informer[*corev1.Pod]
	ctx         context.Context

	mu    sync.Mutex // owns all below
	calls []string
	why   [][]controller.Trigger
	next  func(ctx context.Context, key resource.Key, call int) (controller.Result, error)
}

// play runs f in a bubble.
func play(t *testing.T, f func(*scene)) {
	synctest.Test(t, func(t *testing.T) {
		s := &scene{t: t, server: apitest.New(apitest.Options{InMemory: true}).Start(t)}
		s.ctx = klog.NewContext(t.Context(), klog.Logger{})
		client, err := rest.NewClient(s.server.Config())
		if err != nil {
			t.Fatal(err)
		}
		s.client = client
		s.factory = informers.NewSharedInformerFactory(client, informers.Options{})
		s.deployments, s.pods = informers.For(s.factory, apps.Deployments), informers.For(s.factory, core.Pods)
		f(s)
		s.factory.Shutdown()
		client.CloseIdle()
	})
}

func (s *scene) reconcile(ctx context.Context, key resource.Key) (controller.Result, error) {
	s.mu.Lock()
	s.calls = append(s.calls, key.String())
	s.why = append(s.why, controller.Triggers(ctx))
	call, next := len(s.calls), s.next
	s.mu.Unlock()
	if next == nil {
		return controller.Result{}, nil
	}
	return next(ctx, key, call)
}

// start runs something until the returned function is called, which returns its error.
func (s *scene) start(run func(context.Context) error) (stop func() error) {
	ctx, cancel := context.WithCancel(s.ctx)
	over := make(chan error, 1)
	go func() { over <- run(ctx) }()
	return func() error {
		cancel()
		return <-over
	}
}

// seen lets everything settle, and returns the calls since the last time, and their triggers.
func (s *scene) seen() ([]string, [][]controller.Trigger) {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	calls, why := s.calls, s.why
	s.calls, s.why = nil, nil
	return calls, why
}

// expect says which keys must have been reconciled, however often.
func (s *scene) expect(what string, want ...string) [][]controller.Trigger {
	s.t.Helper()
	got, why := s.seen()
	slices.Sort(got)
	got = slices.Compact(got)
	if !slices.Equal(got, want) {
		s.t.Errorf("%s: reconciled %v, want %v", what, got, want)
	}
	return why
}

func deployment(name string) *appsv1.Deployment {
	return &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}}
}

func podOf(name string, owner metav1.OwnerReference) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, OwnerReferences: []metav1.OwnerReference{owner}}}
}

func owner(apiVersion, kind, name string, controls bool) metav1.OwnerReference {
	return metav1.OwnerReference{APIVersion: apiVersion, Kind: kind, Name: name, UID: "u", Controller: &controls}
}

func (s *scene) put(objects ...any) {
	s.t.Helper()
	for _, o := range objects {
		var err error
		switch o := o.(type) {
		case *appsv1.Deployment:
			err = apitest.In(s.server, apps.Deployments).Put(o)
		case *corev1.Pod:
			err = apitest.In(s.server, core.Pods).Put(o)
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

func TestObjectIsReconciledWhenItOrWhatItOwnsChanges(t *testing.T) {
	play(t, func(s *scene) {
		s.put(deployment("a"), deployment("b"), podOf("a-1", owner("apps/v1", "Deployment", "a", true)))
		c := controller.New("test", s.reconcile, controller.Options{}, controller.For(s.deployments), controller.Owned(s.pods, apps.Deployments))
		s.factory.Start(s.ctx)
		stop := s.start(c.Run)
		s.expect("at the start", "default/a", "default/b")

		s.put(podOf("a-2", owner("apps/v1beta1", "Deployment", "a", true)))
		why := s.expect("a pod of another version of the group", "default/a")
		if got := why[0][0]; got.Event != "add" || got.Resource != core.Pods.Definition() || got.Object.Name != "a-2" || got.ResourceVersion == "" {
			t.Errorf("why: %+v", got)
		}
		s.put(podOf("x", owner("apps/v1", "Deployment", "a", false)), podOf("y", owner("batch/v1", "Deployment", "a", true)),
			podOf("z", owner("apps/v1", "ReplicaSet", "a", true)), podOf("v", owner("v1", "Deployment", "a", true)))
		s.expect("pods of others")

		if err := apitest.In(s.server, core.Pods).Modify(resource.Key{Namespace: "default", Name: "a-1"}, func(p *corev1.Pod) {
			p.OwnerReferences[0].Name = "b"
		}); err != nil {
			t.Fatal(err)
		}
		s.expect("a pod that changes hands", "default/a", "default/b")
		if err := apitest.In(s.server, apps.Deployments).Remove(resource.Key{Namespace: "default", Name: "b"}); err != nil {
			t.Fatal(err)
		}
		if why := s.expect("a deletion", "default/b"); why[0][0].Event != "delete" {
			t.Errorf("why: %+v", why)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
		s.put(deployment("c"))
		s.expect("after the stop")
	})
}

func TestOutcomeDecidesWhenAKeyComesAgain(t *testing.T) {
	const s1 = time.Second
	failure := errors.New("no")
	tests := []struct {
		name  string
		first func(ctx context.Context) (controller.Result, error)
		after time.Duration // the second call; 0: none
		event string
	}{
		{"done", func(context.Context) (controller.Result, error) { return controller.Result{}, nil }, 0, ""},
		{"later", func(context.Context) (controller.Result, error) {
			return controller.Result{RequeueAfter: time.Minute}, nil
		}, time.Minute, "requeue"},
		{"retry", func(context.Context) (controller.Result, error) { return controller.Result{Retry: true}, nil }, s1, "retry"},
		{"error", func(context.Context) (controller.Result, error) { return controller.Result{}, failure }, s1, "retry"},
		{"terminal error", func(context.Context) (controller.Result, error) {
			return controller.Result{}, fmt.Errorf("wrapped: %w", controller.Terminal(failure))
		}, 0, ""},
		{"no terminal error", func(context.Context) (controller.Result, error) {
			return controller.Result{RequeueAfter: time.Minute}, controller.Terminal(nil)
		}, time.Minute, "requeue"},
		{"panic", func(context.Context) (controller.Result, error) { panic("oops") }, s1, "retry"},
		{"time-out", func(ctx context.Context) (controller.Result, error) {
			<-ctx.Done()
			return controller.Result{}, ctx.Err()
		}, 10*time.Second + s1, "retry"},
	}
	for _, test := range tests {
		play(t, func(s *scene) {
			s.put(deployment("a"))
			c := controller.New("test", s.reconcile, controller.Options{
				Timeout: 10 * time.Second,
				Queue:   workqueue.Options{RateLimiter: workqueue.Exponential(s1, s1)},
			}, controller.For(s.deployments))
			s.next = func(ctx context.Context, _ resource.Key, call int) (controller.Result, error) {
				if call > 1 {
					return controller.Result{}, nil
				}
				return test.first(ctx)
			}
			s.factory.Start(s.ctx)
			stop := s.start(c.Run)
			synctest.Wait()
			begin, took, calls := time.Now(), time.Duration(0), 0
			for calls < 2 && time.Since(begin) < time.Hour {
				time.Sleep(100 * time.Millisecond)
				synctest.Wait()
				s.mu.Lock()
				calls = len(s.calls)
				s.mu.Unlock()
				took = time.Since(begin)
			}
			_, why := s.seen()
			switch {
			case test.after == 0 && calls != 1:
				t.Errorf("%s: %d calls", test.name, calls)
			case test.after == 0:
			case calls != 2 || (took-test.after).Abs() > 100*time.Millisecond:
				t.Errorf("%s: %d calls, the second after %v", test.name, calls, took)
			case why[1][0].Event != test.event || (test.event == "retry") && test.name != "retry" && why[1][0].Err == nil:
				t.Errorf("%s: triggered by %+v", test.name, why[1])
			}
			if n := c.Queue().NumRequeues(resource.Key{Namespace: "default", Name: "a"}); n != 0 {
				t.Errorf("%s: %d requeues after a success", test.name, n)
			}
			if err := stop(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestPanicIsAnErrorWithItsStack(t *testing.T) {
	play(t, func(s *scene) {
		s.put(deployment("a"))
		c := controller.New("test", s.reconcile, controller.Options{}, controller.For(s.deployments))
		s.next = func(_ context.Context, _ resource.Key, call int) (controller.Result, error) {
			if call == 1 {
				panic("oops")
			}
			return controller.Result{}, nil
		}
		s.factory.Start(s.ctx)
		stop := s.start(c.Run)
		time.Sleep(time.Minute)
		_, why := s.seen()
		err := why[1][0].Err
		if !errors.Is(err, controller.ErrPanic) || !strings.Contains(err.Error(), "oops") || !strings.Contains(err.Error(), "controller_test.go") {
			t.Errorf("got %v", err)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestReconcilesAreLoggedWithTheirTriggers(t *testing.T) {
	play(t, func(s *scene) {
		s.put(deployment("a"))
		var log bytes.Buffer
		quiet := s.ctx
		s.ctx = klog.NewContext(quiet, textlogger.NewLogger(textlogger.NewConfig(textlogger.Verbosity(4), textlogger.Output(&log))))
		c := controller.New("test", s.reconcile, controller.Options{}, controller.For(s.deployments))
		s.next = func(context.Context, resource.Key, int) (controller.Result, error) {
			return controller.Result{}, controller.Terminal(errors.New("no such image"))
		}
		stop := s.start(c.Run)
		s.factory.Start(quiet)
		s.expect("at the start", "default/a")
		if err := stop(); err != nil {
			t.Error(err)
		}
		for _, start := range []string{`"Reconciling"`, `"Reconcile failed for good" err="terminal: no such image"`} {
			_, line, _ := strings.Cut(log.String(), start)
			line, _, _ = strings.Cut(line, "\n")
			for _, want := range []string{`controller="test"`, "default", "initial", "deployments"} {
				if !strings.Contains(line, want) {
					t.Errorf("the line %s does not say %q: %s", start, want, log.String())
				}
			}
		}
	})
}

func TestStopCancelsWhatRunsAndWaitsForIt(t *testing.T) {
	play(t, func(s *scene) {
		s.put(deployment("a"))
		c := controller.New("test", s.reconcile, controller.Options{}, controller.For(s.deployments))
		var ended time.Time
		s.next = func(ctx context.Context, _ resource.Key, _ int) (controller.Result, error) {
			<-ctx.Done()
			time.Sleep(time.Second)
			ended = time.Now()
			return controller.Result{}, ctx.Err()
		}
		s.factory.Start(s.ctx)
		stop := s.start(c.Run)
		synctest.Wait()
		if err := stop(); err != nil || !time.Now().Equal(ended) {
			t.Errorf("stopped at %v, the reconcile ended at %v, error %v", time.Now(), ended, err)
		}
	})
}

func TestLiveChangesOvertakeTheFirstListAndTriggersAreBounded(t *testing.T) {
	play(t, func(s *scene) {
		for i := range 20 {
			s.put(deployment(fmt.Sprintf("d-%02d", i)))
		}
		c := controller.New("test", s.reconcile, controller.Options{}, controller.For(s.deployments))
		s.factory.Start(s.ctx)
		standby := s.start(c.Standby)
		synctest.Wait()
		for i := range 10 {
			if err := apitest.In(s.server, apps.Deployments).Modify(resource.Key{Namespace: "default", Name: "d-19"}, func(d *appsv1.Deployment) {
				d.Labels = map[string]string{"n": fmt.Sprint(i)}
			}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		s.expect("without workers")
		work := s.start(c.Work)
		calls, why := s.seen()
		if len(calls) != 20 || calls[0] != "default/d-19" {
			t.Errorf("reconciled %v", calls)
		}
		if len(why) == 0 {
			t.Fatalf("no call; %+v", c.Queue().Stats())
		}
		if first := why[0]; len(first) != 4 || first[0].Event != "initial" || first[1].Event != "update" || first[3].More != 7 {
			t.Errorf("triggers %+v", first)
		}
		if err := errors.Join(work(), standby()); err != nil {
			t.Error(err)
		}
	})
}

func TestStandbyIsWarmAndEachNewLeadershipSeesAllObjects(t *testing.T) {
	play(t, func(s *scene) {
		s.put(deployment("a"))
		c := controller.New("test", s.reconcile, controller.Options{}, controller.For(s.deployments))
		s.factory.Start(s.ctx)
		standby := s.start(c.Standby)
		elector, err := leaderelection.New(leaderelection.LeasesIn(s.client, "kube-system"), "test", leaderelection.Callbacks{
			OnStartedLeading: func(ctx context.Context) {
				if err := c.Work(ctx); err != nil {
					t.Error(err)
				}
			},
		}, leaderelection.Options{})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		s.expect("before the election")
		elect := s.start(elector.Run)
		s.expect("leading", "default/a")

		cut := s.server.Inject(apitest.Fault{On: apitest.Match{Resource: "leases", Group: "coordination.k8s.io"}, Do: apitest.Unavailable(0)})
		time.Sleep(30 * time.Second)
		if elector.IsLeader() {
			t.Fatal("leading without a server")
		}
		s.put(deployment("b"))
		s.expect("not leading")
		cut.Remove()
		time.Sleep(30 * time.Second)
		why := s.expect("leading again", "default/a", "default/b")
		if got := []string{why[0][0].Event, why[1][0].Event}; !slices.Equal(got, []string{"add", "replay"}) {
			t.Errorf("triggered by %v", got)
		}
		if err := errors.Join(elect(), standby()); err != nil {
			t.Error(err)
		}
	})
}

func TestInterruptedKeyIsDoneByTheNextWorkers(t *testing.T) {
	play(t, func(s *scene) {
		s.put(deployment("a"))
		c := controller.New("test", s.reconcile, controller.Options{}, controller.For(s.deployments))
		s.next = func(ctx context.Context, _ resource.Key, _ int) (controller.Result, error) {
			<-ctx.Done()
			return controller.Result{}, ctx.Err()
		}
		s.factory.Start(s.ctx)
		standby := s.start(c.Standby)
		work := s.start(c.Work)
		synctest.Wait()
		if err := work(); err != nil {
			t.Error(err)
		}
		if n := c.Queue().Len(); n != 1 {
			t.Errorf("%d keys wait", n)
		}
		if err := standby(); err != nil {
			t.Error(err)
		}
	})
}

func TestCachesThatDoNotSyncAreNamed(t *testing.T) {
	play(t, func(s *scene) {
		s.server.Inject(apitest.Fault{On: apitest.Match{Resource: "pods"}, Do: apitest.Fail(apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "", errors.New("you may not")))})
		c := controller.New("test", s.reconcile, controller.Options{SyncTimeout: time.Minute}, controller.For(s.deployments), controller.For(s.pods))
		s.factory.Start(s.ctx)
		err := c.Run(s.ctx)
		if err == nil || !strings.Contains(err.Error(), `controller "test": not in sync after 1m0s: pods/v1: not synced`) || !strings.Contains(err.Error(), "you may not") {
			t.Errorf("got %v", err)
		}
		alone := controller.New("alone", s.reconcile, controller.Options{})
		if err := alone.Work(s.ctx); err == nil || !strings.Contains(err.Error(), "Standby does not run") {
			t.Errorf("got %v", err)
		}
	})
}

func TestAWaitThatTakesLongIsSaidInTheLog(t *testing.T) {
	play(t, func(s *scene) {
		var log bytes.Buffer
		ctx := klog.NewContext(s.ctx, textlogger.NewLogger(textlogger.NewConfig(textlogger.Output(&log))))
		c := controller.New("test", s.reconcile, controller.Options{}, controller.For(s.deployments))
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		if err := c.Run(ctx); err != nil { // the factory was never started
			t.Error(err)
		}
		if line := log.String(); strings.Count(line, "\n") != 1 || !strings.Contains(line, `"Waiting for a cache" controller="test" status="deployments.apps/v1: not started`) {
			t.Errorf("the log is %s", line)
		}
	})
}

func TestAControllerIsForOneRunAndNeedsAFunction(t *testing.T) {
	play(t, func(s *scene) {
		c := controller.New("test", s.reconcile, controller.Options{}, controller.For(s.deployments))
		s.factory.Start(s.ctx)
		stop := s.start(c.Run)
		synctest.Wait()
		for _, again := range []func(context.Context) error{c.Run, c.Standby} {
			if err := again(s.ctx); err == nil || err.Error() != `controller "test": Run or Standby is called a second time` {
				t.Errorf("got %v", err)
			}
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
		defer func() {
			if p := recover(); p != `controller "bare": its reconcile function is nil` {
				t.Errorf("got %v", p)
			}
		}()
		controller.New[resource.Key]("bare", nil, controller.Options{})
	})
}

func TestATriggerIsOneLine(t *testing.T) {
	noon := time.Date(2026, 1, 2, 12, 4, 5, 6e6, time.UTC)
	for want, why := range map[string]controller.Trigger{
		"12:04:05.006 channel": {Time: noon, Event: "channel"},
		"12:04:05.006 update of pods/v1 default/web at 42 and 7 more": {
			Time: noon, Event: "update", Resource: core.Pods.Definition(), Object: resource.Key{Namespace: "default", Name: "web"}, ResourceVersion: "42", More: 7},
		"12:04:05.006 retry after panic: oops": {Time: noon, Event: "retry", Err: errors.New("panic: oops\ngoroutine 1 [running]")},
	} {
		if why.String() != want {
			t.Errorf("got %q, want %q", why, want)
		}
	}
}

func TestInformerThatHasStoppedIsAnError(t *testing.T) {
	play(t, func(s *scene) {
		s.factory.Start(s.ctx)
		s.factory.Shutdown()
		c := controller.New("test", s.reconcile, controller.Options{}, controller.For(s.deployments))
		if err := c.Run(s.ctx); err == nil || !strings.Contains(err.Error(), "deployments.apps/v1") {
			t.Errorf("got %v", err)
		}
	})
}
