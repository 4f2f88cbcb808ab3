package reflector

import (
	"math/rand/v2"
	"time"
)

// Backoff returns how long to wait after so many failures in a row; the first is 1.
type Backoff func(failures int) time.Duration

// The default back-off's numbers.
const (
	backoffBase = 800 * time.Millisecond
	backoffMax  = 30 * time.Second
	// healthy is how long things must go well until failures are forgotten.
	healthy = 2 * time.Minute
)

// DefaultBackoff waits 0.8 s after the first failure and twice as long after each further one, up to 30 s; each wait is uniformly
// distributed between that and its double, so that clients of one server spread.
func DefaultBackoff(failures int) time.Duration { return spread(backoffFor(failures), rand.Int64N) }

func backoffFor(failures int) time.Duration {
	if shift := max(failures, 1) - 1; shift < 6 {
		return min(backoffMax, backoffBase<<shift)
	}
	return backoffMax
}

func spread(d time.Duration, random func(int64) int64) time.Duration {
	return d + time.Duration(random(int64(d)))
}

// pauses counts failures in a row. It is the only place that decides how long to wait.
type pauses struct {
	backoff Backoff
	count   int
	well    time.Time // since when things have gone well; zero: they do not
}

// succeeded says that the server accepted what was asked of it.
func (p *pauses) succeeded(now time.Time) {
	if p.well.IsZero() {
		p.well = now
	}
}

// failed counts a failure and returns its number in the row. One that comes after a long time of health starts a new row.
func (p *pauses) failed(now time.Time) int {
	if !p.well.IsZero() && now.Sub(p.well) >= healthy {
		p.count = 0
	}
	p.well = time.Time{}
	p.count++
	return p.count
}

// next returns the wait after the last failure. The server's own wish counts when it is longer.
func (p *pauses) next(wish time.Duration) time.Duration { return max(p.backoff(p.count), wish) }
