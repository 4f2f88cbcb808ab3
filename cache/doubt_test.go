package cache

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/cache/internal/served"
	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
)

func TestAnObjectInDoubtIsLookedForUntilItsFateIsKnownHoweverManyListsAreInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		c.Inject(apitest.Fault{Do: apitest.NamelessIf(bad)})
		c.Set("a", "gone", "x")
		c.Set("a", "nameless", "x")
		i, stop := run(t, c, Options{})
		defer stop()
		synctest.Wait()
		c.Hold()
		c.Set("a", "nameless", "bad")
		c.Delete("a", "gone")
		c.Release()
		failing := c.Fault("get", apitest.Fail(apierrors.NewInternalError(errors.New("not now"))))
		for range 3 {
			relist(c)
			time.Sleep(10 * time.Second)
		}
		failing.Remove()
		time.Sleep(10 * time.Minute)
		if _, there := i.Reader().Get(key("a/gone")); there {
			t.Errorf("what is gone is still there: %v", i.Status())
		}
		c.Set("a", "nameless", "good")
		time.Sleep(15 * time.Minute)
		same(t, i, c)
	})
}

// scripted is a source with one list, and a watch that sends what it is given.
type scripted struct {
	items  []decode.Item
	events chan decode.Event
}

func (s scripted) StreamsInitialState() bool { return false }

func (s scripted) List(_ context.Context, _ metav1.ListOptions, yield func(decode.Item) error) (metav1.ListMeta, error) {
	for _, item := range s.items {
		if err := yield(item); err != nil {
			return metav1.ListMeta{}, err
		}
	}
	return metav1.ListMeta{ResourceVersion: "5"}, nil
}

func (s scripted) Watch(ctx context.Context, _ metav1.ListOptions) (reflector.Watcher, error) {
	return scriptedWatch{s.events, ctx}, nil
}

type scriptedWatch struct {
	events chan decode.Event
	ctx    context.Context
}

func (w scriptedWatch) Next() (decode.Event, error) {
	select {
	case event := <-w.events:
		return event, nil
	case <-w.ctx.Done():
		return decode.Event{}, w.ctx.Err()
	}
}

func (w scriptedWatch) Close() {}

func TestAnObjectThatHasNoNameIsCountedAndNeverStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		named := func(name, version string) *v1.ConfigMap {
			return &v1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: name, UID: "uid", ResourceVersion: version}}
		}
		s := scripted{items: []decode.Item{{Object: named("", "1")}, {Object: named("1", "2")}, {}}, events: make(chan decode.Event)}
		i, stop := run(t, s, Options{})
		defer stop()
		synctest.Wait()
		if status := i.Status(); status.Nameless == 0 || status.LastNameless == nil || status.Objects != 1 || !status.Synced {
			t.Errorf("after the list: %+v", status)
		}
		listed := i.Status().Nameless
		for n, o := range []resource.Object{named("", "6"), nil} {
			s.events <- decode.Event{Type: watch.Added, Object: o, ResourceVersion: fmt.Sprint(6 + n)}
			synctest.Wait()
		}
		if status := i.Status(); status.Nameless != listed+2 || status.Objects != 1 || status.ResourceVersion != "7" {
			t.Errorf("after the events: %+v", status)
		}
	})
}

func TestThousandsOfQuarantinedObjectsAreNoStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		for n := range 2000 {
			c.Set("a", fmt.Sprint(n), "bad")
		}
		i, stop := run(t, c, Options{Transform: refusing(map[string]int{})})
		defer stop()
		const while = 5 * time.Minute
		time.Sleep(while)
		reads, most := len(c.Asked("get")), visitFirst+int(while/visitEvery)+1
		if reads > most || reads < most*9/10 {
			t.Errorf("%d reads in %v, want at most %d and not many less", reads, while, most)
		}
		if n := i.Status().QuarantinedCount; n != 2000 {
			t.Errorf("%d objects are quarantined", n)
		}
	})
}
