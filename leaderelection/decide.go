package leaderelection

import (
	"math"
	"time"
)

// phase is what a candidate is doing.
type phase uint8

const (
	following phase = iota // waiting for the Lease
	leading                // holding it; the work runs
	stopping               // it was lost, and the work has not returned yet
)

func (p phase) String() string { return [...]string{"following", "leading", "stopping"}[p] }

// action is what to do next.
type action uint8

const (
	wait     action = iota
	read            // ask for the Lease
	write           // claim or renew it
	stepDown        // end the leadership
	begin           // start the work
	yield           // end the work in good order, and then release the Lease
)

func (a action) String() string {
	return [...]string{"wait", "read", "write", "step down", "begin", "yield"}[a]
}

// state is all that the decisions depend on. Times are on the candidate's clock.
type state struct {
	record
	phase     phase
	silent    bool          // the server's way of electing is not known yet: do not claim anything
	yielding  bool          // the work has been told to end, for another candidate
	until     time.Duration // for how long the last successful write is good: RenewDeadline after it was sent
	token     string        // of the present or last leadership: the next one needs a new one, so a new write
	doubt     bool          // a write met another state than expected: look before writing again
	reads     int           // in flight
	writes    int
	nextRead  time.Duration // not before
	nextWrite time.Duration
}

// decide returns what to do now, and if that is to wait, until when at the latest.
func (s *state) decide(now time.Duration) (do action, until time.Duration) {
	switch s.phase {
	case leading:
		return s.decideLeading(now)
	case following:
		return s.decideFollowing(now)
	default: // keep an eye on it, but do not touch it: another may lead by now
		return s.poll(now, math.MaxInt64)
	}
}

func (s *state) decideLeading(now time.Duration) (action, time.Duration) {
	switch {
	case now >= s.until || !s.mine:
		return stepDown, 0
	case s.unwanted() && !s.yielding:
		return yield, 0
	case s.doubt:
		return s.poll(now, s.until)
	case s.writes == maxInFlight:
		return wait, s.until
	case now >= s.nextWrite:
		return write, 0
	}
	return wait, min(s.until, s.nextWrite)
}

func (s *state) decideFollowing(now time.Duration) (action, time.Duration) {
	if s.mine && now < s.until && s.version != s.token {
		return begin, 0
	}
	switch {
	case !s.known || s.doubt || s.silent:
		return s.poll(now, math.MaxInt64)
	case !s.free(now) && now < s.expires:
		return s.poll(now, s.expires)
	case !s.free(now): // it is for the server to say who is next
		return s.poll(now, math.MaxInt64)
	case s.writes == maxInFlight:
		return s.poll(now, math.MaxInt64)
	case now >= s.nextWrite:
		return write, 0
	}
	return s.poll(now, s.nextWrite)
}

// poll reads when it is time to, and else waits for that, but not beyond latest.
func (s *state) poll(now, latest time.Duration) (action, time.Duration) {
	switch {
	case s.reads == maxInFlight:
		return wait, latest
	case now >= s.nextRead:
		return read, 0
	}
	return wait, min(latest, s.nextRead)
}
