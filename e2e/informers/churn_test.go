package informers_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/e2e/proxy"
	corev1resources "github.com/sheaf-dev/sheaf/resource/core/v1"
)

var (
	churnTime = flag.Duration("churn", time.Minute, "how long the server is churned and the connections are disturbed")
	churnSeed = flag.Uint64("churn-seed", 0, "the seed of the disturbances (default: another one each time)")
)

// After any time of writes and of connections that break in every way, the cache is what the server lists, and what a handler saw of
// each object is a legal story that ends in the same state.
func TestAChurnedAndDisturbedCacheEqualsTheServer(t *testing.T) {
	seed := *churnSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d", seed)
	direct, _ := connect(t, server)
	ns := namespace(t, direct)
	configMaps := typed.For(direct, corev1resources.ConfigMaps).Namespace(ns)
	write(t, configMaps, "initial", 20)
	through, tap, p := behind(t, server)
	w := watch(t, through, ns, reflector.Options{PageSize: 7})

	ctx, cancel := context.WithTimeout(t.Context(), *churnTime)
	defer cancel()
	var wg sync.WaitGroup
	for i := range uint64(3) {
		wg.Go(func() {
			if err := churn(ctx, configMaps, rand.New(rand.NewPCG(seed, i))); err != nil {
				t.Errorf("churn: %v", err)
			}
		})
	}
	wg.Go(func() {
		if err := disturb(ctx, p, rand.New(rand.NewPCG(seed, 99))); err != nil {
			t.Errorf("disturb: %v", err)
		}
	})
	wg.Wait()

	now, err := configMaps.List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	live := w.mustEqual(t, configMaps, now.ResourceVersion)
	lines := w.log.wait(t, "the handler to hear of everything", func(lines []string) bool {
		_, err := story(lines, live.Items)
		return err == nil
	})
	changes, err := story(lines, live.Items)
	t.Logf("%d changes told, %d watches, %d lists, %v: %v", changes, len(tap.watches(configMapsPath(ns))), len(tap.lists(configMapsPath(ns))),
		w.Status().Scopes[0].Reads, err)
}

// churn writes about a hundred times a second.
func churn(ctx context.Context, client typed.Client[*corev1.ConfigMap], random *rand.Rand) error {
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		name := fmt.Sprintf("churned-%d", random.IntN(30))
		var err error
		switch random.IntN(5) {
		case 0:
			err = client.Delete(ctx, name, metav1.DeleteOptions{})
		case 1, 2:
			_, err = client.Create(ctx, configMap(name, fmt.Sprint(random.Uint32())), metav1.CreateOptions{})
		default:
			patch := fmt.Sprintf(`{"data":{"value":"%d"}}`, random.Uint32())
			_, err = client.Patch(ctx, name, "application/merge-patch+json", []byte(patch), metav1.PatchOptions{})
		}
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsAlreadyExists(err) && !apierrors.IsConflict(err) && ctx.Err() == nil {
			return err
		}
	}
}

// disturb lets connections through the proxy fail, one way after the other, and leaves it healthy.
func disturb(ctx context.Context, p *proxy.Proxy, random *rand.Rand) error {
	for ctx.Err() == nil {
		pause(ctx, time.Duration(random.IntN(2500))*time.Millisecond)
		switch random.IntN(5) {
		case 0:
			p.Cut()
		case 1:
			p.HalfClose(proxy.ToClient)
		case 2:
			p.HalfClose(proxy.ToServer)
		case 3:
			p.Stall([][]proxy.Direction{{proxy.ToClient}, {proxy.ToServer}, {proxy.ToClient, proxy.ToServer}}[random.IntN(3)]...)
			longest := 1500 * time.Millisecond
			if random.IntN(10) == 0 { // in a long run it is long enough to be found dead
				longest = max(longest, min(*churnTime/20, time.Minute))
			}
			pause(ctx, time.Duration(random.Int64N(int64(longest))))
			if random.IntN(2) == 0 {
				p.Cut() // what stalled is lost
			}
			p.Resume()
		default:
			p.Refuse()
			p.Cut()
			pause(ctx, time.Duration(random.IntN(1500))*time.Millisecond)
			if err := p.Admit(); err != nil {
				return err
			}
		}
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// story checks that the lines tell of each object add, update…, delete in a legal order and end with what is live.
func story(lines []string, live []*corev1.ConfigMap) (changes int, err error) {
	told := map[string]string{} // name → value, of the objects that exist as far as the lines tell
	for _, line := range lines {
		what, rest, _ := strings.Cut(line, " ")
		name, value, _ := strings.Cut(rest, " ")
		_, exists := told[name]
		if exists == (what == "add") {
			return 0, fmt.Errorf("%q while the object's existence is %v", line, exists)
		}
		if what == "delete" {
			delete(told, name)
		} else {
			told[name] = value
		}
	}
	if len(told) != len(live) {
		return 0, fmt.Errorf("the handler knows %d objects, there are %d", len(told), len(live))
	}
	for _, cm := range live {
		if told[cm.Name] != cm.Data["value"] {
			return 0, fmt.Errorf("the handler knows %s as %q, it is %q", cm.Name, told[cm.Name], cm.Data["value"])
		}
	}
	return len(lines), nil
}
