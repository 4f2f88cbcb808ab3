package leaderelection

import (
	"fmt"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func leaseOf(holder, version string, seconds int32) *coordinationv1.Lease {
	return &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Name: "lease", ResourceVersion: version},
		Spec:       coordinationv1.LeaseSpec{HolderIdentity: &holder, LeaseDurationSeconds: &seconds},
	}
}

func newRecord() *record { return &record{identity: "me", duration: 15 * time.Second} }

func TestReplayedEventIsNoSignOfLife(t *testing.T) {
	r := newRecord()
	r.observe(leaseOf("other", "100", 15), 10*time.Second, false)
	for _, version := range []string{"100", "99", "9"} {
		if r.observe(leaseOf("other", version, 15), 20*time.Second, false) {
			t.Errorf("version %s is news", version)
		}
	}
	if !r.free(25*time.Second) || r.free(25*time.Second-1) {
		t.Errorf("expires at %v", r.expires)
	}
	if !r.observe(leaseOf("other", "101", 15), 20*time.Second, false) || r.free(35*time.Second-1) {
		t.Errorf("a renewal is no sign of life: expires at %v", r.expires)
	}
}

func TestOlderVersionIsTheTruthIfItWasAskedForAfterTheNewer(t *testing.T) {
	r := newRecord()
	r.observe(leaseOf("other", "100", 15), 0, false)
	if !r.observe(leaseOf("third", "50", 15), time.Second, true) || r.holder() != "third" {
		t.Error("a restored server is not believed")
	}
}

func TestHoldersPromiseCountsNotOnesOwn(t *testing.T) {
	r := newRecord()
	r.observe(leaseOf("other", "1", 60), 0, false)
	if r.free(59 * time.Second) {
		t.Error("taken before the holder's own duration is over")
	}
	r.observe(leaseOf("other", "2", 0), 0, false)
	if r.free(14*time.Second) || !r.free(15*time.Second) {
		t.Error("a Lease without a duration does not have this candidate's")
	}
}

func TestReleasedLeaseIsFreeAtOnce(t *testing.T) {
	r := newRecord()
	r.observe(leaseOf("", "1", 1), time.Second, false)
	if !r.free(time.Second) {
		t.Error("it is not")
	}
}

func TestDeletedLeaseIsNotFreeBeforeItsHolderMustKnow(t *testing.T) {
	r := newRecord()
	r.observe(leaseOf("other", "1", 15), 0, false)
	if r.observe(nil, time.Second, false) {
		t.Error("a deletion is believed that may be old")
	}
	if !r.observe(nil, time.Second, true) || r.free(14*time.Second) || !r.free(15*time.Second) {
		t.Errorf("expires at %v", r.expires)
	}
	if r.observe(leaseOf("other", "1", 15), 2*time.Second, false) {
		t.Error("the deleted Lease has come back")
	}
	if lease := r.claim("lease", nil, time.Now()); lease.ResourceVersion != "" || *lease.Spec.LeaseTransitions != 0 {
		t.Errorf("claims %v", lease)
	}
}

func TestLeaseThatNeverExistedIsFree(t *testing.T) {
	r := newRecord()
	if r.free(time.Hour) {
		t.Error("free before anything is known")
	}
	if !r.observe(nil, time.Second, false) || !r.free(time.Second) {
		t.Error("it is not free")
	}
}

func TestLeaseOfANamesakeIsNotMine(t *testing.T) {
	r := newRecord()
	at := metav1.NewMicroTime(time.Now())
	lease := leaseOf("me", "1", 15)
	lease.Spec.RenewTime = &at
	r.observe(lease, 0, false)
	if r.mine || r.free(14*time.Second) {
		t.Error("another process of the same name is taken for this one")
	}
}

func TestOwnWriteIsRecognizedThoughItsAnswerWasLost(t *testing.T) {
	r := newRecord()
	r.observe(leaseOf("other", "1", 15), 0, false)
	first := r.claim("lease", nil, time.Now())
	r.claim("lease", nil, time.Now().Add(time.Second))
	first.ResourceVersion = "2"
	r.observe(first, time.Minute, false)
	if !r.mine || !r.free(time.Minute) {
		t.Error("it is not")
	}
}

