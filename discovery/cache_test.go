package discovery

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/resource"
)

// inMemory runs a test in fake time with an embedded server in memory.
func inMemory(t *testing.T, opts apitest.Options, test func(*testing.T, *apitest.Server, *Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		opts.InMemory = true
		server, client := real(t, opts)
		test(t, server, client)
	})
}

// codes are the status codes of the answers for /apis so far.
func codes(server *apitest.Server) []int {
	var out []int
	for _, r := range server.Requests(apitest.Match{Path: "/apis"}) {
		out = append(out, r.Code)
	}
	return out
}

func TestACacheAsksOnceHoweverManyWait(t *testing.T) {
	inMemory(t, apitest.Options{}, func(t *testing.T, server *apitest.Server, client *Client) {
		server.Inject(apitest.Fault{On: apitest.Match{Path: "/apis"}, Do: apitest.Delay(time.Second)})
		cache := NewCache(client, CacheOptions{})
		if cache.Fresh() {
			t.Error("fresh before the first request")
		}
		catalogs := make([]*Catalog, 50)
		var wg sync.WaitGroup
		for i := range catalogs {
			wg.Go(func() { catalogs[i], _ = cache.Catalog(t.Context()) })
		}
		wg.Wait()
		if n := len(codes(server)); n != 1 || catalogs[0] == nil || !cache.Fresh() {
			t.Errorf("%d requests, %v, fresh %v", n, catalogs[0], cache.Fresh())
		}
		if i := slices.IndexFunc(catalogs, func(c *Catalog) bool { return c != catalogs[0] }); i >= 0 {
			t.Errorf("caller %d has another catalog", i)
		}
	})
}

func TestARefreshOfWhatDidNotChangeIsAnsweredWithoutABody(t *testing.T) {
	_, untagged := script(t, oldServer())
	server, tagged := real(t, apitest.Options{})
	for _, client := range []*Client{untagged, tagged} {
		first, err := client.Catalog(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		second, err := client.Refresh(t.Context(), first)
		if err != nil || second == first || !second.Fetched().After(first.Fetched()) || len(second.Groups()) != len(first.Groups()) {
			t.Errorf("%v %v", second, err)
		}
	}
	if have := codes(server); !slices.Equal(have, []int{http.StatusOK, http.StatusNotModified}) {
		t.Errorf("the server answered %v", have)
	}
}

func TestAnInvalidCacheAsksAgain(t *testing.T) {
	inMemory(t, apitest.Options{}, func(t *testing.T, server *apitest.Server, client *Client) {
		cache := NewCache(client, CacheOptions{})
		for range 2 {
			if _, err := cache.Catalog(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		cache.Invalidate()
		if cache.Fresh() {
			t.Error("fresh though invalid")
		}
		if _, err := cache.Catalog(t.Context()); err != nil || !cache.Fresh() {
			t.Error(err, cache.Fresh())
		}
		if have := codes(server); !slices.Equal(have, []int{200, 304}) {
			t.Errorf("the server answered %v", have)
		}
	})
}

// What was asked before the change that the invalidation is about must not count as new.
func TestAnInvalidationDuringARequestIsNotLost(t *testing.T) {
	inMemory(t, apitest.Options{}, func(t *testing.T, server *apitest.Server, client *Client) {
		server.Inject(apitest.Fault{On: apitest.Match{Path: "/apis"}, Times: 1, Do: apitest.Delay(time.Second)})
		cache := NewCache(client, CacheOptions{})
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = cache.Catalog(t.Context()) })
		synctest.Wait()
		cache.Invalidate()
		wg.Wait()
		if cache.Fresh() {
			t.Error("fresh")
		}
		_, err := cache.Catalog(t.Context())
		if n := len(codes(server)); n != 2 || err != nil || !cache.Fresh() {
			t.Errorf("%d requests, %v", n, err)
		}
	})
}

func TestCatalogsAreUsedForTheirTimeToLive(t *testing.T) {
	inMemory(t, apitest.Options{}, func(t *testing.T, server *apitest.Server, client *Client) {
		cache := NewCache(client, CacheOptions{TTL: time.Minute})
		start := time.Now()
		for time.Since(start) < 150*time.Second {
			if _, err := cache.Catalog(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Second)
		}
		if n := len(codes(server)); n != 3 {
			t.Errorf("%d requests in 150 s", n)
		}
	})
}

func TestACatalogWithFailuresIsUsedForTenSeconds(t *testing.T) {
	pages := oldServer()
	pages["/apis/example.com/v1"] = page{code: http.StatusServiceUnavailable}
	server, client := script(t, pages)
	cache := NewCache(client, CacheOptions{TTL: time.Hour})
	catalog, err := cache.Catalog(t.Context())
	if err != nil || catalog.Err() == nil {
		t.Fatal(catalog.Err(), err)
	}
	if again, _ := cache.Catalog(t.Context()); again != catalog {
		t.Error("asked again at once")
	}
	server.set("/apis/example.com/v1", page{body: thingsV1})
	backdated := *catalog // as if ten seconds had passed
	backdated.fetched = catalog.fetched.Add(-failedTTL)
	cache.current.Store(&remembered{catalog: &backdated, own: true})
	if again, err := cache.Catalog(t.Context()); err != nil || again.Err() != nil {
		t.Error(again.Err(), err)
	}
}

func TestARefreshTakesWhatSomebodyElseHasJustGot(t *testing.T) {
	inMemory(t, apitest.Options{}, func(t *testing.T, server *apitest.Server, client *Client) {
		cache := NewCache(client, CacheOptions{})
		old, err := cache.Catalog(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				newer, err := cache.Refresh(t.Context(), old)
				if err != nil || !newer.Fetched().After(old.Fetched()) {
					t.Error(newer, err)
				}
			})
		}
		wg.Wait()
		if have := codes(server); !slices.Equal(have, []int{200, 304}) {
			t.Errorf("the server answered %v", have)
		}
		if _, err := cache.Refresh(t.Context(), nil); err != nil || len(codes(server)) != 3 {
			t.Errorf("nil is not older than what there is: %v", err)
		}
	})
}

