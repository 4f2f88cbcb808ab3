package workqueue

import (
	"math/rand/v2"
	"time"

	"golang.org/x/time/rate"
)

// RateLimiter says how long a key is delayed that failed. It is told how often the key was requeued before, which the
// queue counts, so most limiters have no state. When may be called concurrently, and asking it may take something, such as
// a token out of a bucket: ask once a requeue.
type RateLimiter interface {
	When(requeues int) time.Duration
}

// RateLimiterFunc is a function as a RateLimiter.
type RateLimiterFunc func(requeues int) time.Duration

// When calls the function.
func (f RateLimiterFunc) When(requeues int) time.Duration { return f(requeues) }

// DefaultRateLimiter delays a key by the longer of 5 ms·2ⁿ, up to 1000 s, and of what a bucket of 100 tokens with 10 new
// ones a second says, and up to a tenth longer, so that keys that failed together do not come back together.
func DefaultRateLimiter() RateLimiter {
	return WithJitter(MaxOf(Exponential(5*time.Millisecond, 1000*time.Second), Bucket(10, 100)), 0.1)
}

// Exponential doubles the delay with each requeue, from base up to most.
func Exponential(base, most time.Duration) RateLimiter {
	return RateLimiterFunc(func(requeues int) time.Duration {
		if base <= 0 {
			return 0
		}
		d := min(base, most)
		for range requeues {
			if d >= most-d {
				return most
			}
			d *= 2
		}
		return d
	})
}

// FastSlow delays by fast the first fastRequeues times, and by slow from then on.
func FastSlow(fast, slow time.Duration, fastRequeues int) RateLimiter {
	return RateLimiterFunc(func(requeues int) time.Duration {
		if requeues < fastRequeues {
			return fast
		}
		return slow
	})
}

// Bucket lets perSecond keys through a second, whatever they are, and burst at once after a pause. The bucket belongs to the
// limiter: make one for each queue.
func Bucket(perSecond float64, burst int) RateLimiter {
	bucket := rate.NewLimiter(rate.Limit(perSecond), burst)
	return RateLimiterFunc(func(int) time.Duration {
		r := bucket.Reserve()
		if !r.OK() { // a burst of zero: nothing ever goes through
			return rate.InfDuration
		}
		return r.Delay()
	})
}

// MaxOf asks all limiters and returns the longest delay.
func MaxOf(limiters ...RateLimiter) RateLimiter {
	return RateLimiterFunc(func(requeues int) time.Duration {
		var longest time.Duration
		for _, l := range limiters {
			longest = max(longest, l.When(requeues))
		}
		return longest
	})
}

// WithMaxWait returns no delay longer than most.
func WithMaxWait(limiter RateLimiter, most time.Duration) RateLimiter {
	return RateLimiterFunc(func(requeues int) time.Duration { return min(limiter.When(requeues), most) })
}

// WithJitter makes each delay d longer, by a random time between 0 and fraction·d.
func WithJitter(limiter RateLimiter, fraction float64) RateLimiter {
	return RateLimiterFunc(func(requeues int) time.Duration {
		d := limiter.When(requeues)
		longer := float64(d) * (1 + fraction*rand.Float64())
		if longer >= float64(rate.InfDuration) {
			return d
		}
		return time.Duration(longer)
	})
}
