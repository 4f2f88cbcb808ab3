package leaderelection_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/leaderelection"
	"github.com/sheaf-dev/sheaf/resource"
	coordination "github.com/sheaf-dev/sheaf/resource/coordination/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// candidate is one of several for a Lease of an API server.
type candidate struct {
	*leaderelection.Elector
	stop context.CancelFunc
}

// enter starts a candidate, which sends the token of each leadership.
func enter(t *testing.T, wg *sync.WaitGroup, client *rest.Client, identity string, tokens chan<- string) candidate {
	t.Helper()
	e, err := leaderelection.New(leaderelection.LeasesIn(client, "kube-system"), "lease", leaderelection.Callbacks{
		OnStartedLeading: func(ctx context.Context) {
			token, _ := leaderelection.Token(ctx)
			tokens <- token
			<-ctx.Done()
		},
	}, leaderelection.Options{Identity: identity, Labels: map[string]string{"app": "test"}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(klog.NewContext(t.Context(), klog.Logger{}))
	t.Cleanup(stop)
	wg.Go(func() {
		if err := e.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	return candidate{e, stop}
}

// Three candidates of one API server, through real requests in fake time: each of them leads once, as those before it leave.
func TestLeadershipPassesFromOneToTheNextThroughAnAPIServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := apitest.New(apitest.Options{InMemory: true}).Start(t)
		client, err := rest.NewClient(server.Config())
		if err != nil {
			t.Fatal(err)
		}
		defer client.CloseIdle()

		var wg sync.WaitGroup
		var candidates []candidate
		tokens := make(chan string, 3)
		for i := range 3 {
			candidates = append(candidates, enter(t, &wg, client, fmt.Sprint(i), tokens))
		}
		for len(candidates) > 0 {
			<-tokens
			begin := time.Now()
			for i, c := range candidates {
				if c.IsLeader() {
					time.Sleep(time.Minute)
					if !c.Status().Watching || !c.IsLeader() {
						t.Errorf("%+v", c.Status())
					}
					begin = time.Now()
					c.stop()
					candidates = append(candidates[:i], candidates[i+1:]...)
					break
				}
			}
			synctest.Wait() // no time passes: the watch tells the next one
			if len(candidates) > 0 && (len(tokens) != 1 || time.Since(begin) > 0) {
				t.Fatalf("no successor after %v", time.Since(begin))
			}
		}
		wg.Wait()
		lease, err := apitest.In(server, coordination.Leases).Get(resource.Key{Namespace: "kube-system", Name: "lease"})
		if err != nil {
			t.Fatal(err)
		}
		if spec := lease.Spec; *spec.HolderIdentity != "" || *spec.LeaseTransitions != 2 || lease.Labels["app"] != "test" {
			t.Errorf("the Lease is left as %+v", lease)
		}
	})
}

func TestLeasesOfAnAPIServerKeepTheirPromises(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := apitest.New(apitest.Options{InMemory: true}).Start(t)
		client, err := rest.NewClient(server.Config())
		if err != nil {
			t.Fatal(err)
		}
		defer client.CloseIdle()
		leases, ctx := leaderelection.LeasesIn(client, "default"), t.Context()
		if _, err := leases.Get(ctx, "lease"); !apierrors.IsNotFound(err) {
			t.Errorf("get: %v", err)
		}
		lease := coordination.Leases.New()
		lease.Name = "lease"
		lease, err = leases.Create(ctx, lease)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := leases.Create(ctx, lease.DeepCopy()); err == nil {
			t.Error("created twice")
		}
		old := lease.DeepCopy()
		holder := "a"
		lease.Spec.HolderIdentity = &holder
		if lease, err = leases.Update(ctx, lease); err != nil {
			t.Fatal(err)
		}
		if _, err := leases.Update(ctx, old); !apierrors.IsConflict(err) {
			t.Errorf("update of an old version: %v", err)
		}
		if _, err := leaderelection.LeasesIn(client, "nowhere").Create(ctx, lease.DeepCopy()); err == nil {
			t.Error("created in another namespace")
		}
		watchLease(t, server, leases, lease.ResourceVersion)
		if lease, err = leases.Create(ctx, &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: "lease"}}); err != nil {
			t.Fatal(err)
		}
		if err := leases.Delete(ctx, "lease", "1"); !apierrors.IsConflict(err) {
			t.Errorf("delete of an old version: %v", err)
		}
		if err := leases.Delete(ctx, "lease", lease.ResourceVersion); err != nil {
			t.Errorf("delete: %v", err)
		}
		if err := leases.Delete(ctx, "lease", ""); !apierrors.IsNotFound(err) {
			t.Errorf("delete of what is gone: %v", err)
		}
	})
}

// watchLease expects the present state, a deletion, and the end of the context.
func watchLease(t *testing.T, server *apitest.Server, leases leaderelection.Leases, version string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	seen := make(chan string, 10)
	over := make(chan error)
	go func() {
		over <- leases.Watch(ctx, "lease", func(l *coordinationv1.Lease) {
			if l == nil {
				seen <- "deleted"
			} else {
				seen <- l.ResourceVersion
			}
		})
	}()
	if got := <-seen; got != version {
		t.Errorf("saw %s, want %s", got, version)
	}
	if err := apitest.In(server, coordination.Leases).Remove(resource.Key{Namespace: "default", Name: "lease"}); err != nil {
		t.Error(err)
	}
	if got := <-seen; got != "deleted" {
		t.Errorf("saw %s", got)
	}
	cancel()
	if err := <-over; err == nil || ctx.Err() == nil {
		t.Errorf("the watch ended with %v", err)
	}
	server.CutConnections()
}
