package shard

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"

	"github.com/sheaf-dev/sheaf/leaderelection"
)

// view is what this process sees of the group's Leases: one watch for all of them, which the elections of the shards share.
type view struct {
	leaderelection.Leases // for requests
	group                 names

	mu      sync.Mutex // owns all below
	leases  map[string]*coordinationv1.Lease
	changed map[string]chan struct{} // closed at the next change of the Lease of that name
	seen    *sightings
	news    chan struct{} // gets a value when something has changed
}

var _ leaderelection.Witness = (*view)(nil)

func newView(leases leaderelection.Leases, group names, blind time.Duration) *view {
	return &view{
		Leases: leases, group: group, leases: map[string]*coordinationv1.Lease{}, changed: map[string]chan struct{}{},
		seen: newSightings(blind), news: make(chan struct{}, 1),
	}
}

// stateOf is what a renewal changes.
func stateOf(lease *coordinationv1.Lease) string {
	state := lease.ResourceVersion
	if at := lease.Spec.RenewTime; at != nil {
		state += "@" + strconv.FormatInt(at.UnixMicro(), 16)
	}
	return state
}

// OnAdd, OnUpdate and OnDelete take in what the informer of the Leases says.
func (v *view) OnAdd(lease *coordinationv1.Lease, _ bool) { v.take(lease.Name, lease) }

// OnUpdate is described at OnAdd.
func (v *view) OnUpdate(_, lease *coordinationv1.Lease, _ bool) { v.take(lease.Name, lease) }

// OnDelete is described at OnAdd.
func (v *view) OnDelete(last *coordinationv1.Lease, _ bool) { v.take(last.Name, nil) }

func (v *view) take(name string, lease *coordinationv1.Lease) {
	now := time.Now()
	v.mu.Lock()
	defer v.mu.Unlock()
	if lease == nil {
		delete(v.leases, name)
		v.seen.forget(name)
	} else {
		v.leases[name] = lease
		v.seen.see(name, stateOf(lease), now)
		if name == v.group.own() && holderOf(lease) == v.group.identity {
			v.seen.renewed(now)
		}
	}
	if changed := v.changed[name]; changed != nil {
		close(changed)
		delete(v.changed, name)
	}
	select {
	case v.news <- struct{}{}:
	default:
	}
}

func holderOf(lease *coordinationv1.Lease) string {
	if lease == nil || lease.Spec.HolderIdentity == nil {
		return ""
	}
	return *lease.Spec.HolderIdentity
}

// Since makes the view a witness for the elections.
func (v *view) Since(lease *coordinationv1.Lease) (time.Time, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.seen.since(lease.Name, stateOf(lease))
}

// Watch follows one Lease, as the group's watch sees it.
func (v *view) Watch(ctx context.Context, name string, seen func(*coordinationv1.Lease)) error {
	var last *coordinationv1.Lease
	for {
		v.mu.Lock()
		lease, changed := v.leases[name], v.changed[name]
		if changed == nil {
			changed = make(chan struct{})
			v.changed[name] = changed
		}
		v.mu.Unlock()
		if lease != last {
			last = lease
			seen(lease)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// picture is what can be seen of the group at one moment.
type picture struct {
	ready   bool      // this replica has seen its own Lease, as the others have
	live    []string  // the replicas, in order; this one among them
	holders []string  // by shard: who has written itself into its Lease and has renewed it since; "": nobody
	next    time.Time // when it changes if nothing else does; zero: never
}

// look returns what can be seen now. duration is what is assumed of Leases that do not say theirs.
func (v *view) look(shards int, duration time.Duration, now time.Time) picture {
	v.mu.Lock()
	defer v.mu.Unlock()
	p := picture{ready: !v.seen.fresh.IsZero(), holders: make([]string, shards), live: []string{v.group.identity}}
	for name, lease := range v.leases {
		holder := holderOf(lease)
		stale, sighted := v.seen.staleAt(name, promisedBy(lease, duration), now)
		alive := holder != "" && (!sighted || now.Before(stale))
		if alive && sighted && (p.next.IsZero() || stale.Before(p.next)) {
			p.next = stale
		}
		if index, ok := v.group.shardOf(name); ok && index < shards && alive {
			p.holders[index] = holder
		}
		if alive && v.group.isReplica(name) && name != v.group.own() {
			p.live = append(p.live, holder)
		}
	}
	slices.Sort(p.live)
	p.live = slices.Compact(p.live)
	return p
}

// tooLong is for how many durations a replica's Lease is stale before the others delete it.
const tooLong = 4

// litter returns the Leases of replicas that were killed, long ago.
func (v *view) litter(duration time.Duration, now time.Time) (dead []*coordinationv1.Lease) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for name, lease := range v.leases {
		stale, sighted := v.seen.staleAt(name, tooLong*promisedBy(lease, duration), now)
		if v.group.isReplica(name) && name != v.group.own() && sighted && now.After(stale) {
			dead = append(dead, lease)
		}
	}
	return dead
}

func promisedBy(lease *coordinationv1.Lease, otherwise time.Duration) time.Duration {
	if s := lease.Spec.LeaseDurationSeconds; s != nil && *s > 0 {
		return time.Duration(*s) * time.Second
	}
	return otherwise
}

// names are those of a group's Leases.
type names struct{ group, identity string }

func (n names) layout() string         { return n.group + "-layout" }
func (n names) shard(index int) string { return n.group + "-shard-" + strconv.Itoa(index) }
func (n names) own() string            { return n.group + "-replica-" + n.identity }
func (n names) isReplica(name string) bool {
	return strings.HasPrefix(name, n.group+"-replica-")
}

func (n names) shardOf(name string) (index int, ok bool) {
	digits, ok := strings.CutPrefix(name, n.group+"-shard-")
	index, err := strconv.Atoi(digits)
	return index, ok && err == nil && index >= 0 && n.shard(index) == name
}

// groupLabel is on all Leases of a group, with its name.
const groupLabel = "sharding.sheaf.dev/group"

func (n names) labels() map[string]string { return map[string]string{groupLabel: n.group} }
func (n names) selector() string          { return groupLabel + "=" + n.group }
