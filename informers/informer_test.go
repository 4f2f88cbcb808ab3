package informers_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"

	v1 "k8s.io/api/core/v1"

	"github.com/sheaf-dev/sheaf/cache"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/resource"
)

// start runs an informer and returns a function that stops it and waits.
func start[T resource.Object](t *testing.T, i informers.Informer[T]) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := i.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

func TestAFilterMakesAddsAndDeletesOfTransitions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		system := newShelf()
		system.put("a", "1", "no")
		system.put("a", "2", "yes")
		i := informers.New(configMaps, system.source(), cache.Options{})
		var events []string
		h := &informers.FilteringResourceEventHandler[*v1.ConfigMap]{
			FilterFunc: func(o *v1.ConfigMap) bool { return o.Data["value"] == "yes" },
			Handler: informers.ResourceEventHandlerFuncs[*v1.ConfigMap]{
				AddFunc:    func(o *v1.ConfigMap, initial bool) { events = append(events, "add "+o.Name) },
				UpdateFunc: func(old, new *v1.ConfigMap, resync bool) { events = append(events, "update "+new.Name) },
				DeleteFunc: func(last *v1.ConfigMap, unknown bool) { events = append(events, "delete "+last.Name) },
			},
		}
		if _, err := i.AddEventHandler(h); err != nil {
			t.Fatal(err)
		}
		if _, err := i.AddEventHandler(h); err == nil {
			t.Error("one filtering handler was registered twice")
		}
		defer start(t, i)()
		synctest.Wait()
		system.put("a", "1", "yes")
		system.put("a", "1", "yes")
		system.put("a", "1", "no")
		system.put("a", "1", "no")
		system.remove("a", "1")
		system.remove("a", "2")
		synctest.Wait()
		if want := []string{"add 2", "add 1", "update 1", "delete 1", "delete 2"}; !slices.Equal(events, want) {
			t.Errorf("have %q, want %q", events, want)
		}
	})
}

func TestAFaceOfAnotherTypeIsRefused(t *testing.T) {
	i := informers.New(configMaps, newShelf().source(), cache.Options{})
	if _, err := informers.Over[*v1.Secret](i.Shared()); err == nil {
		t.Error("a secret's face of a config map's informer")
	}
	if _, err := informers.Over[resource.Object](i.Shared()); err != nil {
		t.Error(err)
	}
}
