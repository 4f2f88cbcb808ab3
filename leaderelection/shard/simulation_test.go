package shard

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

const (
	troubles = 8
	// again is how long after the last fault all objects have one owner again, and the shards are shared out: LeaseDuration and 2.2 retry
	// periods until those of a lost replica are free, with a tenth for good measure, and a second for work to stop.
	again = (15*time.Second+4400*time.Millisecond)*11/10 + time.Second
)

// trouble does one bad thing, and returns how long it lasts.
func (c *crew) trouble(i int) time.Duration {
	alive := c.alive()
	m := alive[c.random.IntN(len(alive))]
	kind := c.random.IntN(6)
	if len(alive) < 2 {
		kind = 0
	}
	switch kind {
	case 0, 1:
		c.join(fmt.Sprint("late-", i))
		return 0
	case 2:
		c.leave(m)
		return 0
	case 3:
		c.kill(m)
		return 0
	}
	lost := kind == 4 // else only late, as for a process that was paused
	d := time.Duration(c.random.Int64N(int64(30 * time.Second)))
	c.mu.Lock()
	m.cut = true
	c.note("%s is cut off for %v, lost %v", m.group.identity, d, lost)
	c.mu.Unlock()
	m.link.close(lost)
	c.wg.Go(func() {
		time.Sleep(d)
		c.mu.Lock()
		defer c.mu.Unlock()
		if !m.killed {
			m.link.open()
		}
	})
	return d
}

// story is a random one: every object has at most one owner at any instant, and exactly one soon after the last fault.
func story(t *testing.T, seed uint64) {
	c := newCrew(t, seed, Options{Shards: 6})
	for i := range 3 + c.random.IntN(2) {
		c.join(fmt.Sprint("first-", i))
	}
	var longest time.Duration
	for i := range troubles {
		for range c.random.IntN(60) {
			time.Sleep(200 * time.Millisecond)
			c.look()
		}
		longest = max(longest-time.Second, c.trouble(i))
	}
	for begin := time.Now(); time.Since(begin) < longest; time.Sleep(200 * time.Millisecond) {
		c.look()
	}
	c.settle(again)
	time.Sleep(20 * time.Second)
	if orphans := c.look(); orphans > 0 {
		c.fault("%d objects without an owner, long after", orphans)
	}
}

func TestEveryObjectHasAtMostOneOwnerAndSoonExactlyOne(t *testing.T) {
	const groups = 2
	for group := range uint64(groups) {
		t.Run(fmt.Sprint("group ", group), func(t *testing.T) {
			t.Parallel()
			for seed := group; seed < seeds; seed += groups {
				synctest.Test(t, func(t *testing.T) { story(t, seed) })
				if t.Failed() {
					t.Fatalf("seed %d", seed)
				}
			}
		})
	}
}
