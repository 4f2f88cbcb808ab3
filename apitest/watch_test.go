package apitest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/resource"
	resources "github.com/sheaf-dev/sheaf/resource/core/v1"
)

// event is a watch event of which only the metadata is read.
type event struct {
	Type   string
	Object struct {
		metav1.ObjectMeta `json:"metadata"`
		Code              int
		Reason            string
	}
}

func (e event) String() string {
	if e.Type == "ERROR" {
		return fmt.Sprintf("ERROR %d %s", e.Object.Code, e.Object.Reason)
	}
	if e.Type == "BOOKMARK" {
		if e.Object.Annotations["k8s.io/initial-events-end"] == "true" {
			return "BOOKMARK end"
		}
		return "BOOKMARK"
	}
	return e.Type + " " + e.Object.Name
}

// stream is an open watch.
type stream struct {
	t    testing.TB
	body io.ReadCloser
	json *json.Decoder
}

func (c client) watch(path string) *stream {
	c.t.Helper()
	resp := c.open("GET", path, nil)
	if resp.StatusCode != http.StatusOK {
		data, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		c.t.Fatalf("watch %s: %d %s", path, resp.StatusCode, data)
	}
	c.t.Cleanup(func() { _ = resp.Body.Close() })
	return &stream{c.t, resp.Body, json.NewDecoder(resp.Body)}
}

// next returns the next event; its error is io.EOF at the stream's end.
func (s *stream) next() (event, error) {
	var e event
	err := s.json.Decode(&e)
	return e, err
}

// want reads events and compares their texts.
func (s *stream) want(texts ...string) (last event) {
	s.t.Helper()
	for i, text := range texts {
		e, err := s.next()
		if err != nil {
			s.t.Fatalf("event %d, instead of %q: %v", i, text, err)
		}
		if e.String() != text {
			s.t.Fatalf("event %d is %q, want %q", i, e, text)
		}
		last = e
	}
	return last
}

// inFakeTime runs a test of a server in memory.
func inFakeTime(t *testing.T, options apitest.Options, test func(t *testing.T, srv *apitest.Server, c client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		options.InMemory = true
		srv := apitest.New(options).Start(t)
		test(t, srv, clientOf(t, srv))
	})
}

func put(t testing.TB, srv *apitest.Server, names ...string) {
	t.Helper()
	for _, name := range names {
		m := configMap(name)
		m.Namespace = "default"
		if err := apitest.In(srv, resources.ConfigMaps).Put(m); err != nil {
			t.Fatal(err)
		}
	}
}

func key(name string) resource.Key { return resource.Key{Namespace: "default", Name: name} }

func TestAWatchStartsWithTheStateAndGoesOnWithTheChanges(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, srv *apitest.Server, c client) {
		put(t, srv, "b", "a")
		w := c.watch(configMaps + "?watch=1")
		w.want("ADDED a", "ADDED b")
		c.must(200, nil, "PATCH", configMaps+"/a", []byte(`{"data":{"x":"y"}}`), "Content-Type", "application/merge-patch+json")
		c.must(201, nil, "POST", configMaps, configMap("c"))
		c.must(200, nil, "DELETE", configMaps+"/b", nil)
		w.want("MODIFIED a", "ADDED c", "DELETED b")
	})
}

func TestAWatchResumesAtAResourceVersion(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, srv *apitest.Server, c client) {
		put(t, srv, "a")
		var list metav1.PartialObjectMetadataList
		c.must(200, &list, "GET", configMaps, nil)
		put(t, srv, "b")
		if err := apitest.In(srv, resources.ConfigMaps).Remove(key("a")); err != nil {
			t.Fatal(err)
		}
		w := c.watch(configMaps + "?watch=1&resourceVersion=" + list.ResourceVersion)
		last := w.want("ADDED b", "DELETED a")
		if last.Object.ResourceVersion != srv.ResourceVersion() {
			t.Fatalf("the deletion carries resourceVersion %s of %s", last.Object.ResourceVersion, srv.ResourceVersion())
		}
	})
}

func TestAWatchListEndsItsInitialEventsWithABookmark(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, srv *apitest.Server, c client) {
		put(t, srv, "a", "b")
		w := c.watch(configMaps + "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true")
		end := w.want("ADDED a", "ADDED b", "BOOKMARK end")
		if end.Object.ResourceVersion != srv.ResourceVersion() {
			t.Fatal(end.Object.ResourceVersion)
		}
		put(t, srv, "c")
		w.want("ADDED c")
	})
}

func TestBookmarksComeEachMinuteAndCarryTheNewestResourceVersion(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, srv *apitest.Server, c client) {
		start := time.Now()
		w := c.watch(configMaps + "?watch=1&allowWatchBookmarks=1&resourceVersion=" + srv.ResourceVersion())
		c.must(201, nil, "POST", "/api/v1/namespaces", &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "other"}})
		if b := w.want("BOOKMARK"); b.Object.ResourceVersion != srv.ResourceVersion() || time.Since(start) != time.Minute {
			t.Fatal(b.Object.ResourceVersion, time.Since(start))
		}
		w.want("BOOKMARK")
	})
}

