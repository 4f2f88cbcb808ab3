package informers_test

import (
	"context"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/e2e/internal/seat"
	corev1resources "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// A watch that is to be resumed is told to come back later, again and again. It does, and nothing is listed and nothing lost.
func TestAWatchThatTheServerHasNoSeatForIsResumedWithoutAList(t *testing.T) {
	admin, _ := connect(t, server)
	ns := namespace(t, admin)
	configMaps := typed.For(admin, corev1resources.ConfigMaps).Namespace(ns)
	seat.Grant(t, admin, limited.Name)
	asLimited := func(c *rest.Config) { c.BearerToken = server.Token(limited) }
	through, tap, p := behind(t, server, asLimited)
	w := watch(t, through, ns, reflector.Options{})
	first := write(t, configMaps, "old", 2)
	w.waitFor(t, "add old-1 first")
	tap.clear()

	seat.Limit(t, admin, limited.Name)
	taken, leave := context.WithCancel(t.Context())
	var taker sync.WaitGroup
	defer taker.Wait()
	defer leave()
	sitter, _ := connect(t, server, asLimited)
	taker.Go(func() { seat.Take(taken, t, sitter, ns) })

	probe, _ := connect(t, server, asLimited)
	once := probe.ForResource(corev1resources.ConfigMaps.Definition()).Namespace(ns).MaxRetries(0)
	eventually(t, "the server to refuse", func() bool {
		_, err := once.Get(t.Context(), "old-0", metav1.GetOptions{})
		return apierrors.IsTooManyRequests(err)
	})
	eventually(t, "a watch to be refused", func() bool {
		p.Cut()
		time.Sleep(200 * time.Millisecond)
		return w.Status().Scopes[0].Failures[reflector.Throttled] > 0
	})
	update(t, configMaps, first[0], "second")
	remove(t, configMaps, "old-1")
	leave()

	last := write(t, configMaps, "new", 1)[0]
	lines := w.waitFor(t, "add new-0 first")
	mustSee(t, lines, "old-0", "add old-0 first", "update old-0 second")
	mustSee(t, lines, "old-1", "add old-1 first", "delete old-1 first")
	w.mustEqual(t, configMaps, last.ResourceVersion)
	if lists := tap.lists(configMapsPath(ns)); len(lists) != 0 {
		t.Errorf("the state was read again: %v", lists)
	}
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waiting for %s", what)
		}
	}
}
