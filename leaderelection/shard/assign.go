package shard

import (
	"cmp"
	"hash/fnv"
	"slices"
)

// assign returns who should hold each shard: as many each, give or take one, and as few changes of holders as that allows. holders are
// those that have them now; "", or somebody who is not among the live, is nobody. It depends on nothing else, and stays the same while the
// changes that it asks for happen one by one, so that replicas which see the same need not agree on anything.
func assign(holders []string, live []string) []string {
	targets := make([]string, len(holders))
	if len(live) == 0 {
		return targets
	}
	room := quotas(holders, live)
	var free []int
	for shard, holder := range byPreference(holders) {
		if room[holder] > 0 {
			targets[shard] = holder
			room[holder]--
		} else {
			free = append(free, shard)
		}
	}
	slices.Sort(free)
	for _, shard := range free {
		best := ""
		for _, replica := range live {
			if room[replica] > 0 && (best == "" || rank(replica, shard) > rank(best, shard)) {
				best = replica
			}
		}
		targets[shard] = best
		room[best]--
	}
	return targets
}

// quotas returns how many shards each replica should have. Where they do not come out even, some have one more: rather those that have more
// than the others already, whatever the number, so that the choice does not change while they give shards up.
func quotas(holders, live []string) map[string]int {
	held := map[string]int{}
	for _, h := range holders {
		held[h]++
	}
	least := len(holders) / len(live)
	rich := func(replica string) int { return min(1, max(0, held[replica]-least)) }
	order := slices.Clone(live)
	slices.SortFunc(order, func(a, b string) int {
		return cmp.Or(cmp.Compare(rich(b), rich(a)), cmp.Compare(rank(b, -1), rank(a, -1)), cmp.Compare(a, b))
	})
	room := map[string]int{}
	for i, replica := range order {
		room[replica] = least
		if i < len(holders)%len(live) {
			room[replica]++
		}
	}
	return room
}

// byPreference yields the shards and their holders, so that those which a holder should rather keep come first.
func byPreference(holders []string) func(yield func(int, string) bool) {
	order := make([]int, len(holders))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(rank(holders[b], b), rank(holders[a], a))
	})
	return func(yield func(int, string) bool) {
		for _, shard := range order {
			if !yield(shard, holders[shard]) {
				return
			}
		}
	}
}

// rank is how much a replica is the one for a shard: a number like a random one, the same for everybody.
func rank(replica string, shard int) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte{byte(shard), byte(shard >> 8), byte(shard >> 16)})
	_, _ = h.Write([]byte(replica))
	x := h.Sum64() // whose high bits hardly depend on the last characters
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
