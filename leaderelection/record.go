package leaderelection

import (
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/resourceversion"
)

// record is what a candidate knows of the Lease. Its times are on the candidate's clock.
type record struct {
	identity string
	duration time.Duration // for a Lease that does not say its own

	known   bool                  // there has been an answer
	lease   *coordinationv1.Lease // nil: it does not exist
	version string                // the highest resourceVersion, also after a deletion
	seen    time.Duration         // when this state came to be known
	expires time.Duration         // from when it may be taken, if it stays as it is
	mine    bool                  // this candidate wrote it
	tried   tries

	coordinated bool          // the server chooses who holds it
	sequel      bool          // what is observed is the very next state after the one that is known
	longest     time.Duration // that a holder has promised
	assigned    bool          // it has chosen this candidate, which has not answered yet
}

// tries is the last writes that were sent, by their renew time: the answer to a write may get lost and the write still be
// done. A Lease that bears this candidate's name and none of these times was written by another process of the same name.
type tries [16]metav1.MicroTime

func (t *tries) add(at metav1.MicroTime) {
	copy(t[1:], t[:])
	t[0] = at
}

func (t *tries) has(at *metav1.MicroTime) bool {
	for i := range t {
		if at != nil && !at.IsZero() && at.Time.Equal(t[i].Time) {
			return true
		}
	}
	return false
}

func (r *record) holder() string {
	if r.lease == nil || r.lease.Spec.HolderIdentity == nil {
		return ""
	}
	return *r.lease.Spec.HolderIdentity
}

// base returns the resourceVersion that the next write replaces, "" if it creates the Lease.
func (r *record) base() string {
	if r.lease == nil {
		return ""
	}
	return r.lease.ResourceVersion
}

// older says whether a resourceVersion is no newer than what is known.
func (r *record) older(version string) bool {
	order, err := resourceversion.CompareResourceVersion(version, r.version)
	return err == nil && order <= 0 || version == r.version
}

// observe takes in a state of the Lease, nil if there is none, and says whether it is news. A state that is known already,
// or older, such as an event that a watch replays, must not count as a sign of life. Only an answer to a request which was
// sent after the present state was known proves that an older version is the present one: then a backup of the server's
// data was restored.
func (r *record) observe(lease *coordinationv1.Lease, now time.Duration, proof bool) bool {
	if lease == nil {
		return r.observeAbsence(now, proof)
	}
	if r.known && lease.ResourceVersion == r.version && r.lease != nil {
		return false
	}
	if r.known && r.older(lease.ResourceVersion) && !proof {
		return false
	}
	before := *r
	r.known, r.lease, r.version, r.seen = true, lease, lease.ResourceVersion, now
	holder := r.holder()
	r.mine = holder == r.identity && r.tried.has(lease.Spec.RenewTime)
	chosen := r.coordinated && holder != "" && lease.Spec.AcquireTime == nil // by the server; who it is has not taken the Lease up yet
	r.assigned = chosen && holder == r.identity
	r.expires = now
	if holder != "" && !r.assigned {
		r.expires += r.promised()
	}
	if holder != "" && !chosen {
		r.longest = max(r.longest, r.promised())
	}
	if chosen {
		r.expires = max(r.expires, before.freeAfterAll(lease, now))
	}
	return true
}

// freeAfterAll returns from when a Lease may be taken that the server has given to another holder. The server goes by its wall clock; the holder
// before may go on for as long as it has promised to, on its own. That may be another than the one known here, or have renewed the Lease unseen.
func (r *record) freeAfterAll(lease *coordinationv1.Lease, now time.Duration) time.Duration {
	switch {
	case lease.Spec.LeaseTransitions == nil: // there has been none
		return now
	case r.sequel && r.mine:
		return now
	case r.sequel:
		return max(now, r.expires)
	}
	return now + max(r.duration, r.longest)
}

// unwanted says whether the server has another candidate in mind.
func (r *record) unwanted() bool {
	return r.coordinated && r.lease != nil && r.lease.Spec.PreferredHolder != nil &&
		*r.lease.Spec.PreferredHolder != "" && *r.lease.Spec.PreferredHolder != r.identity
}

// observeAbsence leaves the time of expiry alone: whoever held the Lease when it was deleted may not know yet.
func (r *record) observeAbsence(now time.Duration, proof bool) bool {
	if r.known && (r.lease == nil || !proof) {
		return false
	}
	if !r.known {
		r.expires = now
	}
	r.known, r.lease, r.seen, r.mine = true, nil, now, false
	return true
}

// promised is how long the holder need not renew the Lease.
func (r *record) promised() time.Duration {
	if s := r.lease.Spec.LeaseDurationSeconds; s != nil && *s > 0 {
		return time.Duration(*s) * time.Second
	}
	return r.duration
}

// free says whether this candidate may write itself into the Lease.
func (r *record) free(now time.Duration) bool {
	switch {
	case !r.known:
		return false
	case r.coordinated:
		return !r.unwanted() && (r.mine || r.assigned && now >= r.expires) || now >= r.expires+patience
	}
	return r.mine || now >= r.expires
}

// claim returns the Lease as this candidate wants to write it: its first claim, or a renewal.
func (r *record) claim(name string, labels map[string]string, wall time.Time) *coordinationv1.Lease {
	at := metav1.NewMicroTime(wall.Truncate(time.Microsecond))
	r.tried.add(at)
	lease := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}
	transitions := int32(0)
	if r.lease != nil {
		lease = r.lease.DeepCopy()
		if t := r.lease.Spec.LeaseTransitions; t != nil {
			transitions = *t
		}
		if !r.mine {
			transitions++
		}
	}
	spec, identity := &lease.Spec, r.identity
	if !r.mine || spec.AcquireTime == nil {
		spec.AcquireTime = &at
		spec.PreferredHolder = nil // of a choice that nobody has followed
	}
	seconds := int32((r.duration + time.Second - 1) / time.Second)
	spec.HolderIdentity, spec.RenewTime = &identity, &at
	spec.LeaseDurationSeconds, spec.LeaseTransitions = &seconds, &transitions
	return lease
}

// released returns the Lease as it is given up: free at once, for everybody.
func (r *record) released(wall time.Time) *coordinationv1.Lease {
	lease := r.lease.DeepCopy()
	at := metav1.NewMicroTime(wall.Truncate(time.Microsecond))
	nobody, second := "", int32(1) // the API does not allow a duration of zero
	lease.Spec.HolderIdentity, lease.Spec.LeaseDurationSeconds, lease.Spec.RenewTime = &nobody, &second, &at
	lease.Spec.PreferredHolder = nil
	return lease
}
