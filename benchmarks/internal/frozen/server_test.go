package frozen

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/benchmarks/internal/population"
	"github.com/sheaf-dev/sheaf/benchmarks/internal/workload"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/resource"
	core "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// serve starts a server of five pods and returns a client for them.
func serve(t *testing.T, w workload.Workload) (url string, pods typed.Client[*corev1.Pod]) {
	w.Kind, w.Count, w.Replicas = workload.Pods, 5, 40
	s, err := New(&w)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Prepare(); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	cfg := &rest.Config{Host: server.URL}
	if w.JSON {
		cfg.ContentType = rest.ContentTypeJSON
	}
	client, err := rest.NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdle)
	return server.URL, typed.For(client, core.Pods)
}

func post(t *testing.T, url string) {
	t.Helper()
	resp, err := http.Post(url, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", url, resp.Status)
	}
}

// readUntil reads events until one satisfies the end.
func readUntil(t *testing.T, w *typed.Watch[*corev1.Pod], end func(typed.Event[*corev1.Pod]) bool) (events []typed.Event[*corev1.Pod]) {
	t.Helper()
	for {
		event, err := w.Next()
		if err != nil {
			t.Fatalf("after %d events: %v", len(events), err)
		}
		events = append(events, event)
		if end(event) {
			return events
		}
	}
}

func bookmarked(e typed.Event[*corev1.Pod]) bool { return e.Type == watch.Bookmark }

func marked(e typed.Event[*corev1.Pod]) bool {
	return e.Type == watch.Modified && e.Object.Name == population.MarkerName
}

func streaming() metav1.ListOptions {
	yes := true
	return metav1.ListOptions{SendInitialEvents: &yes, ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan, AllowWatchBookmarks: true}
}

func same(t *testing.T, what string, have, want resource.Object) {
	t.Helper()
	a, errA := json.Marshal(have)
	b, errB := json.Marshal(want)
	if errA != nil || errB != nil || string(a) != string(b) {
		t.Errorf("%s:\n%s\nwant\n%s (%v, %v)", what, a, b, errA, errB)
	}
}

func TestAStreamHasThePopulationThenTheStormThenTheMarkerAndEndsForARelist(t *testing.T) {
	for _, format := range []bool{true, false} {
		t.Run(fmt.Sprintf("json=%t", format), func(t *testing.T) {
			url, pods := serve(t, workload.Workload{JSON: format, Events: 7})
			pop, err := population.New(&workload.Workload{Kind: workload.Pods, Count: 5, Replicas: 40})
			if err != nil {
				t.Fatal(err)
			}
			w, err := pods.Watch(t.Context(), streaming())
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			initial := readUntil(t, w, bookmarked)
			if len(initial) != 5+2 {
				t.Fatalf("the initial state has %d events", len(initial))
			}
			for i := range 5 {
				same(t, fmt.Sprint("pod ", i), initial[i].Object, pop.Object(i))
			}
			post(t, url+"/-/storm")
			storm := readUntil(t, w, marked)
			if len(storm) != 7+1 {
				t.Errorf("the storm has %d events", len(storm))
			}
			same(t, "the fourth update", storm[3].Object, pop.Updated(3*7919%5, 3))
			post(t, url+"/-/relist")
			last := readUntil(t, w, func(e typed.Event[*corev1.Pod]) bool { return e.Type == watch.Error })
			if len(last) != 1 || last[0].Err == nil {
				t.Errorf("the watch ended with %v", last)
			}
			again, err := pods.Watch(t.Context(), streaming())
			if err != nil {
				t.Fatal(err)
			}
			defer again.Close()
			if events := readUntil(t, again, marked); len(events) != 5+3 {
				t.Errorf("after the relist there are %d events", len(events))
			}
		})
	}
}

func TestAListComesInPagesAndItsServerRefusesToStream(t *testing.T) {
	_, pods := serve(t, workload.Workload{NoStreaming: true})
	if _, err := pods.Watch(t.Context(), streaming()); err == nil {
		t.Error("the server streams")
	}
	for _, c := range []struct {
		opts metav1.ListOptions
		want []int
	}{
		{metav1.ListOptions{ResourceVersion: "0", Limit: 2}, []int{6}},
		{metav1.ListOptions{Limit: 2}, []int{2, 2, 2}},
	} {
		var pages []int
		for opts := c.opts; ; {
			list, err := pods.List(t.Context(), opts)
			if err != nil {
				t.Fatal(err)
			}
			pages = append(pages, len(list.Items))
			if opts.Continue = list.Continue; opts.Continue == "" {
				break
			}
		}
		if fmt.Sprint(pages) != fmt.Sprint(c.want) {
			t.Errorf("%+v: pages of %v items, want %v", c.opts, pages, c.want)
		}
	}
}

func TestAnOrderWaitsForAWatch(t *testing.T) {
	w := workload.Workload{Kind: workload.Pods, Count: 1, Replicas: 1}
	s, err := New(&w)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.take(ctx, s.mark); err != context.Canceled {
		t.Errorf("without a watch the order was taken: %v", err)
	}
}
