package shard

import (
	"errors"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/sheaf-dev/sheaf/resource"
)

// Status is what a replica knows of its group, and has.
type Status struct {
	Identity string
	Replicas []string // that are alive, in order; empty: not known yet
	Shards   []ShardStatus
	// LastError is why the replica does not take part, or cannot say that it is there; nil if it does.
	LastError error
}

// ShardStatus is one shard, as seen by a replica.
type ShardStatus struct {
	Shard  Shard
	Holder string // who has it; empty: nobody, or nobody who is alive
	// Owned says that this replica owns it, at this moment.
	Owned bool
	Token string    // the fencing token of the present ownership
	Since time.Time // when this replica's present ownership began
	// Stopping says that this replica is giving it up, and waits for its work to return.
	Stopping bool
}

// Status returns what the replica knows.
func (r *Replica) Status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := Status{Identity: r.group.identity, Replicas: slices.Clone(r.seen.live), LastError: r.err}
	if err := r.presence.lastError(); err != nil {
		s.LastError = err
	}
	for i := range r.layout.Len() {
		one := ShardStatus{Shard: r.layout.Shard(i)}
		if i < len(r.seen.holders) {
			one.Holder = r.seen.holders[i]
		}
		if t := r.terms[i]; t != nil {
			election := t.elector.Status()
			one.Stopping = t.ending.Load() && !t.over() && (election.Leader || election.Stopping)
			if token := t.token.Load(); token != nil && election.Leader {
				one.Owned, one.Token, one.Since = true, *token, election.Since
			}
		}
		s.Shards = append(s.Shards, one)
	}
	return s
}

// who is the part of a status of which OnChange tells.
func (s Status) who() (out [3][]string) {
	out[0] = s.Replicas
	for _, one := range s.Shards {
		out[1] = append(out[1], one.Holder)
		if one.Owned {
			out[2] = append(out[2], one.Shard.String())
		}
	}
	return out
}

// Layout returns how the objects are divided; without shards, as long as the group's layout has not been read.
func (r *Replica) Layout() Layout {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.layout
}

// Owns says whether this replica owns an object's shard at this moment. Only the field that decides counts; the other may be empty. It turns false by
// itself at the moment when the ownership ends for want of a renewal, before another replica can own the shard.
func (r *Replica) Owns(key resource.Key, uid types.UID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.layout.Len() == 0 {
		return false
	}
	t := r.terms[r.layout.Of(key, uid)]
	return t != nil && t.elector.IsLeader()
}

// Healthy returns an error if the work on a shard goes on, StopTolerance after the shard was lost. It fits a liveness probe.
func (r *Replica) Healthy() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for _, t := range r.terms {
		errs = append(errs, t.elector.Healthy())
	}
	return errors.Join(errs...)
}
