package shard

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/cache"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// forgetful makes a server one without the feature: it overlooks the parameter.
type forgetful struct{ http.RoundTripper }

func (f forgetful) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	q := r.URL.Query()
	q.Del("shardSelector")
	r.URL.RawQuery = q.Encode()
	return f.RoundTripper.RoundTrip(r)
}

func configMap(i int) *v1.ConfigMap {
	return &v1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: fmt.Sprint(i, "-team"), Name: fmt.Sprint("object-", i)}}
}

// fleet runs one informer for each shard of a layout.
func fleet(t *testing.T, client *rest.Client, l Layout) (all []informers.Informer[*v1.ConfigMap]) {
	ctx, cancel := context.WithCancel(klog.NewContext(context.Background(), klog.Logger{}))
	var wg sync.WaitGroup
	t.Cleanup(func() {
		cancel()
		wg.Wait()
		client.CloseIdle()
	})
	for i := range l.Len() {
		informer := Informer(client, corev1.ConfigMaps, "", l.Shard(i), cache.Options{})
		wg.Go(func() { _ = informer.Run(ctx) })
		all = append(all, informer)
	}
	return all
}

// check fails the test unless each object of the server is in the one cache where it belongs.
func check(t *testing.T, server *apitest.Server, l Layout, all []informers.Informer[*v1.ConfigMap]) {
	t.Helper()
	synctest.Wait()
	total := 0
	for _, informer := range all {
		total += informer.Shared().Reader().Len()
	}
	objects := apitest.In(server, corev1.ConfigMaps)
	for o := range objects.All() {
		in := all[l.Of(resource.KeyOf(o), o.UID)]
		if have, err := in.Lister().Get(resource.KeyOf(o)); err != nil || have.UID != o.UID || have.ResourceVersion != o.ResourceVersion {
			t.Errorf("%s: have %v, %v", resource.KeyOf(o), have, err)
		}
	}
	if total != objects.Len() {
		t.Errorf("%d objects in all caches, %d on the server", total, objects.Len())
	}
}

func TestEachShardHasItsObjectsWhateverTheServerCanDo(t *testing.T) {
	for _, by := range []Field{ByNamespace, ByUID} {
		for _, able := range []bool{true, false} {
			t.Run(fmt.Sprint(by, able), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server, l := apitest.New(apitest.Options{InMemory: true, Seed: 1}).Start(t), Layout{by, even(4)}
					objects := apitest.In(server, corev1.ConfigMaps)
					for i := range 200 {
						if err := objects.Put(configMap(i)); err != nil {
							t.Fatal(err)
						}
					}
					config := server.Config()
					if !able {
						config.WrapTransport = func(next http.RoundTripper) http.RoundTripper { return forgetful{next} }
					}
					client, err := rest.NewClient(config)
					if err != nil {
						t.Fatal(err)
					}
					all := fleet(t, client, l)
					check(t, server, l, all)
					for i := range 50 {
						key := resource.KeyOf(configMap(i))
						if err := objects.Remove(key); err != nil {
							t.Fatal(err)
						}
						if err := objects.Put(configMap(i), configMap(1000+i)); err != nil { // the one comes back with another UID
							t.Fatal(err)
						}
						if err := objects.Modify(resource.KeyOf(configMap(100+i)), func(o *v1.ConfigMap) { o.Data = map[string]string{"a": "b"} }); err != nil {
							t.Fatal(err)
						}
					}
					check(t, server, l, all)
					server.CutConnections()
					check(t, server, l, all)
					asked := 0
					for _, r := range server.Requests(apitest.Match{Resource: "configmaps", Verb: "watch"}) {
						if strings.Contains(r.Query.Get("shardSelector"), "object.metadata."+string(by)) {
							asked++
						}
					}
					if able != (asked > 0) {
						t.Errorf("%d watches of a shard", asked)
					}
				})
			})
		}
	}
}

func TestBrokenObjectsAreInTheirOwnShardAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, l := apitest.New(apitest.Options{InMemory: true}).Start(t), Layout{ByNamespace, even(4)}
		if err := apitest.In(server, corev1.ConfigMaps).Put(configMap(1), configMap(2)); err != nil {
			t.Fatal(err)
		}
		broken := resource.KeyOf(configMap(1))
		server.Inject(apitest.Fault{Do: apitest.Undecodable(broken)})
		config := server.Config()
		config.WrapTransport = func(next http.RoundTripper) http.RoundTripper { return forgetful{next} }
		client, err := rest.NewClient(config)
		if err != nil {
			t.Fatal(err)
		}
		all := fleet(t, client, l)
		synctest.Wait()
		for i, informer := range all {
			if n := len(informer.Status().Quarantined); (n == 1) != (i == l.Of(broken, "")) {
				t.Errorf("shard %d has %d objects in quarantine", i, n)
			}
		}
	})
}

func TestAnObjectOfAnotherShardDoesNotExist(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, l := apitest.New(apitest.Options{InMemory: true}).Start(t), Layout{ByUID, even(2)}
		objects := apitest.In(server, corev1.ConfigMaps)
		if err := objects.Put(configMap(1)); err != nil {
			t.Fatal(err)
		}
		client, err := rest.NewClient(server.Config())
		if err != nil {
			t.Fatal(err)
		}
		defer client.CloseIdle()
		o, _ := objects.Get(resource.KeyOf(configMap(1)))
		for i := range 2 {
			s := Source(client, corev1.ConfigMaps.Definition(), "", l.Shard(i)).(source)
			have, err := s.Get(t.Context(), resource.KeyOf(o))
			if (err == nil) != (l.Of(resource.Key{}, o.UID) == i) {
				t.Errorf("shard %d: %v, %v", i, have, err)
			}
		}
	})
}
