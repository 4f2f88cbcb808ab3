package shard

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// checkAssignment returns what is wrong with an assignment.
func checkAssignment(holders, live, targets []string) error {
	count := map[string]int{}
	kept, held := 0, map[string]int{}
	for i, target := range targets {
		if !slices.Contains(live, target) {
			return fmt.Errorf("shard %d goes to %q, which is not alive", i, target)
		}
		count[target]++
		held[holders[i]]++
		if target == holders[i] {
			kept++
		}
	}
	least := len(holders) / len(live)
	for _, replica := range live {
		if n := count[replica]; n < least || n > least+1 {
			return fmt.Errorf("%q gets %d of %d shards, there are %d replicas", replica, n, len(holders), len(live))
		}
	}
	// No fair assignment can leave more shards where they are: each replica keeps what it has up to its part, and the parts that are one
	// larger are best given to those who have so many.
	most, extra := 0, len(holders)%len(live)
	for _, replica := range live {
		most += min(held[replica], least)
		if held[replica] > least && extra > 0 {
			most, extra = most+1, extra-1
		}
	}
	if kept != most {
		return fmt.Errorf("%d shards stay where they are, %d could", kept, most)
	}
	return nil
}

// randomGroup returns random holders, some of them dead, and random live replicas.
func randomGroup(random *rand.Rand) (holders, live []string) {
	for i := range 1 + random.IntN(9) {
		live = append(live, fmt.Sprint("replica-", i))
	}
	known := append(slices.Clone(live), "", "dead-1", "dead-2")
	if random.IntN(2) == 0 {
		known = known[:1+random.IntN(len(known))]
	}
	for range 1 + random.IntN(40) {
		holders = append(holders, known[random.IntN(len(known))])
	}
	return holders, live
}

func TestAssignmentIsFairAndMovesTheLeast(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for range 5_000 {
		holders, live := randomGroup(random)
		if err := checkAssignment(holders, live, assign(holders, live)); err != nil {
			t.Fatalf("%q among %q: %v", holders, live, err)
		}
	}
}

func TestAssignmentStaysTheSameWhileItIsCarriedOut(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 2))
	for range 1_000 {
		holders, live := randomGroup(random)
		want := assign(holders, live)
		for _, i := range random.Perm(len(holders)) {
			for range 2 { // given up, then taken
				switch holders[i] {
				case want[i]:
				case "":
					holders[i] = want[i]
				default:
					holders[i] = ""
				}
				if have := assign(holders, live); !slices.Equal(have, want) {
					t.Fatalf("%q among %q: first %q, then %q", holders, live, want, have)
				}
			}
		}
	}
}

func TestReplicasThatComeAndGoMoveOnlyTheirPart(t *testing.T) {
	var live []string
	holders := make([]string, 64)
	for i := range 8 {
		live = append(live, fmt.Sprint("replica-", i))
		before := holders
		holders = assign(holders, live)
		moved := 0
		for s := range holders {
			if holders[s] != before[s] {
				moved++
				if holders[s] != live[i] {
					t.Errorf("shard %d went from %q to %q when %q came", s, before[s], holders[s], live[i])
				}
			}
		}
		if moved > 64/(i+1) {
			t.Errorf("%d shards moved to the replica that came as number %d", moved, i+1)
		}
	}
	left := assign(holders, live[1:])
	for s := range holders {
		if holders[s] != live[0] && left[s] != holders[s] {
			t.Errorf("shard %d went from %q to %q when %q left", s, holders[s], left[s], live[0])
		}
	}
}

func FuzzAssignment(f *testing.F) {
	f.Add([]byte{0, 1, 2, 0, 200, 1}, uint8(3))
	f.Add([]byte{5}, uint8(1))
	f.Fuzz(func(t *testing.T, holders []byte, replicas uint8) {
		var live, held []string
		for i := range 1 + replicas%20 {
			live = append(live, fmt.Sprint(i))
		}
		for _, h := range holders[:min(len(holders), maxShards)] {
			held = append(held, fmt.Sprint(h%30))
		}
		if len(held) == 0 {
			return
		}
		targets := assign(held, live)
		if err := checkAssignment(held, live, targets); err != nil {
			t.Fatalf("%q among %q: %v", held, live, err)
		}
		slices.Reverse(live)
		if again := assign(held, live); !slices.Equal(again, targets) {
			t.Fatalf("in another order %q is %q", targets, again)
		}
	})
}
