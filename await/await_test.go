package await_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	coreapi "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/await"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/resource"
	authenticationv1 "github.com/sheaf-dev/sheaf/resource/authentication/v1"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// inMemory runs a test in fake time with a server that has pods, and a client of those in one namespace.
func inMemory(t *testing.T, test func(*testing.T, *apitest.Server, typed.Client[*coreapi.Pod])) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		server := apitest.New(apitest.Options{InMemory: true, CreateNamespaces: true}).Start(t)
		client, err := rest.NewClient(server.Config())
		if err != nil {
			t.Fatal(err)
		}
		defer client.CloseIdle()
		put(t, server, "other", true)
		test(t, server, typed.For(client, corev1.Pods).Namespace("shop"))
	})
}

func put(t *testing.T, server *apitest.Server, name string, ready bool) {
	t.Helper()
	pod := corev1.Pods.New()
	pod.Namespace, pod.Name = "shop", name
	pod.Status.Conditions = []coreapi.PodCondition{{Type: "Scheduled", Status: "True"}, {Type: "Ready", Status: "False"}}
	if ready {
		pod.Status.Conditions[1].Status = "True"
	}
	if err := apitest.In(server, corev1.Pods).Put(pod); err != nil {
		t.Error(err)
	}
}

func remove(t *testing.T, server *apitest.Server, name string) {
	t.Helper()
	if err := apitest.In(server, corev1.Pods).Remove(resource.Key{Namespace: "shop", Name: name}); err != nil {
		t.Error(err)
	}
}

// after runs a function in a while, and makes the test wait for it.
func after(t *testing.T, wg *sync.WaitGroup, wait time.Duration, do func()) {
	wg.Go(func() {
		select {
		case <-time.After(wait):
			do()
		case <-t.Context().Done():
		}
	})
}

