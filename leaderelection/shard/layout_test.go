package shard

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/sharding"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sheaf-dev/sheaf/resource"
)

// matches says whether a server would select a value by a shard's selector.
func matches(s Shard, value string) bool {
	var field, from, to string
	if _, err := fmt.Sscanf(s.Selector(), "shardRange(object.metadata.%s '%s '%s", &field, &from, &to); err != nil {
		return false
	}
	from, to = from[:len(from)-2], to[:len(to)-2]
	h := "0x" + sharding.HashField(value)
	return !sharding.HexLess(h, from) && sharding.HexLess(h, to)
}

func TestEveryValueIsInTheOneShardWhoseSelectorMatches(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{1, 2, 3, 7, 16, 1000} {
		for _, l := range []Layout{{ByUID, even(n)}, {ByNamespace, even(n)}, {ByNamespace, balanced(n, []string{"a", "b", "c", "d", "e", "f", "g", "h"})}} {
			if l.Len() != n || l.starts[0] != 0 || !slices.IsSorted(l.starts) {
				t.Fatalf("%v", l)
			}
			for range 20 {
				value := fmt.Sprint(random.Uint64())
				in := l.Of(resource.Key{Namespace: value}, types.UID(value))
				for i := range n {
					s := l.Shard(i)
					if have := matches(s, value); have != (i == in) || s.Contains(resource.Key{Namespace: value}, types.UID(value)) != have {
						t.Fatalf("%q is in shard %d of %v; %s matches: %v", value, in, l, s.Selector(), have)
					}
				}
			}
			if again, err := parseLayout(l.String()); err != nil || again.String() != l.String() {
				t.Errorf("%v read back is %v, %v", l, again, err)
			}
		}
	}
}

func TestOnlyTheDecidingFieldCounts(t *testing.T) {
	byNamespace, byUID := Layout{ByNamespace, even(64)}, Layout{ByUID, even(64)}
	a, b := resource.Key{Namespace: "a", Name: "x"}, resource.Key{Namespace: "a", Name: "y"}
	if byNamespace.Of(a, "1") != byNamespace.Of(b, "2") || byUID.Of(a, "1") != byUID.Of(resource.Key{}, "1") {
		t.Error("more than one field counts")
	}
}

// Names that differ in their last characters have hashes close together.
func TestSampledBoundsShareSimilarNamesOut(t *testing.T) {
	var tenants []string
	for i := range 100 {
		tenants = append(tenants, fmt.Sprintf("tenant-%02d", i))
	}
	largest := func(starts []uint64) int {
		l, count := Layout{ByNamespace, starts}, make([]int, 16)
		for _, tenant := range tenants {
			count[l.Of(resource.Key{Namespace: tenant}, "")]++
		}
		return slices.Max(count)
	}
	if n := largest(even(16)); n != 100 {
		t.Errorf("ranges of one size: %d of 100 in one shard; if that is better than it was, Sample is not needed", n)
	}
	if n := largest(balanced(16, tenants)); n > 7 {
		t.Errorf("sampled ranges: %d of 100 in one shard", n)
	}
}

func TestWhatIsNoLayoutIsRefused(t *testing.T) {
	for _, text := range []string{"", "namespace", "name 0", "uid 1 2", "uid 0 x", "uid 0 5 5", "uid 0 5 4", "uid 0 10000000000000000"} {
		if l, err := parseLayout(text); err == nil {
			t.Errorf("%q is %v", text, l)
		}
	}
}
