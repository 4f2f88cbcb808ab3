package store

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// growAndShrink adds and removes random numbers, more of the one or the other by turns, and holds copies.
func growAndShrink(t *testing.T, random *rand.Rand, bound, steps int) {
	t.Helper()
	var s set
	there := map[uint32]bool{}
	type held struct {
		set
		members []uint32
	}
	var holding []held
	for step := range steps {
		if step%50 == 0 { // a new batch: what is held must not change from here on
			holding = append(holding, held{s, slices.Clone(s.members())})
			s.own()
		}
		n := uint32(random.IntN(bound))
		growing := step*4/steps%2 == 0
		switch {
		case there[n] && (!growing || random.IntN(4) == 0):
			s.remove(n)
			delete(there, n)
		case !there[n] && (growing || random.IntN(4) == 0):
			s.add(n)
			there[n] = true
		}
		if err := s.check(); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.members(); len(got) != len(there) || slices.ContainsFunc(got, func(n uint32) bool { return !there[n] }) {
		t.Fatalf("%d members, want %d", len(got), len(there))
	}
	for i, h := range holding {
		if !slices.Equal(h.set.members(), h.members) {
			t.Fatalf("copy %d has changed", i)
		}
	}
}

func TestASetKeepsItsMembersInOrderAndItsCopiesUnchanged(t *testing.T) {
	for seed := range uint64(4) {
		growAndShrink(t, rand.New(rand.NewPCG(seed, 1)), 40, 1_000)
		growAndShrink(t, rand.New(rand.NewPCG(seed, 2)), 3_000, 20_000)
	}
}

func TestASetOfAscendingNumbersHasFullChunks(t *testing.T) {
	var s set
	const count = 10 * chunkSize
	for n := range uint32(count) {
		s.add(n)
	}
	if err := s.check(); err != nil {
		t.Fatal(err)
	}
	if got := len(s.chunks.list); got != count/chunkSize {
		t.Errorf("%d chunks, want %d", got, count/chunkSize)
	}
	if bytes := s.bytes(); bytes > 5*count {
		t.Errorf("%d bytes for %d numbers", bytes, count)
	}
}

func TestASetThatShrinksGoesBackToOneSlice(t *testing.T) {
	var s set
	for n := range uint32(3 * chunkSize) {
		s.add(n)
	}
	for n := uint32(3 * chunkSize); n > 5; n-- {
		s.remove(n - 1)
		if err := s.check(); err != nil {
			t.Fatal(err)
		}
	}
	if s.chunks != nil || s.len() != 5 {
		t.Errorf("%d members in chunks %v", s.len(), s.chunks)
	}
}

func TestRemovingTheLastMemberAndAddingAnotherLeavesACopyAlone(t *testing.T) {
	var s set
	for n := range uint32(6) {
		s.add(n * 10)
	}
	before := s
	s.remove(50)
	s.add(70)
	if got := before.members(); !slices.Equal(got, []uint32{0, 10, 20, 30, 40, 50}) {
		t.Errorf("the copy has become %v", got)
	}
}
