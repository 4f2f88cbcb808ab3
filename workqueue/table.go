package workqueue

import (
	"hash/maphash"
	"time"
)

const (
	slab        = 64          // items that are allocated together
	leastSize   = 64          // buckets
	shrinkAbove = 4096        // buckets; a smaller table never gives memory back
	shrinkEvery = time.Minute // a table that breathes faster keeps its memory: no allocation in steady state
)

// table finds the item of a key, and recycles items. It is a chained hash table and not a Go map for two reasons: each
// item keeps its hash, so that a key is hashed outside the lock and but once a call, and the table can shrink.
type table[K comparable] struct {
	buckets []*item[K] // a power of two, at least as many as items
	size    int
	free    *item[K]
	now     func() int64
	shrunk  int64 // when
}

var seed = maphash.MakeSeed()

func hash[K comparable](key K) uint32 { return uint32(maphash.Comparable(seed, key)) }

func (t *table[K]) find(key K, hash uint32) *item[K] {
	if len(t.buckets) == 0 {
		return nil
	}
	it := t.buckets[int(hash)&(len(t.buckets)-1)]
	for it != nil && (it.hash != hash || it.key != key) {
		it = it.chain
	}
	return it
}

// obtain returns the key's item, a new one if there is none. A caller that leaves it without a state must drop it.
func (t *table[K]) obtain(key K, hash uint32) *item[K] {
	if it := t.find(key, hash); it != nil {
		return it
	}
	if t.free == nil {
		fresh := make([]item[K], slab)
		for i := range fresh {
			fresh[i].next, t.free = t.free, &fresh[i]
		}
	}
	if t.size >= len(t.buckets) {
		t.resize(max(leastSize, 2*len(t.buckets)))
	}
	it := t.free
	t.free, it.next = it.next, nil
	it.key, it.hash = key, hash
	bucket := &t.buckets[int(hash)&(len(t.buckets)-1)]
	it.chain, *bucket = *bucket, it
	t.size++
	return it
}

// drop forgets an item that has nothing to be remembered for.
func (t *table[K]) drop(it *item[K]) {
	if it.state != 0 || it.requeues != 0 {
		return
	}
	at := &t.buckets[int(it.hash)&(len(t.buckets)-1)]
	for *at != it {
		at = &(*at).chain
	}
	*at = it.chain
	t.size--
	*it = item[K]{next: t.free}
	t.free = it
	if len(t.buckets) > shrinkAbove && t.size < len(t.buckets)/16 {
		t.shrink()
	}
}

// shrink gives back what a burst of keys has left behind: buckets, and all free items whose slab holds no other.
func (t *table[K]) shrink() {
	if now := t.now(); now-t.shrunk > int64(shrinkEvery) {
		t.resize(len(t.buckets) / 8)
		t.free, t.shrunk = nil, now
	}
}

func (t *table[K]) resize(n int) {
	old := t.buckets
	t.buckets = make([]*item[K], n)
	for _, it := range old {
		for it != nil {
			next := it.chain
			bucket := &t.buckets[int(it.hash)&(n-1)]
			it.chain, *bucket = *bucket, it
			it = next
		}
	}
}

// all calls f with each item, in no order.
func (t *table[K]) all(f func(*item[K])) {
	for _, it := range t.buckets {
		for ; it != nil; it = it.chain {
			f(it)
		}
	}
}