func TestThoseWhoWaitShareAFailureButNotAnothersImpatience(t *testing.T) {
	inMemory(t, apitest.Options{}, func(t *testing.T, server *apitest.Server, client *Client) {
		fault := server.Inject(apitest.Fault{On: apitest.Match{Path: "/apis"}, Do: apitest.Delay(time.Second)})
		cache := NewCache(client, CacheOptions{})
		impatient, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := cache.Catalog(impatient); !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		})
		synctest.Wait()
		wg.Go(func() {
			if _, err := cache.Catalog(t.Context()); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		fault.Remove()

		cache.Invalidate()
		server.ForgetRequests()
		server.Inject(apitest.Fault{On: apitest.Match{Path: "/apis"}, Do: apitest.Delay(time.Second)})
		server.Inject(apitest.Fault{On: apitest.Match{Path: "/apis"}, Do: apitest.Fail(apierrors.NewForbidden(schema.GroupResource{}, "", nil))})
		for range 20 {
			wg.Go(func() {
				if _, err := cache.Catalog(t.Context()); !apierrors.IsForbidden(err) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := len(codes(server)); n != 1 {
			t.Errorf("%d requests for one failure", n)
		}
		waiting, cancel := context.WithCancel(t.Context())
		cache.asking <- struct{}{}
		time.AfterFunc(time.Second, cancel)
		if _, err := cache.Catalog(waiting); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// What the cache watches, as resources that the embedded server serves.
type anyObject struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
}

var (
	crds        = resource.Define[*anyObject]("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", resource.Cluster)
	apiServices = resource.Define[*anyObject]("apiregistration.k8s.io", "v1", "apiservices", "APIService", resource.Cluster)
)

func TestAWatchedCacheAsksAgainAfterEachChange(t *testing.T) {
	inMemory(t, apitest.Options{Resources: []apitest.Definer{crds, apiServices}}, func(t *testing.T, server *apitest.Server, client *Client) {
		cache := NewCache(client, CacheOptions{})
		var wg sync.WaitGroup
		defer wg.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		wg.Go(func() { cache.Run(ctx) })

		// asked returns how often the server is asked in a minute in which somebody needs the catalog every 100 ms.
		asked := func() int {
			server.ForgetRequests()
			for range 600 {
				if _, err := cache.Catalog(ctx); err != nil {
					t.Fatal(err)
				}
				time.Sleep(100 * time.Millisecond)
			}
			return len(codes(server))
		}
		time.Sleep(time.Minute)
		if n := asked(); n != 1 {
			t.Errorf("asked %d times after the start", n)
		}
		if n := asked(); n != 0 {
			t.Errorf("asked %d times while nothing changed", n)
		}
		for i, change := range []func() error{
			func() error {
				return apitest.In(server, crds).Put(&anyObject{ObjectMeta: metav1.ObjectMeta{Name: "a"}})
			},
			func() error {
				return apitest.In(server, crds).Modify(resource.Key{Name: "a"}, func(o *anyObject) { o.Labels = map[string]string{"a": "b"} })
			},
			func() error { return apitest.In(server, crds).Remove(resource.Key{Name: "a"}) },
			func() error {
				return apitest.In(server, apiServices).Put(&anyObject{ObjectMeta: metav1.ObjectMeta{Name: "b"}})
			},
		} {
			if err := change(); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if n := asked(); n != 1+len(settling) {
				t.Errorf("asked %d times after change %d", n, i)
			}
			if n := asked(); n != 0 {
				t.Errorf("asked %d times long after change %d", n, i)
			}
		}
	})
}

func TestAServerWithoutDefinitionsToWatchIsNoTrouble(t *testing.T) {
	inMemory(t, apitest.Options{}, func(t *testing.T, server *apitest.Server, client *Client) {
		cache := NewCache(client, CacheOptions{})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		cache.Run(ctx)
		if n := len(server.Requests(apitest.Match{})); n > 150 {
			t.Errorf("%d requests in ten minutes", n)
		}
	})
}
