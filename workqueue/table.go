package workqueue

import (
	"hash/maphash"
	"sync/atomic"
	"time"
)

const (
	slab        = 64          // items that are allocated together
	leastSize   = 64          // buckets
	shrinkAbove = 4096        // buckets; a smaller table never gives memory back
	shrinkEvery = time.Minute // a table that breathes faster keeps its memory: no allocation in steady state
)

// table finds the item of a key, and recycles items. It is a chained hash table and not a Go map for three reasons: each item keeps
// its hash, so that a key is hashed outside the lock and but once a call; the table can shrink; and as long as it holds a
// few items it hashes none but looks at all of them, for the keys of a queue that keeps up come from memory that no cache holds,
// and waiting for that takes longer than all the rest of Add, Get and Done.
type table[K comparable] struct {
	few     [few]*item[K] // all items, unless hashed
	hashed  atomic.Bool   // all items are in buckets; written under the lock
	buckets []*item[K]    // a power of two, at least as many as items
	size    int
	free    *item[K]
	now     func() int64
	shrunk  int64 // when
}

// few is how many items need no hashes. More would cost more to look at.
const few = 4

var seed = maphash.MakeSeed()

// hash is never zero: that stands for a hash that is not known.
func hash[K comparable](key K) uint32 { return uint32(maphash.Comparable(seed, key)) | 1<<31 }

// hashOf is called without the lock, and returns zero if the table looks as if it would not need the hash.
func (t *table[K]) hashOf(key K) uint32 {
	if !t.hashed.Load() {
		return 0
	}
	return hash(key)
}

func (t *table[K]) find(key K, hashed uint32) *item[K] {
	if !t.hashed.Load() {
		for _, it := range t.few[:t.size] {
			if it.key == key {
				return it
			}
		}
		return nil
	}
	if hashed == 0 {
		hashed = hash(key)
	}
	it := *t.bucket(hashed)
	for it != nil && (it.hash != hashed || it.key != key) {
		it = it.chain
	}
	return it
}

func (t *table[K]) bucket(hash uint32) **item[K] { return &t.buckets[int(hash)&(len(t.buckets)-1)] }

// obtain returns the key's item, a new one if there is none. A caller that leaves it without a state must drop it.
func (t *table[K]) obtain(key K, hashed uint32) *item[K] {
	if it := t.find(key, hashed); it != nil {
		return it
	}
	if t.free == nil {
		fresh := make([]item[K], slab)
		for i := range fresh {
			fresh[i].next, t.free = t.free, &fresh[i]
		}
	}
	it := t.free
	t.free, it.next = it.next, nil
	it.key, it.hash = key, hashed
	t.insert(it)
	return it
}

func (t *table[K]) insert(it *item[K]) {
	if !t.hashed.Load() {
		if t.size < few {
			t.few[t.size] = it
			t.size++
			return
		}
		t.spread()
	}
	if t.size >= len(t.buckets) {
		t.resize(2 * len(t.buckets))
	}
	t.chain(it)
	t.size++
}

// chain puts an item into its bucket.
func (t *table[K]) chain(it *item[K]) {
	if it.hash == 0 {
		it.hash = hash(it.key)
	}
	bucket := t.bucket(it.hash)
	it.chain, *bucket = *bucket, it
}

// spread moves the few items into buckets.
func (t *table[K]) spread() {
	if len(t.buckets) == 0 {
		t.resize(leastSize)
	}
	for i, it := range t.few {
		t.chain(it)
		t.few[i] = nil
	}
	t.hashed.Store(true)
}

// drop forgets an item that has nothing to be remembered for.
func (t *table[K]) drop(it *item[K]) {
	if it.state != 0 || it.requeues != 0 {
		return
	}
	t.remove(it)
	*it = item[K]{next: t.free}
	t.free = it
	if len(t.buckets) > shrinkAbove && t.size < len(t.buckets)/16 {
		t.shrink()
	}
}

func (t *table[K]) remove(it *item[K]) {
	t.size--
	if !t.hashed.Load() {
		for i := range t.few {
			if t.few[i] == it {
				t.few[i], t.few[t.size] = t.few[t.size], nil
				return
			}
		}
	}
	at := t.bucket(it.hash)
	for *at != it {
		at = &(*at).chain
	}
	*at = it.chain
	if t.size == 0 {
		t.hashed.Store(false)
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
			t.chain(it)
			it = next
		}
	}
}

// all calls f with each item, in no order.
func (t *table[K]) all(f func(*item[K])) {
	if !t.hashed.Load() {
		for _, it := range t.few[:t.size] {
			f(it)
		}
		return
	}
	for _, it := range t.buckets {
		for ; it != nil; it = it.chain {
			f(it)
		}
	}
}