func TestClaimKeepsWhatIsNotItsOwn(t *testing.T) {
	r := newRecord()
	r.duration = 1500 * time.Millisecond
	lease := leaseOf("other", "5", 15)
	lease.Labels = map[string]string{"team": "a"}
	transitions := int32(3)
	lease.Spec.LeaseTransitions = &transitions
	r.observe(lease, 0, false)

	now := time.Now()
	claim := r.claim("lease", map[string]string{"team": "b"}, now)
	spec := claim.Spec
	if claim.Labels["team"] != "a" || claim.ResourceVersion != "5" || *spec.HolderIdentity != "me" || *spec.LeaseTransitions != 4 ||
		*spec.LeaseDurationSeconds != 2 || !spec.AcquireTime.Time.Equal(now.Truncate(time.Microsecond)) || !spec.RenewTime.Equal(spec.AcquireTime) {
		t.Errorf("claims %+v", spec)
	}
	claim.ResourceVersion = "6"
	r.observe(claim, 0, false)
	renewal := r.claim("lease", nil, now.Add(time.Second)).Spec
	if *renewal.LeaseTransitions != 4 || !renewal.AcquireTime.Equal(spec.AcquireTime) || !renewal.RenewTime.Time.After(spec.RenewTime.Time) {
		t.Errorf("renews %+v", renewal)
	}
	released := r.released(now)
	if *released.Spec.HolderIdentity != "" || *released.Spec.LeaseDurationSeconds != 1 || *released.Spec.LeaseTransitions != 4 {
		t.Errorf("releases %+v", released.Spec)
	}
}

// chosen is a Lease as a server leaves it that has chosen its holder.
func chosen(holder, version string) *coordinationv1.Lease {
	lease := leaseOf(holder, version, 5)
	lease.Spec.AcquireTime = nil
	return lease
}

func TestServersChoiceDoesNotEndTheTimeOfTheHolderBefore(t *testing.T) {
	transitions := int32(1)
	for _, test := range []struct {
		what   string
		who    string
		sequel bool
		before func() *coordinationv1.Lease
		free   time.Duration
	}{
		{"it is seen directly after the holder's last renewal", "me", true, func() *coordinationv1.Lease { return claimed("other", "1", 60) }, 60 * time.Second},
		{"there may have been renewals, unseen", "me", false, func() *coordinationv1.Lease { return claimed("other", "1", 60) }, 61 * time.Second},
		{"another is chosen, who does not come", "third", true, func() *coordinationv1.Lease { return claimed("other", "1", 60) }, 60*time.Second + patience},
		{"it is seen directly after the release", "me", true, func() *coordinationv1.Lease { return claimed("", "1", 1) }, time.Second},
		{"there may have been a holder since the release", "me", false, func() *coordinationv1.Lease { return claimed("", "1", 1) }, 16 * time.Second},
	} {
		r := newRecord()
		r.coordinated = true
		r.observe(test.before(), 0, false)
		r.sequel = test.sequel
		choice := chosen(test.who, "2") // by a clock that is fast
		choice.Spec.LeaseTransitions = &transitions
		if r.observe(choice, time.Second, false); r.free(test.free-1) || !r.free(test.free) {
			t.Errorf("%s: the Lease is free at %v, want %v", test.what, r.expires, test.free)
		}
	}
}

func TestLeaseOfANamesakeIsNoChoiceOfTheServer(t *testing.T) {
	r := newRecord()
	r.coordinated = true
	for i := range 100 {
		now := time.Duration(i) * 2 * time.Second
		if r.observe(claimed("me", fmt.Sprint(i+1), 15), now, false); r.mine || r.assigned || r.free(now+15*time.Second) {
			t.Fatalf("another process of the same name renews, and its Lease is free at %v", r.expires)
		}
	}
}

// claimed is a Lease as a candidate writes it.
func claimed(holder, version string, seconds int32) *coordinationv1.Lease {
	lease := leaseOf(holder, version, seconds)
	at := metav1.NewMicroTime(time.Unix(1e9, 0))
	lease.Spec.AcquireTime = &at
	return lease
}
