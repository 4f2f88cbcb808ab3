package rest

import (
	"fmt"

	"golang.org/x/time/rate"
)

// limiterFor returns the limiter that all clients made from one configuration share, or nil for none.
func limiterFor(c *Config) (RateLimiter, error) {
	switch {
	case c.RateLimiter != nil:
		return c.RateLimiter, nil
	case c.QPS <= 0:
		return nil, nil
	case c.Burst <= 0:
		return nil, fmt.Errorf("QPS is %v but Burst is %d: it must be positive", c.QPS, c.Burst)
	}
	return rate.NewLimiter(rate.Limit(c.QPS), c.Burst), nil
}
