package apitest_test

import (
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/resource"
	resources "github.com/sheaf-dev/sheaf/resource/core/v1"
)

func TestHeldWatchesSendNothingUntilTheyAreReleased(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := apitest.New(apitest.Options{InMemory: true, BookmarkInterval: time.Hour}).Start(t)
		c := clientOf(t, srv)
		maps := apitest.In(srv, resources.ConfigMaps)
		put := func(name string) {
			o := configMap(name)
			o.Namespace = "default"
			if err := maps.Put(o); err != nil {
				t.Fatal(err)
			}
		}
		put("before")
		w := c.watch("/api/v1/namespaces/default/configmaps?watch=true&allowWatchBookmarks=true")
		w.want("ADDED before", "BOOKMARK end")
		srv.HoldWatches(resources.ConfigMaps, "")
		put("first")
		passes, err := maps.Get(resource.Key{Namespace: "default", Name: "first"})
		if err != nil {
			t.Fatal(err)
		}
		put("second")
		srv.SendBookmarks(resources.ConfigMaps)
		arrived := make(chan event)
		go func() {
			for range 3 {
				e, _ := w.next()
				arrived <- e
			}
		}()
		nothing := func() {
			time.Sleep(2 * time.Minute)
			synctest.Wait()
			select {
			case e := <-arrived:
				t.Fatalf("a held watch sends %v", e)
			default:
			}
		}
		nothing()
		srv.HoldWatches(resources.ConfigMaps, passes.ResourceVersion)
		if e := <-arrived; e.String() != "ADDED first" {
			t.Errorf("the watch sends %v", e)
		}
		nothing()
		srv.ReleaseWatches(resources.ConfigMaps)
		if e := <-arrived; e.String() != "ADDED second" {
			t.Errorf("the watch sends %v", e)
		}
		if e := <-arrived; e.String() != "BOOKMARK" || e.Object.ResourceVersion != srv.ResourceVersion() {
			t.Errorf("the watch sends %v at %s", e, e.Object.ResourceVersion)
		}
	})
}

func TestOpenWatchesEndInOrderOrByAnErrorAfterWhatTheyHaveToSend(t *testing.T) {
	for end, err := range map[string]error{"": nil, "ERROR 410 Expired": apierrors.NewResourceExpired("too old")} {
		synctest.Test(t, func(t *testing.T) {
			srv := apitest.New(apitest.Options{InMemory: true}).Start(t)
			w := clientOf(t, srv).watch("/api/v1/namespaces/default/configmaps?watch=true")
			synctest.Wait()
			o := configMap("last")
			o.Namespace = "default"
			if putErr := apitest.In(srv, resources.ConfigMaps).Put(o); putErr != nil {
				t.Fatal(putErr)
			}
			srv.EndWatches(resources.ConfigMaps, err)
			w.want("ADDED last")
			if end != "" {
				w.want(end)
			}
			if e, err := w.next(); err == nil {
				t.Errorf("after its end the watch sends %v", e)
			}
			synctest.Wait()
			if n := srv.OpenWatches(resources.ConfigMaps); n != 0 {
				t.Errorf("%d watches are open", n)
			}
		})
	}
}
