package retry_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	coreapi "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
	"github.com/sheaf-dev/sheaf/retry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var conflict = apierrors.NewConflict(schema.GroupResource{Resource: "pods"}, "x", errors.New("modified"))

func TestConflictsAreTriedAgainWithGrowingWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var waits []time.Duration
		last := time.Now()
		err := retry.OnConflict(t.Context(), func(context.Context) error {
			waits = append(waits, time.Since(last))
			last = time.Now()
			return fmt.Errorf("write: %w", conflict)
		})
		if !apierrors.IsConflict(err) || len(waits) != 10 || err.Error()[:16] != "after 10 tries: " {
			t.Fatalf("%d tries, %v", len(waits), err)
		}
		for i, wait := range waits[1:] {
			if least := min(10*time.Millisecond<<i, time.Second); wait < least || wait >= 2*least {
				t.Errorf("wait %d took %v, want [%v, %v)", i+1, wait, least, 2*least)
			}
		}
	})
}

func TestOtherResultsEndTheTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		other := errors.New("other")
		for _, want := range []error{nil, other} {
			tries := 0
			err := retry.OnConflict(t.Context(), func(context.Context) error {
				if tries++; tries < 3 {
					return conflict
				}
				return want
			})
			if tries != 3 || !errors.Is(err, want) {
				t.Errorf("%d tries, %v", tries, err)
			}
		}
	})
}

func TestTheEndOfTheContextEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 25*time.Millisecond)
		defer cancel()
		start := time.Now()
		err := retry.On(ctx, retry.Options{Tries: 100, First: 20 * time.Millisecond, Most: 20 * time.Millisecond}, apierrors.IsConflict,
			func(context.Context) error { return conflict })
		if !errors.Is(err, context.DeadlineExceeded) || !apierrors.IsConflict(err) || time.Since(start) != 25*time.Millisecond {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

// start returns a running server with a ConfigMap, and a client.
func start(t *testing.T) (*apitest.Server, typed.Client[*coreapi.ConfigMap]) {
	t.Helper()
	server := apitest.New(apitest.Options{CreateNamespaces: true}).Start(t)
	client, err := rest.NewClient(server.Config())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdle)
	configMaps := typed.For(client, corev1.ConfigMaps).Namespace("shop")
	if _, err := configMaps.Create(t.Context(), &coreapi.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "x"}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	return server, configMaps
}

func TestUpdatesOfManyAtTheSameTimeAllArrive(t *testing.T) {
	_, configMaps := start(t)
	var wg sync.WaitGroup
	for i := range 5 {
		wg.Go(func() {
			_, err := retry.Update(t.Context(), configMaps, "x", func(c *coreapi.ConfigMap) error {
				if c.Data == nil {
					c.Data = map[string]string{}
				}
				c.Data[fmt.Sprint("writer", i)] = "was here"
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if c, err := configMaps.Get(t.Context(), "x", metav1.GetOptions{}); err != nil || len(c.Data) != 5 {
		t.Error(c, err)
	}
}

func TestAConflictStartsOverWithTheNewestState(t *testing.T) {
	server, configMaps := start(t)
	calls := 0
	now, err := retry.Update(t.Context(), configMaps, "x", func(c *coreapi.ConfigMap) error {
		if calls++; calls == 1 {
			key := resource.Key{Namespace: "shop", Name: "x"}
			if err := apitest.In(server, corev1.ConfigMaps).Modify(key, func(c *coreapi.ConfigMap) { c.Data = map[string]string{"theirs": "1"} }); err != nil {
				return err
			}
		}
		c.Labels = map[string]string{"mine": "1"}
		return nil
	})
	if err != nil || calls != 2 || now.Data["theirs"] != "1" || now.Labels["mine"] != "1" {
		t.Errorf("after %d calls: %v, %v", calls, now, err)
	}
}

func TestWhatDoesNotChangeIsNotWritten(t *testing.T) {
	server, configMaps := start(t)
	server.ForgetRequests()
	now, err := retry.Update(t.Context(), configMaps, "x", func(*coreapi.ConfigMap) error { return nil })
	if n := len(server.Requests(apitest.Match{Verb: "update"})); err != nil || now.Name != "x" || n != 0 {
		t.Errorf("%d updates, %v, %v", n, now, err)
	}
}

func TestErrorsEndAnUpdate(t *testing.T) {
	_, configMaps := start(t)
	mine := errors.New("mine")
	if now, err := retry.Update(t.Context(), configMaps, "x", func(*coreapi.ConfigMap) error { return mine }); err != mine || now != nil {
		t.Errorf("have %v, %v", now, err)
	}
	if now, err := retry.Update(t.Context(), configMaps, "y", func(*coreapi.ConfigMap) error { return nil }); !apierrors.IsNotFound(err) || now != nil {
		t.Errorf("have %v, %v", now, err)
	}
}

func TestStatusesAreUpdatedAlone(t *testing.T) {
	server, _ := start(t)
	client, err := rest.NewClient(server.Config())
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseIdle()
	pod := corev1.Pods.New()
	pod.Namespace, pod.Name = "shop", "cart"
	if err := apitest.In(server, corev1.Pods).Put(pod); err != nil {
		t.Fatal(err)
	}
	now, err := retry.UpdateStatus(t.Context(), typed.For(client, corev1.Pods).Namespace("shop"), "cart", func(p *coreapi.Pod) error {
		p.Status.Phase, p.Spec.NodeName = coreapi.PodRunning, "not written"
		return nil
	})
	if err != nil || now.Status.Phase != coreapi.PodRunning || now.Spec.NodeName != "" {
		t.Error(now, err)
	}
}
