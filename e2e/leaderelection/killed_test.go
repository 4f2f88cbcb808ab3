package leaderelection_test

import (
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/sheaf-dev/sheaf/e2e/cluster"
)

// team is the processes that share the objects, those that have ended included.
type team []*owner

// shared returns nil if the replicas own all shards, equally many, and see so many objects in them.
func (all team) shared(objects int) error {
	owned, seen := 0, 0
	for _, o := range all {
		owns := o.owns()
		if len(owns) != killedShards/len(all) {
			return fmt.Errorf("%s owns %d of %d shards", o.name, len(owns), killedShards)
		}
		owned += len(owns)
		for _, own := range owns {
			seen += own.objects
		}
	}
	if owned != killedShards || seen != objects {
		return fmt.Errorf("%d shards of %d are owned, with %d objects of %d", owned, killedShards, seen, objects)
	}
	return nil
}

// settle waits until the replicas share the objects, and fails the test if that is later after a moment than it may be.
func (all team) settle(t *testing.T, what string, objects int, after time.Time, bound time.Duration) {
	t.Helper()
	cluster.Eventually(t, 30*time.Second, what, func() error { return all.shared(objects) })
	var last time.Time
	for _, o := range all {
		for _, own := range o.owns() {
			if own.since.After(last) {
				last = own.since
			}
		}
	}
	took := last.Sub(after)
	t.Logf("%s: all shards are owned after %v", what, took.Round(time.Millisecond))
	if took > bound+slack {
		t.Errorf("%s: a shard was owned only after %v, the bound is %v", what, took, bound)
	}
}

// kept fails the test if a replica has lost a shard that it owned before.
func (o *owner) kept(t *testing.T, before map[int]ownership) {
	t.Helper()
	now := o.owns()
	for i, own := range before {
		if now[i].token != own.token {
			t.Errorf("%s owned shard %d by %s, and now by %q: it need not have moved", o.name, i, own.token, now[i].token)
		}
	}
}

// alone fails the test if two have owned a shard at one time, or a token was given twice.
func (all team) alone(t *testing.T) {
	t.Helper()
	var owned []ownership
	for _, o := range all {
		owned = append(owned, o.history()...)
	}
	for i, a := range owned {
		for _, b := range owned[:i] {
			if a.token == b.token {
				t.Errorf("%s and %s have had one token, %s", a.by.name, b.by.name, a.token)
			}
			if a.shard == b.shard && a.since.Before(b.until) && b.since.Before(a.until) {
				t.Errorf("shard %d was owned by %s from %v until %v, and by %s from %v until %v", a.shard, a.by.name, a.since, a.until, b.by.name, b.since, b.until)
			}
		}
	}
	t.Logf("%d ownerships of %d shards", len(owned), killedShards)
}

func TestShardsOfAProcessThatIsKilledOrPausedAreTakenOver(t *testing.T) {
	client, _ := newClient(t)
	objects := len(populate(t, client, killedLabel))
	first, second := join(t, "first"), join(t, "second")
	all := team{first, second}
	all.settle(t, "two come", objects, time.Now(), documented)
	third := join(t, "third")
	all = append(all, third)
	all.settle(t, "a third comes", objects, time.Now(), documented)

	second3, third3 := second.owns(), third.owns()
	first.send(t, syscall.SIGKILL)
	team{second, third}.settle(t, "killed -9", objects, first.looked(), documented)
	second.kept(t, second3)
	third.kept(t, third3)

	third2 := third.owns()
	second.send(t, syscall.SIGSTOP)
	team{third}.settle(t, "paused", objects, second.looked(), documented)
	third.kept(t, third2)
	second.send(t, syscall.SIGCONT)
	team{second, third}.settle(t, "woken", objects, time.Now(), documented)

	third.send(t, syscall.SIGTERM)
	team{second}.settle(t, "left in good order", objects, third.looked(), time.Second)
	second.send(t, syscall.SIGTERM)
	all.alone(t)
	if slices.ContainsFunc(all, func(o *owner) bool { return o.alive() || len(o.history()) == 0 }) {
		t.Error("a process has not ended, or has never owned anything")
	}
}
