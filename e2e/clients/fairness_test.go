package clients_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/e2e/cluster"
	"github.com/sheaf-dev/sheaf/e2e/internal/seat"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// Priority and fairness sends a user to a level with one seat: while it is taken, everything is 429. No write happens twice.
func TestTooManyRequestsAreRepeatedUntilTheServerTakesThem(t *testing.T) {
	admin, ctx := connect(t, cluster.Admin), t.Context()
	ns := namespace(t, admin)
	seat.Grant(t, admin, limited.Name)
	seat.Limit(t, admin, limited.Name)

	// Somebody takes the seat until a request is repeated.
	taken, leave := context.WithCancel(ctx)
	var taker sync.WaitGroup
	defer taker.Wait()
	defer leave()
	taker.Go(func() { seat.Take(taken, t, connect(t, limited), ns) })

	repeated := 0
	client := connect(t, limited, func(c *rest.Config) {
		c.Hooks.Retry = func(_ context.Context, _, _ string, code int, wait time.Duration) {
			if repeated++; code != http.StatusTooManyRequests || wait <= 0 {
				t.Errorf("repeated after %d and %v", code, wait)
			}
			leave()
		}
	})
	once := client.ForResource(corev1.ConfigMaps.Definition()).Namespace(ns).MaxRetries(0)
	await(t, "the server to refuse", func() bool {
		_, err := once.Get(ctx, "a", metav1.GetOptions{})
		wait, told := apierrors.SuggestsClientDelay(err)
		return apierrors.IsTooManyRequests(err) && told && wait > 0
	})
	if _, err := typed.For(client, corev1.ConfigMaps).Namespace(ns).Create(ctx, configMap("a", "1"), metav1.CreateOptions{}); err != nil {
		t.Errorf("a creation: %v", err)
	}
	if list, err := typed.For(admin, corev1.ConfigMaps).Namespace(ns).List(ctx, metav1.ListOptions{}); err != nil || len(list.Items) != 1 || repeated == 0 {
		t.Errorf("after %d repetitions: %v, %v", repeated, list, err)
	}
}
