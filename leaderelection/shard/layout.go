package shard

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"sort"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/sheaf-dev/sheaf/resource"
)

// Field is what of an object decides to which shard it belongs. It never changes in an object's life.
type Field string

// The fields whose hashes a server can select by.
const (
	// ByNamespace keeps a namespace's objects together, of all resources. Objects of cluster scope are all in one shard.
	ByNamespace Field = "namespace"
	// ByUID spreads the objects of a single resource evenly. An object and those it owns are in different shards.
	ByUID Field = "uid"
)

// Layout says which objects belong to which shard. It is immutable; all replicas of a group have the same one.
type Layout struct {
	by     Field
	starts []uint64 // of each shard's range of hashes, ascending; the first is 0
}

// hash is the server's: 64-bit FNV-1a.
func hash(value string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(value))
	return h.Sum64()
}

// even divides the hashes into n ranges of one size.
func even(n int) []uint64 {
	starts := make([]uint64, n)
	step := ^uint64(0)/uint64(n) + 1
	if n == 1 {
		step = 0
	}
	for i := range starts {
		starts[i] = uint64(i) * step
	}
	return starts
}

// balanced divides the hashes into n ranges that hold equally many of the values, as far as they are different and enough.
func balanced(n int, values []string) []uint64 {
	hashes := make([]uint64, len(values))
	for i, v := range values {
		hashes[i] = hash(v)
	}
	slices.Sort(hashes)
	hashes = slices.Compact(hashes)
	if len(hashes) < n {
		return even(n)
	}
	starts := make([]uint64, n)
	for i := 1; i < n; i++ {
		starts[i] = hashes[i*len(hashes)/n]
	}
	return starts
}

// newLayout makes the layout of a new group.
func newLayout(ctx context.Context, opts Options) (Layout, error) {
	l := Layout{by: opts.By, starts: even(opts.Shards)}
	if opts.Sample == nil {
		return l, nil
	}
	values, err := opts.Sample(ctx)
	if err != nil {
		return l, fmt.Errorf("the sample for the shards' bounds: %w", err)
	}
	l.starts = balanced(opts.Shards, values)
	return l, nil
}

// By returns the field that decides.
func (l Layout) By() Field { return l.by }

// Len returns the number of shards.
func (l Layout) Len() int { return len(l.starts) }

// Shard returns the shard with that index, from 0 to below Len.
func (l Layout) Shard(index int) Shard { return Shard{layout: l, Index: index} }

// Of returns the index of the shard that an object belongs to. Only the field that decides counts; the other may be empty.
func (l Layout) Of(key resource.Key, uid types.UID) int {
	value := key.Namespace
	if l.by == ByUID {
		value = string(uid)
	}
	h := hash(value)
	return sort.Search(len(l.starts), func(i int) bool { return l.starts[i] > h }) - 1
}

// String is how a layout is written down, for the other replicas: "namespace 0 4000000000000000 …".
func (l Layout) String() string {
	text := []string{string(l.by)}
	for _, start := range l.starts {
		text = append(text, strconv.FormatUint(start, 16))
	}
	return strings.Join(text, " ")
}

// parseLayout reads what String has written.
func parseLayout(text string) (Layout, error) {
	words := strings.Fields(text)
	if len(words) < 2 {
		return Layout{}, fmt.Errorf("%q is not a layout: want a field and the starts of the shards", text)
	}
	l := Layout{by: Field(words[0])}
	if l.by != ByNamespace && l.by != ByUID {
		return Layout{}, fmt.Errorf("%q is not a layout: the field is %q", text, words[0])
	}
	for i, word := range words[1:] {
		start, err := strconv.ParseUint(word, 16, 64)
		if err != nil || i == 0 && start != 0 || i > 0 && start <= l.starts[i-1] {
			return Layout{}, fmt.Errorf("%q is not a layout: %q is no start of shard %d", text, word, i)
		}
		l.starts = append(l.starts, start)
	}
	return l, nil
}

// Shard is one of the parts that the objects are divided into: those whose hash is in a range.
type Shard struct {
	// Index is from 0 to below the number of shards.
	Index  int
	layout Layout
}

// Contains says whether an object belongs to the shard. Only the field that decides counts.
func (s Shard) Contains(key resource.Key, uid types.UID) bool {
	return s.layout.Of(key, uid) == s.Index
}

// Selector returns the shard as a ListOptions.ShardSelector, in the server's own hash.
func (s Shard) Selector() string {
	end := "0x10000000000000000"
	if next := s.Index + 1; next < len(s.layout.starts) {
		end = fmt.Sprintf("0x%016x", s.layout.starts[next])
	}
	return fmt.Sprintf("shardRange(object.metadata.%s, '0x%016x', '%s')", s.layout.by, s.layout.starts[s.Index], end)
}

// String names the shard for logs.
func (s Shard) String() string { return fmt.Sprintf("shard %d of %d", s.Index, len(s.layout.starts)) }
