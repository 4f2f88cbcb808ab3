package shard

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/leaderelection"
	"github.com/sheaf-dev/sheaf/resource"
	coordination "github.com/sheaf-dev/sheaf/resource/coordination/v1"
)

// A handover takes as long as the work needs to stop, which is less than a second in these tests.
const stopped = 1200 * time.Millisecond

func TestReplicasShareTheShardsAsTheyComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrew(t, 1, Options{Shards: 16})
		a := c.join("a")
		c.settle(stopped)
		b := c.join("b")
		c.settle(stopped)
		d := c.join("d")
		c.settle(stopped)
		time.Sleep(time.Minute)
		c.leave(a)
		c.settle(stopped)
		<-a.over
		c.kill(b)
		if took := c.settle(17 * time.Second); took < 9*time.Second {
			t.Errorf("the shards of a killed replica were taken after %v", took)
		}
		time.Sleep(5 * time.Minute)
		if orphans := c.look(); orphans > 0 || d.owned() != 16 {
			t.Errorf("%d orphans, d owns %d", orphans, d.owned())
		}
		var left []string
		for lease := range apitest.In(c.server, coordination.Leases).All() {
			if strings.Contains(lease.Name, "-replica-") {
				left = append(left, lease.Name)
			}
		}
		if len(left) != 1 || left[0] != "crew-replica-d" {
			t.Errorf("the Leases of the replicas are %q", left)
		}
	})
}

func TestStatusSaysWhoHasWhat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrew(t, 1, Options{Shards: 4})
		a := c.recruit("a")
		if a.Owns(resource.Key{Namespace: "x"}, "") || a.Layout().Len() != 0 {
			t.Error("owns before it knows the layout")
		}
		c.start(a)
		c.settle(stopped)
		b := c.join("b")
		c.settle(stopped)
		for _, m := range []*member{a, b} {
			s, held := m.Status(), map[string]int{}
			for i, one := range s.Shards {
				held[one.Holder]++
				if one.Owned != (one.Holder == s.Identity) || one.Owned != (one.Token != "") || one.Owned == one.Since.IsZero() || one.Shard.Index != i {
					t.Errorf("%s: %+v", s.Identity, one)
				}
			}
			if len(s.Replicas) != 2 || held["a"] != 2 || held["b"] != 2 || s.LastError != nil || m.Healthy() != nil {
				t.Errorf("%+v", s)
			}
		}
		b.link.close(true)
		time.Sleep(20 * time.Second)
		if s := b.Status(); s.LastError == nil || b.owned() != 0 || len(s.Replicas) != 2 {
			t.Errorf("cut off: %+v", s)
		}
		b.link.open()
		c.settle(10 * time.Second)
	})
}

func TestChangesOfOwnersAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrew(t, 1, Options{Shards: 2})
		a := c.join("a")
		told := make(chan Status, 100)
		a.herald.call = func(s Status) { told <- s }
		c.settle(stopped)
		c.join("b")
		c.settle(stopped)
		synctest.Wait()
		var last Status
		n := 0
		for ; len(told) > 0; n++ {
			last = <-told
		}
		if n < 2 || len(last.Replicas) != 2 || last.Shards[0].Holder == last.Shards[1].Holder {
			t.Errorf("told %d times, last %+v", n, last)
		}
		time.Sleep(time.Minute)
		if len(told) > 0 {
			t.Errorf("told %+v though nothing has changed", <-told)
		}
	})
}

func TestWorkThatDoesNotStopKeepsItsShardAndIsNotHealthyOnceItIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrew(t, 1, Options{Shards: 2})
		a := c.join("a")
		a.drain = time.Minute
		c.settle(stopped)
		b := c.join("b")
		time.Sleep(50 * time.Second)
		if a.owned()+b.owned() != 1 || c.look() != 0 || a.Healthy() != nil {
			t.Errorf("a shard was taken before its work has stopped: a owns %d, b %d", a.owned(), b.owned())
		}
		c.settle(15 * time.Second)
		a.link.close(true)
		time.Sleep(35 * time.Second)
		if err := a.Healthy(); !errors.Is(err, leaderelection.ErrNotStopped) {
			t.Errorf("got %v", err)
		}
		if b.owned() != 2 {
			t.Errorf("b owns %d", b.owned())
		}
		a.link.open()
	})
}

// Nobody is thought dead because the server was away.
func TestOutageOfTheServerMovesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrew(t, 1, Options{Shards: 12})
		a, b, d := c.join("a"), c.join("b"), c.join("d")
		c.settle(again) // a claim that was dropped may have reached the server all the same, and must expire
		time.Sleep(time.Minute)
		before := map[int]string{}
		for _, s := range a.Status().Shards {
			before[s.Shard.Index] = s.Holder
		}
		for _, m := range []*member{a, b, d} {
			m.link.close(false)
		}
		time.Sleep(time.Minute)
		if c.look() != len(c.objects) {
			t.Error("somebody owns shards without a server")
		}
		for _, m := range []*member{a, b, d} {
			m.link.open()
		}
		c.settle(8 * time.Second)
		for _, s := range a.Status().Shards {
			if s.Holder != before[s.Shard.Index] {
				t.Errorf("%v moved from %s to %s", s.Shard, before[s.Shard.Index], s.Holder)
			}
		}
	})
}

func TestReplicaWithAnotherLayoutDoesNotRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrew(t, 1, Options{Shards: 4})
		a := c.join("a")
		c.settle(stopped)
		for _, opts := range []Options{{Shards: 8}, {Shards: 4, By: ByUID}} {
			opts.Election.Identity = "other"
			other, err := New(a.client, "default", "crew", Callbacks{OnAcquired: func(context.Context, Shard) {}}, opts)
			if err != nil {
				t.Fatal(err)
			}
			if err := other.Run(t.Context()); !errors.Is(err, errLayout) || !strings.Contains(err.Error(), "crew-layout") {
				t.Errorf("got %v", err)
			}
			if err := other.Run(t.Context()); err == nil {
				t.Error("ran twice")
			}
		}
	})
}

func TestContradictoryOptionsAreRefused(t *testing.T) {
	work := Callbacks{OnAcquired: func(context.Context, Shard) {}}
	for want, try := range map[string]func() (*Replica, error){
		"2000 shards": func() (*Replica, error) { return newReplica(nil, nil, "g", work, Options{Shards: 2000}) },
		"by \"name\"": func() (*Replica, error) { return newReplica(nil, nil, "g", work, Options{By: "name"}) },
		"\"Not OK\"":  func() (*Replica, error) { return newReplica(nil, nil, "Not OK", work, Options{}) },
		"OnAcquired":  func() (*Replica, error) { return newReplica(nil, nil, "g", Callbacks{}, Options{}) },
		"not for": func() (*Replica, error) {
			return newReplica(nil, nil, "g", work, Options{Election: leaderelection.Options{NoWatch: true}})
		},
		"less than a": func() (*Replica, error) {
			return newReplica(nil, nil, "g", work, Options{Election: leaderelection.Options{LeaseDuration: 1}})
		},
		"\"Me Myself\"": func() (*Replica, error) {
			return newReplica(nil, nil, "g", work, Options{Election: leaderelection.Options{Identity: "Me Myself"}})
		},
	} {
		if _, err := try(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}
