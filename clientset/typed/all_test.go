package typed_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	coreapi "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// shelf is a server in memory with 20 config maps, and a client for them that waits 30 s for an answer.
func shelf(t *testing.T) (*apitest.Server, typed.Client[*coreapi.ConfigMap], []string) {
	t.Helper()
	server := apitest.New(apitest.Options{InMemory: true, CreateNamespaces: true, Seed: 1}).Start(t)
	config := server.Config()
	config.Timeout = 30 * time.Second
	client, err := rest.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdle)
	c := typed.For(client, corev1.ConfigMaps).Namespace("shop")
	var names []string
	for i := range 20 {
		o := configMap(fmt.Sprintf("a%02d", i))
		if _, err := c.Create(t.Context(), o, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		names = append(names, o.Name)
	}
	return server, c, names
}

var lists = apitest.Match{Verb: "list", Resource: "configmaps"}

// each runs the loop to its end, calls work on each object, and returns the names and the error that was the last element.
func each(t *testing.T, ctx context.Context, c typed.Client[*coreapi.ConfigMap], opts metav1.ListOptions, work func(n int)) (names []string, last error) {
	t.Helper()
	for o, err := range c.All(ctx, opts) {
		if last != nil {
			t.Errorf("after the error %v came %v, %v", last, o, err)
		}
		if last = err; err == nil {
			names = append(names, o.Name)
			work(len(names))
		}
	}
	return names, last
}

func nothing(int) {}

// The time-out bounds the wait for the server, not the work on what it has sent.
func TestAllWaitsForASlowLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c, want := shelf(t)
		start := time.Now()
		got, err := each(t, t.Context(), c, metav1.ListOptions{Limit: 7}, func(int) { time.Sleep(time.Minute) })
		if err != nil || !slices.Equal(got, want) || time.Since(start) != 20*time.Minute {
			t.Errorf("got %q, %v after %v", got, err, time.Since(start))
		}
	})
}

// All pages are of the version of the first, whatever happens in between.
func TestAllSeesOneVersionOfTheCollection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, c, want := shelf(t)
		server.Inject(apitest.Fault{On: lists, Chance: 0.5, Do: apitest.TooManyRequests(time.Second)})
		got, err := each(t, t.Context(), c, metav1.ListOptions{Limit: 3}, func(n int) {
			if _, err := c.Create(t.Context(), configMap(fmt.Sprintf("a%02da", n-1)), metav1.CreateOptions{}); err != nil {
				t.Error(err)
			}
			if err := c.Delete(t.Context(), want[len(want)-n], metav1.DeleteOptions{}); err != nil {
				t.Error(err)
			}
		})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

func TestAllSaysThatThePageAfterIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, c, want := shelf(t)
		got, err := each(t, t.Context(), c, metav1.ListOptions{Limit: 10}, func(n int) {
			if n == 10 {
				if _, err := c.Create(t.Context(), configMap("new"), metav1.CreateOptions{}); err != nil {
					t.Error(err)
				}
				server.Compact()
			}
		})
		if !apierrors.IsResourceExpired(err) || !slices.Equal(got, want[:10]) {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

func TestAllEndsWithTheErrorThatCutsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, c, want := shelf(t)
		first, err := c.List(t.Context(), metav1.ListOptions{Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		size := int64(first.Items[0].Size())
		server.Inject(apitest.Fault{On: lists, Skip: 1, Times: 1, Do: apitest.CutAfterBytes(3 * size)})
		got, err := each(t, t.Context(), c, metav1.ListOptions{Limit: 8}, nothing)
		if err == nil || len(got) < 8 || len(got) > 16 || !slices.Equal(got, want[:len(got)]) {
			t.Errorf("got %q, %v", got, err)
		}
		// The next loop is as good as new.
		if got, err := each(t, t.Context(), c, metav1.ListOptions{Limit: 8}, nothing); err != nil || !slices.Equal(got, want) {
			t.Errorf("got %q, %v", got, err)
		}
		server.Inject(apitest.Fault{On: lists, Skip: 2, Times: 1, Do: apitest.StallAfterBytes(size)})
		if got, err := each(t, t.Context(), c, metav1.ListOptions{Limit: 8}, nothing); !errors.Is(err, context.DeadlineExceeded) || len(got) < 16 {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

func TestAllEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c, want := shelf(t)
		why := errors.New("enough of it")
		ctx, cancel := context.WithCancelCause(t.Context())
		got, err := each(t, ctx, c, metav1.ListOptions{Limit: 4}, func(n int) {
			if n == 4 {
				cancel(why)
			}
		})
		if !errors.Is(err, why) || !slices.Equal(got, want[:4]) {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

// Who leaves the loop has asked for no page too many, and the connection is used again.
func TestLeavingTheLoopOverAllAsksForNothingMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, c, _ := shelf(t)
		for range 50 {
			n := 0
			for _, err := range c.All(t.Context(), metav1.ListOptions{Limit: 5}) {
				if n++; err != nil {
					t.Fatal(err)
				}
				if n == 7 {
					break
				}
			}
		}
		if n := len(server.Requests(lists)); n != 100 {
			t.Errorf("%d requests for 50 times two pages", n)
		}
	})
}
