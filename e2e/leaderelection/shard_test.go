package leaderelection_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"

	"github.com/sheaf-dev/sheaf/cache"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/e2e/cluster"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/leaderelection"
	"github.com/sheaf-dev/sheaf/leaderelection/shard"
	"github.com/sheaf-dev/sheaf/resource"
	core "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// ear counts the watches that ask for a shard.
type ear struct {
	next    http.RoundTripper
	watches atomic.Int32
}

func (e *ear) RoundTrip(r *http.Request) (*http.Response, error) {
	if q := r.URL.Query(); q.Get("watch") != "" && strings.HasPrefix(q.Get("shardSelector"), "shardRange(") {
		e.watches.Add(1)
	}
	return e.next.RoundTrip(r)
}

func newClient(t *testing.T) (*rest.Client, *ear) {
	t.Helper()
	e := &ear{}
	config := &rest.Config{
		Host:        server.URL,
		BearerToken: server.Token(cluster.Admin),
		TLS:         rest.TLSConfig{CAData: server.CA},
	}
	config.WrapTransport = func(next http.RoundTripper) http.RoundTripper {
		e.next = next
		return e
	}
	client, err := rest.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdle)
	return client, e
}

// populate makes objects in namespaces with names of several kinds that begin alike, and labels them so.
func populate(t *testing.T, client *rest.Client, prefix string) (objects []*corev1.ConfigMap) {
	t.Helper()
	for i := range 12 {
		name := prefix + "-" + []string{fmt.Sprintf("tenant-%02d", i), fmt.Sprintf("%d-team", i), fmt.Sprintf("team-%d-production", i)}[i%3]
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if _, err := typed.For(client, core.Namespaces).Create(t.Context(), namespace, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
			t.Fatal(err)
		}
		for k := range 4 {
			o := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("object-", k), Labels: map[string]string{"sharded": prefix}}}
			configMaps := typed.For(client, core.ConfigMaps).Namespace(name)
			o, err := configMaps.Create(t.Context(), o, metav1.CreateOptions{})
			if apierrors.IsAlreadyExists(err) { // of an earlier run: no namespace is ever deleted here
				o, err = configMaps.Get(t.Context(), fmt.Sprint("object-", k), metav1.GetOptions{})
			}
			if err != nil {
				t.Fatal(err)
			}
			objects = append(objects, o)
		}
	}
	return objects
}

func TestReplicasShareTheObjectsOfARealServer(t *testing.T) {
	client, _ := newClient(t)
	objects := populate(t, client, "lived")
	for _, by := range []shard.Field{shard.ByNamespace, shard.ByUID} {
		t.Run(string(by), func(t *testing.T) { share(t, by, objects) })
	}
}

// group is some replicas, and what is in their caches.
type group struct {
	mu     sync.Mutex // owns caches
	caches map[int]informers.Informer[*corev1.ConfigMap]
}

func share(t *testing.T, by shard.Field, objects []*corev1.ConfigMap) {
	client, ear := newClient(t)
	g := &group{caches: map[int]informers.Informer[*corev1.ConfigMap]{}}
	var wg sync.WaitGroup
	defer wg.Wait()
	var replicas []*shard.Replica
	var stops []context.CancelFunc
	for i := range 3 {
		r, err := shard.New(client, "default", "e2e-"+string(by), shard.Callbacks{
			OnAcquired: func(ctx context.Context, s shard.Shard) { g.work(ctx, client, s) },
		}, shard.Options{Shards: 6, By: by, Election: leaderelection.Options{Identity: fmt.Sprint("replica-", i), LeaseDuration: leaseDuration}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(klog.NewContext(context.Background(), klog.Logger{}))
		defer stop()
		wg.Go(func() {
			if err := r.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		replicas, stops = append(replicas, r), append(stops, stop)
	}
	cluster.Eventually(t, 40*time.Second, "each object has an owner", func() error { return errors.Join(fair(replicas), g.complete(replicas[0], objects)) })
	agree(t, client, replicas[0].Layout(), objects)
	stops[0]()
	cluster.Eventually(t, 40*time.Second, "each object has an owner", func() error { return errors.Join(fair(replicas[1:]), g.complete(replicas[1], objects)) })
	if ear.watches.Load() < 6 {
		t.Errorf("only %d watches have asked the server for a shard", ear.watches.Load())
	}
	for _, stop := range stops {
		stop()
	}
}

// work keeps a cache of the shard while it is owned.
func (g *group) work(ctx context.Context, client *rest.Client, s shard.Shard) {
	informer := shard.Informer(client, core.ConfigMaps, "", s, cache.Options{})
	g.mu.Lock()
	g.caches[s.Index] = informer
	g.mu.Unlock()
	_ = informer.Run(ctx)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.caches[s.Index].Shared() == informer.Shared() {
		delete(g.caches, s.Index)
	}
}

// fair says whether the replicas own all shards, and equally many.
func fair(replicas []*shard.Replica) error {
	for _, r := range replicas {
		n := 0
		for _, one := range r.Status().Shards {
			if one.Owned {
				n++
			}
		}
		if n != 6/len(replicas) {
			return fmt.Errorf("%s owns %d of 6 shards", r.Status().Identity, n)
		}
	}
	return nil
}

// complete says whether each object is in the cache of its shard.
func (g *group) complete(r *shard.Replica, objects []*corev1.ConfigMap) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if r.Layout().Len() == 0 {
		return errors.New("no layout yet")
	}
	for _, o := range objects {
		informer, ok := g.caches[r.Layout().Of(resource.KeyOf(o), o.UID)]
		if !ok {
			return fmt.Errorf("nobody has the shard of %s", resource.KeyOf(o))
		}
		if _, err := informer.Lister().Get(resource.KeyOf(o)); err != nil {
			return err
		}
	}
	return nil
}

// agree fails the test unless the server selects, for each shard, exactly the objects that belong to it by the client's own hash.
func agree(t *testing.T, client *rest.Client, l shard.Layout, objects []*corev1.ConfigMap) {
	t.Helper()
	seen := 0
	for i := range l.Len() {
		s := l.Shard(i)
		meta, err := client.ForResource(core.ConfigMaps.Definition()).List(t.Context(),
			metav1.ListOptions{LabelSelector: "sharded=lived", ShardSelector: s.Selector()}, func(item rest.Item) error {
				seen++
				if !s.Contains(resource.KeyOf(item.Object), item.Object.GetUID()) {
					t.Errorf("the server says that %s is in %v", resource.KeyOf(item.Object), s)
				}
				return nil
			})
		if err != nil || meta.ShardInfo == nil || meta.ShardInfo.Selector != s.Selector() {
			t.Errorf("%v: the server has answered with %+v, %v", s, meta, err)
		}
	}
	if seen != len(objects) {
		t.Errorf("the server has sent %d objects in all shards, there are %d", seen, len(objects))
	}
}
