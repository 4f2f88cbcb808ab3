package workqueue

import (
	"sync/atomic"
	"time"
)

// grain is how old the time of a start may be in a queue without metrics, plus what a timer takes to fire.
const grain = 10 * time.Millisecond

// clock measures time from the queue's epoch, on the monotonic clock.
type clock struct {
	epoch time.Time
	last  int64       // the last reading of recent; owned by the queue's lock
	fresh atomic.Bool // last still holds
	timer *time.Timer // ends that; nil until the queue has been busy
}

func newClock() clock { return clock{epoch: time.Now(), last: -int64(grain)} }

// now returns the time since the epoch. It reads the monotonic clock alone, which takes half as long as time.Now.
func (c *clock) now() int64 { return int64(time.Since(c.epoch)) }

// recent returns the time or, if the queue is busy, one that is a grain old at most. So a busy queue reads the clock, and sets a
// timer, a hundred times a second and not at each Get; others set no timer.
func (c *clock) recent() int64 {
	if c.fresh.Load() {
		return c.last
	}
	now := c.now()
	if now-c.last < int64(grain) {
		c.fresh.Store(true)
		if c.timer == nil {
			c.timer = time.AfterFunc(grain, func() { c.fresh.Store(false) })
		} else {
			c.timer.Reset(grain)
		}
	}
	c.last = now
	return now
}