func TestObjectsEnterAndLeaveASelector(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, srv *apitest.Server, c client) {
		put(t, srv, "a")
		label := func(value string) {
			c.must(200, nil, "PATCH", configMaps+"/a", []byte(`{"metadata":{"labels":{"in":`+value+`}}}`), "Content-Type", "application/merge-patch+json")
		}
		w := c.watch(configMaps + "?watch=1&labelSelector=in%3Dyes")
		label(`"yes"`)
		w.want("ADDED a")
		label(`"no"`)
		left := w.want("DELETED a")
		if left.Object.Labels["in"] != "yes" || left.Object.ResourceVersion != srv.ResourceVersion() {
			t.Fatalf("left with %v at %s", left.Object.Labels, left.Object.ResourceVersion)
		}
		label(`"yes"`)
		w.want("ADDED a")
		c.must(200, nil, "DELETE", configMaps+"/a", nil)
		w.want("DELETED a")
	})
}

func TestPodsAreSelectedByTheirNode(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, srv *apitest.Server, c client) {
		pods := apitest.In(srv, resources.Pods)
		for i := range 4 {
			p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "x", Name: fmt.Sprintf("p%d", i)}, Spec: corev1.PodSpec{NodeName: fmt.Sprintf("n%d", i%2)}}
			if err := pods.Put(p); err != nil {
				t.Fatal(err)
			}
		}
		var list corev1.PodList
		c.must(200, &list, "GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dn1,metadata.name!%3Dp3", nil)
		if len(list.Items) != 1 || list.Items[0].Name != "p1" {
			t.Fatal(list.Items)
		}
		c.must(400, nil, "GET", "/api/v1/pods?fieldSelector=spec.hostname%3Dn1", nil)
	})
}

func TestAWatchEndsInOrderAtItsTimeout(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, _ *apitest.Server, c client) {
		start := time.Now()
		w := c.watch(configMaps + "?watch=1&timeoutSeconds=30")
		if _, err := w.next(); !errors.Is(err, io.EOF) || time.Since(start) != 30*time.Second {
			t.Fatal(err, time.Since(start))
		}
	})
}

func TestCompactionEndsAWatchFromThePastInTheStream(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, srv *apitest.Server, c client) {
		old := srv.ResourceVersion()
		put(t, srv, "a")
		srv.Compact()
		w := c.watch(configMaps + "?watch=1&resourceVersion=" + old)
		w.want("ERROR 410 Expired")
		if _, err := w.next(); !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
	})
}

func TestPagesShowOneStateUntilItIsCompacted(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, srv *apitest.Server, c client) {
		put(t, srv, "a", "b", "c", "d", "e")
		var names []string
		page := func(token string) metav1.PartialObjectMetadataList {
			var list metav1.PartialObjectMetadataList
			c.must(200, &list, "GET", configMaps+"?limit=2&continue="+token, nil)
			for _, item := range list.Items {
				names = append(names, item.Name)
			}
			return list
		}
		first := page("")
		if first.RemainingItemCount == nil || *first.RemainingItemCount != 3 {
			t.Fatal(first.RemainingItemCount)
		}
		put(t, srv, "bb")
		if err := apitest.In(srv, resources.ConfigMaps).Remove(key("d")); err != nil {
			t.Fatal(err)
		}
		second := page(first.Continue)
		if third := page(second.Continue); third.Continue != "" || third.ResourceVersion != first.ResourceVersion {
			t.Fatalf("%+v", third.ListMeta)
		}
		if !slices.Equal(names, []string{"a", "b", "c", "d", "e"}) {
			t.Fatal(names)
		}
		srv.Compact()
		var expired metav1.Status
		c.must(410, &expired, "GET", configMaps+"?limit=2&continue="+first.Continue, nil)
		names = nil
		page(expired.Continue) // the rest, without consistency
		if !slices.Equal(names, []string{"bb", "c"}) {
			t.Fatal(names)
		}
	})
}

func TestAResourceVersionInTheFutureIsWaitedFor(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, srv *apitest.Server, c client) {
		var n int
		_, _ = fmt.Sscan(srv.ResourceVersion(), &n)
		go func() { time.Sleep(time.Second); put(t, srv, "a") }()
		var list metav1.PartialObjectMetadataList
		c.must(200, &list, "GET", fmt.Sprintf("%s?resourceVersion=%d", configMaps, n+1), nil)
		if len(list.Items) != 1 {
			t.Fatal(list.Items)
		}
		var status metav1.Status
		c.must(504, &status, "GET", fmt.Sprintf("%s?resourceVersion=%d", configMaps, n+100), nil)
		if status.Details.Causes[0].Type != metav1.CauseTypeResourceVersionTooLarge || !strings.Contains(status.Message, "Too large resource version") {
			t.Fatalf("%+v", status)
		}
	})
}

func TestDeliveryToAllWatchesCanBeWaitedFor(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, srv *apitest.Server, c client) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		w := c.watch(configMaps + "?watch=1")
		if err := srv.WaitWatches(ctx, resources.ConfigMaps, 1); err != nil {
			t.Fatal(err)
		}
		put(t, srv, "a")
		if err := srv.WaitDelivered(ctx); err != nil {
			t.Fatal(err)
		}
		w.want("ADDED a")
		_ = w.body.Close()
		if err := srv.WaitWatches(ctx, resources.ConfigMaps, 0); err != nil {
			t.Fatal(err)
		}
		seen := srv.Requests(apitest.Match{Verb: "watch", Resource: "configmaps"})
		if len(seen) != 1 || seen[0].Code != 200 || seen[0].Namespace != "default" {
			t.Fatalf("%+v", seen)
		}
	})
}