func TestAConditionIsAwaitedThroughAllThatHappens(t *testing.T) {
	for name, tt := range map[string]struct {
		prepare func(t *testing.T, server *apitest.Server, later func(time.Duration, func()))
		took    time.Duration
	}{
		"it is met already": {func(t *testing.T, server *apitest.Server, _ func(time.Duration, func())) {
			put(t, server, "cart", true)
		}, 0},
		"the object comes later": {func(t *testing.T, server *apitest.Server, later func(time.Duration, func())) {
			later(time.Second, func() { put(t, server, "cart", true) })
		}, time.Second},
		"it is met later": {func(t *testing.T, server *apitest.Server, later func(time.Duration, func())) {
			put(t, server, "cart", false)
			later(time.Hour, func() { put(t, server, "cart", true) })
		}, time.Hour},
		"the object goes and comes": {func(t *testing.T, server *apitest.Server, later func(time.Duration, func())) {
			put(t, server, "cart", false)
			later(time.Second, func() { remove(t, server, "cart") })
			later(2*time.Second, func() { put(t, server, "cart", true) })
		}, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			inMemory(t, func(t *testing.T, server *apitest.Server, pods typed.Client[*coreapi.Pod]) {
				var wg sync.WaitGroup
				defer wg.Wait()
				tt.prepare(t, server, func(wait time.Duration, do func()) { after(t, &wg, wait, do) })
				start := time.Now()
				pod, err := await.Object(t.Context(), pods, "cart", await.Condition[*coreapi.Pod]("Ready"))
				if err != nil || pod.Name != "cart" || pod.Status.Conditions[1].Status != "True" || pod.Kind != "Pod" {
					t.Fatal(pod, err)
				}
				if took := time.Since(start); took != tt.took {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

func TestTheWaitSurvivesARestartedServer(t *testing.T) {
	inMemory(t, func(t *testing.T, server *apitest.Server, pods typed.Client[*coreapi.Pod]) {
		put(t, server, "cart", false)
		var wg sync.WaitGroup
		defer wg.Wait()
		after(t, &wg, time.Minute, server.Restart)
		after(t, &wg, 2*time.Minute, func() { put(t, server, "cart", true) })
		if _, err := await.Object(t.Context(), pods, "cart", await.Condition[*coreapi.Pod]("Ready")); err != nil {
			t.Error(err)
		}
	})
}

func TestAnObjectIsAwaitedToBeGone(t *testing.T) {
	inMemory(t, func(t *testing.T, server *apitest.Server, pods typed.Client[*coreapi.Pod]) {
		if err := await.Gone(t.Context(), pods, "cart"); err != nil {
			t.Error(err)
		}
		put(t, server, "cart", false)
		var wg sync.WaitGroup
		defer wg.Wait()
		after(t, &wg, time.Minute, func() { remove(t, server, "cart") })
		start := time.Now()
		if err := await.Gone(t.Context(), pods, "cart"); err != nil || time.Since(start) != time.Minute {
			t.Error(err, time.Since(start))
		}
	})
}

func TestTheEndOfTheContextSaysWhatWasSeen(t *testing.T) {
	inMemory(t, func(t *testing.T, server *apitest.Server, pods typed.Client[*coreapi.Pod]) {
		wait := func() error {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, err := await.Object(ctx, pods, "cart", await.Condition[*coreapi.Pod]("Ready"))
			return err
		}
		if err := wait(); !errors.Is(err, context.DeadlineExceeded) || err.Error() != `wait for pods/v1 "cart": context deadline exceeded; there is no such object` {
			t.Errorf("have %v", err)
		}
		put(t, server, "cart", false)
		if err := wait(); err == nil || !strings.Contains(err.Error(), "the object is there, at resourceVersion ") {
			t.Errorf("have %v", err)
		}
		server.Inject(apitest.Fault{On: apitest.Match{Resource: "pods"}, Do: apitest.Unavailable(0)})
		if err := wait(); err == nil || !strings.Contains(err.Error(), "its state could not be read: the server is currently unable to handle the request") {
			t.Errorf("have %v", err)
		}
	})
}

func TestWhatCannotBeWatchedIsAnErrorAtOnce(t *testing.T) {
	inMemory(t, func(t *testing.T, server *apitest.Server, pods typed.Client[*coreapi.Pod]) {
		start := time.Now()
		server.Inject(apitest.Fault{On: apitest.Match{Resource: "pods"}, Do: apitest.Fail(apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "", errors.New("not for you")))})
		if err := await.Gone(t.Context(), pods, "cart"); !apierrors.IsForbidden(err) || !strings.HasPrefix(err.Error(), `wait for pods/v1 "cart": `) {
			t.Errorf("have %v", err)
		}
		if err := await.Gone(t.Context(), pods, ""); err == nil || err.Error() != "wait for pods/v1: the name is empty" {
			t.Errorf("have %v", err)
		}
		client, err := rest.NewClient(server.Config())
		if err != nil {
			t.Fatal(err)
		}
		reviews := typed.For(client, authenticationv1.TokenReviews)
		if err := await.Gone(t.Context(), reviews, "x"); err == nil || !strings.Contains(err.Error(), "the resource offers only create") {
			t.Errorf("have %v", err)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("it took %v", took)
		}
	})
}

func TestAnErrorOfTheConditionEndsTheWait(t *testing.T) {
	inMemory(t, func(t *testing.T, server *apitest.Server, pods typed.Client[*coreapi.Pod]) {
		put(t, server, "cart", false)
		mine := errors.New("mine")
		_, err := await.Object(t.Context(), pods, "cart", func(*coreapi.Pod, bool) (bool, error) { return false, mine })
		if !errors.Is(err, mine) || err.Error() != `wait for pods/v1 "cart": mine` {
			t.Errorf("have %v", err)
		}
	})
}

func TestAnObjectThatCannotBeReadEndsTheWait(t *testing.T) {
	inMemory(t, func(t *testing.T, server *apitest.Server, pods typed.Client[*coreapi.Pod]) {
		put(t, server, "cart", false)
		server.Inject(apitest.Fault{On: apitest.Match{Resource: "pods"}, Do: apitest.Undecodable(resource.Key{Namespace: "shop", Name: "cart"})})
		_, err := await.Object(t.Context(), pods, "cart", await.Condition[*coreapi.Pod]("Ready"))
		var broken *rest.ObjectError
		if !errors.As(err, &broken) || broken.Key.Name != "cart" {
			t.Errorf("have %v", err)
		}
	})
}

func TestEachStateIsSeenOnceAndInOrder(t *testing.T) {
	inMemory(t, func(t *testing.T, server *apitest.Server, pods typed.Client[*coreapi.Pod]) {
		var wg sync.WaitGroup
		defer wg.Wait()
		after(t, &wg, time.Second, func() {
			put(t, server, "cart", false)
			put(t, server, "cart", true)
			remove(t, server, "cart")
		})
		var seen []string
		_, err := await.Object(t.Context(), pods, "cart", func(pod *coreapi.Pod, there bool) (bool, error) {
			if there {
				seen = append(seen, string(pod.Status.Conditions[1].Status))
			} else {
				seen = append(seen, "nothing")
			}
			return len(seen) == 4, nil
		})
		if have := fmt.Sprint(seen); err != nil || have != "[nothing False True nothing]" {
			t.Error(have, err)
		}
	})
}

type oddConditions struct {
	metav1.PartialObjectMetadata
	Status any
}

func TestConditionsAreFoundInAllUsualForms(t *testing.T) {
	untyped := func(conditions any) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{"name": "x"}, "status": map[string]any{"conditions": conditions}}}
	}
	for name, tt := range map[string]struct {
		o    *unstructured.Unstructured
		want bool
		err  string
	}{
		"true":  {untyped([]any{map[string]any{"type": "A", "status": "True"}, map[string]any{"type": "Ready", "status": "True"}}), true, ""},
		"false": {untyped([]any{map[string]any{"type": "Ready", "status": "False"}}), false, ""},
		"none":  {&unstructured.Unstructured{Object: map[string]any{}}, false, ""},
		"null":  {untyped(nil), false, ""},
		"odd":   {untyped("yes"), false, `the conditions of "x" are no list, but a string`},
		"flat":  {&unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{"name": "x"}, "status": "fine"}}, false, `the conditions of "x": `},
	} {
		have, err := await.Condition[*unstructured.Unstructured]("Ready")(tt.o, true)
		if have != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.HasPrefix(err.Error(), tt.err) {
			t.Errorf("%s: have %v, %v", name, have, err)
		}
	}
	pointers := &struct {
		coreapi.Node
		Status struct{ Conditions []*metav1.Condition }
	}{}
	pointers.Status.Conditions = []*metav1.Condition{nil, {Type: "Ready", Status: "True"}}
	if have, err := await.Condition[resource.Object]("Ready")(pointers, true); !have || err != nil {
		t.Error(have, err)
	}
	if have, err := await.Condition[resource.Object]("Ready")(nil, false); have || err != nil {
		t.Error(have, err)
	}
	for _, o := range []resource.Object{corev1.ConfigMaps.New(), &oddConditions{}, corev1.Services.New(), &struct {
		coreapi.Node
		Status struct{ Conditions []string }
	}{}, &struct {
		coreapi.Node
		Status struct{ Conditions string }
	}{}} {
		_, err := await.Condition[resource.Object]("Ready")(o, true)
		if _, isService := o.(*coreapi.Service); !isService && (err == nil || !strings.HasSuffix(err.Error(), "has no conditions")) {
			t.Errorf("%T: have %v", o, err)
		}
	}
}
