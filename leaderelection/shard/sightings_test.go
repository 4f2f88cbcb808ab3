package shard

import (
	"testing"
	"time"
)

func TestALeaseIsStaleOnceItWasSeenUnchangedForItsDuration(t *testing.T) {
	s, start := newSightings(6*time.Second), time.Now()
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	s.see("other", "1", at(0))
	if _, ok := s.staleAt("other", 15*time.Second, at(1)); ok {
		t.Error("judged before anything was seen of the own Lease")
	}
	s.renewed(at(2))
	s.see("other", "1", at(3)) // the same: no sign of life
	if stale, ok := s.staleAt("other", 15*time.Second, at(4)); !ok || !stale.Equal(at(15)) {
		t.Errorf("stale at %v, %v", stale.Sub(start), ok)
	}
	if _, ok := s.staleAt("other", 15*time.Second, at(9)); ok {
		t.Error("judged though nothing was seen for 7 s")
	}
	s.renewed(at(12)) // ten seconds of darkness do not count
	if stale, ok := s.staleAt("other", 15*time.Second, at(12)); !ok || !stale.Equal(at(25)) {
		t.Errorf("after darkness stale at %v, %v", stale.Sub(start), ok)
	}
	if since, ok := s.since("other", "1"); !ok || !since.Equal(at(0)) {
		t.Errorf("known since %v, %v", since.Sub(start), ok)
	}
	s.see("other", "2", at(14))
	if _, ok := s.since("other", "1"); ok {
		t.Error("an old state is a known one")
	}
	if stale, _ := s.staleAt("other", 15*time.Second, at(14)); !stale.Equal(at(29)) {
		t.Errorf("renewed, stale at %v", stale.Sub(start))
	}
	s.forget("other")
	if _, ok := s.since("other", "2"); ok {
		t.Error("still known")
	}
}
