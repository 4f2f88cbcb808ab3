package events_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/e2e/cluster"
	"github.com/sheaf-dev/sheaf/events"
	core "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

func newClient(t *testing.T) *rest.Client {
	t.Helper()
	client, err := rest.NewClient(&rest.Config{
		Host: server.URL, BearerToken: server.Token(cluster.Admin), TLS: rest.TLSConfig{CAData: server.CA},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdle)
	return client
}

// In both of the API's groups the server takes the Events, the counts of their repetitions, and the Event that stands for many.
func TestARealServerTakesEventsRepetitionsAndCombinedEvents(t *testing.T) {
	client := newClient(t)
	last := map[bool]string{ // a text can be changed in the core group only
		false: "(combined from similar events): try 2 failed",
		true:  "(combined from similar events): try 5 failed",
	}
	for _, coreV1 := range []bool{false, true} {
		t.Run(fmt.Sprint("core ", coreV1), func(t *testing.T) {
			recorder := events.New(client, events.Options{Controller: "example.com/e2e", CoreV1: coreV1, Similar: 2, SeriesInterval: 100 * time.Millisecond})
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			var running sync.WaitGroup
			running.Go(func() { recorder.Run(ctx) })
			pod := core.Pods.New()
			pod.Namespace, pod.Name, pod.UID = "default", fmt.Sprint("web-", coreV1), "uid-of-pod"
			for range 3 {
				recorder.Eventf(pod, nil, events.Normal, "Pulled", "Pulling", "image is there")
			}
			for i := range 6 {
				recorder.Eventf(pod, nil, events.Warning, "Failed", "Starting", "try %d failed", i)
			}
			stop()
			running.Wait()
			if s := recorder.Stats(); s.Dropped() != 0 || s.Waiting != 0 || s.Combined != 4 {
				t.Fatalf("%+v", s)
			}
			got := counts(t, client, pod.Name)
			want := map[string]int32{"image is there": 3, "try 0 failed": 1, "try 1 failed": 1, last[coreV1]: 4}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("the server has %v, want %v", got, want)
			}
		})
	}
}

// counts are the events about an object: what they say, and how often that happened.
func counts(t *testing.T, client *rest.Client, name string) map[string]int32 {
	t.Helper()
	list, err := typed.For(client, core.Events).Namespace("default").List(t.Context(), metav1.ListOptions{FieldSelector: "involvedObject.name=" + name})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int32{}
	for _, e := range list.Items {
		found[e.Message] = max(e.Count, 1)
		if e.Series != nil {
			found[e.Message] = e.Series.Count
		}
	}
	return found
}
