package informers_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/cache"
	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
)

func TestAnInformerAsksForTheNextPageWhileItTransformsThisOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := inMemory(t)
		for i := range 6 {
			put(t, server, "a", fmt.Sprint(i), "x")
		}
		server.Inject(apitest.Fault{On: apitest.Match{Verb: "list"}, Do: apitest.Delay(3 * time.Second)})
		def := corev1.ConfigMaps.Definition()
		informer := cache.New(def, informers.Client(client, def, ""), cache.Options{
			Reflector: reflector.Options{NoStreaming: true, PageSize: 2},
			Transform: func(o resource.Object) (resource.Object, error) {
				time.Sleep(5 * time.Second)
				return o, nil
			},
		})
		ctx, cancel := context.WithCancel(quiet(t))
		done := make(chan error, 1)
		began := time.Now()
		go func() { done <- informer.Run(ctx) }()
		<-informer.Synced()
		if took := time.Since(began); took != 33*time.Second { // the first answer, and then six objects
			t.Errorf("it took %v", took)
		}
		var after []time.Duration
		for _, r := range server.Requests(apitest.Match{Verb: "list"}) {
			after = append(after, r.Time.Sub(began))
		}
		if want := []time.Duration{0, 3 * time.Second, 13 * time.Second}; !slices.Equal(after, want) {
			t.Errorf("pages were asked for after %v", after)
		}
		cancel()
		if err := <-done; err != nil || informer.Reader().Len() != 6 {
			t.Errorf("%d objects, error %v", informer.Reader().Len(), err)
		}
	})
}
