package leaderelection

import (
	"math"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
)

func TestDecisionsFollowFromTheStateAlone(t *testing.T) {
	const s = time.Second
	held := func(change func(*state)) state {
		st := state{record: record{known: true, version: "7", lease: &coordinationv1.Lease{}, expires: 20 * s}, nextRead: 12 * s}
		change(&st)
		return st
	}
	lead := func(change func(*state)) state {
		return held(func(st *state) {
			st.phase, st.mine, st.until, st.nextWrite = leading, true, 15*s, 12*s
			change(st)
		})
	}
	none := func(*state) {}
	tests := []struct {
		name  string
		state state
		want  action
		until time.Duration
	}{
		{"nothing is known: ask", state{}, read, 0},
		{"nothing is known, and a question is under way", state{nextRead: 12 * s, reads: 1}, wait, 12 * s},
		{"too many questions are under way", state{reads: maxInFlight}, wait, math.MaxInt64},
		{"another holds it: wait for the next poll", held(none), wait, 12 * s},
		{"another holds it: poll", held(func(st *state) { st.nextRead = 10 * s }), read, 0},
		{"another holds it, and expires before the next poll", held(func(st *state) { st.expires = 11 * s }), wait, 11 * s},
		{"it has expired: claim it", held(func(st *state) { st.expires = 10 * s }), write, 0},
		{"it has expired, and a claim failed just now", held(func(st *state) { st.expires, st.nextWrite = 10*s, 11*s }), wait, 11 * s},
		{"it has expired, and a claim met another state: look", held(func(st *state) { st.expires, st.doubt, st.nextRead = 10*s, true, 0 }), read, 0},
		{"it has expired, and too many claims are under way", held(func(st *state) { st.expires, st.writes = 10*s, maxInFlight }), wait, 12 * s},
		{"it does not exist: create it", held(func(st *state) { st.lease, st.expires = nil, 0 }), write, 0},
		{"a claim succeeded: begin", held(func(st *state) { st.mine, st.until = true, 11*s }), begin, 0},
		{"a claim succeeded, but the answer took too long: claim again", held(func(st *state) { st.mine, st.until = true, 10*s }), write, 0},
		{"a claim succeeded that an earlier leadership had begun with: claim again", held(func(st *state) { st.mine, st.until, st.token = true, 11*s, "7" }), write, 0},
		{"leading: wait for the next renewal", lead(none), wait, 12 * s},
		{"leading: renew", lead(func(st *state) { st.nextWrite = 10 * s }), write, 0},
		{"leading: renew although an answer is missing", lead(func(st *state) { st.nextWrite, st.writes = 10*s, 1 }), write, 0},
		{"leading, and too many renewals are under way", lead(func(st *state) { st.nextWrite, st.writes = 10*s, maxInFlight }), wait, 15 * s},
		{"leading, and the end is nearer than the next renewal", lead(func(st *state) { st.until = 11 * s }), wait, 11 * s},
		{"leading, not renewed in time", lead(func(st *state) { st.until = 10 * s }), stepDown, 0},
		{"leading, and another holds it", lead(func(st *state) { st.mine = false }), stepDown, 0},
		{"leading, and a renewal met another state: look before renewing again", lead(func(st *state) { st.doubt, st.nextRead, st.nextWrite = true, 0, 0 }), read, 0},
		{"leading in doubt without an answer", lead(func(st *state) { st.doubt, st.until = true, 11*s }), wait, 11 * s},
		{"lost, the work still runs: only look", held(func(st *state) { st.phase, st.expires, st.nextRead = stopping, 0, 10*s }), read, 0},
		{"lost, the work still runs, it is free: leave it", held(func(st *state) { st.phase, st.expires = stopping, 0 }), wait, 12 * s},
	}
	for _, test := range tests {
		if do, until := test.state.decide(10 * s); do != test.want || until != test.until {
			t.Errorf("%s: %v until %v, want %v until %v", test.name, do, until, test.want, test.until)
		}
	}
	if text := following.String() + " " + begin.String(); text != "following begin" {
		t.Error(text)
	}
}
