package shard

import "time"

// sightings is since when the states of Leases are known. A Lease that has not changed for as long as its holder promised to renew it is
// stale. Time during which nothing could be seen does not count: after an outage of the server everybody is as alive as before. Times
// are on this process's monotonic clock.
type sightings struct {
	fresh time.Time     // when the last own renewal was seen; zero: not yet
	blind time.Duration // a longer time without one is one during which nothing could be seen
	byKey map[string]sighting
}

type sighting struct {
	state string // differs after each renewal
	first time.Time
	age   time.Time // from when its age counts: first, and the blind times since
}

func newSightings(blind time.Duration) *sightings {
	return &sightings{blind: blind, byKey: map[string]sighting{}}
}

// renewed is called when an own renewal is seen, the sign that others' would be, too.
func (s *sightings) renewed(now time.Time) {
	if gap := now.Sub(s.fresh); !s.fresh.IsZero() && gap > s.blind {
		for key, known := range s.byKey {
			known.age = earlier(known.age.Add(gap), now)
			s.byKey[key] = known
		}
	}
	s.fresh = now
}

// see takes in a state, and does nothing if it is the known one.
func (s *sightings) see(key, state string, now time.Time) {
	if known, ok := s.byKey[key]; !ok || known.state != state {
		s.byKey[key] = sighting{state, now, now}
	}
}

func (s *sightings) forget(key string) { delete(s.byKey, key) }

// since returns when a state was first seen, if it is the known one.
func (s *sightings) since(key, state string) (time.Time, bool) {
	known, ok := s.byKey[key]
	return known.first, ok && known.state == state
}

// staleAt returns from when a Lease is stale that is renewed at least once in the given time, if nothing changes; ok is false if that
// cannot be said, because nothing can be seen at present.
func (s *sightings) staleAt(key string, duration time.Duration, now time.Time) (at time.Time, ok bool) {
	if s.fresh.IsZero() || now.Sub(s.fresh) > s.blind {
		return time.Time{}, false
	}
	return s.byKey[key].age.Add(duration), true
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
