package events

import (
	"time"

	"golang.org/x/time/rate"
)

// limit bounds the new Events about one object.
type limit struct {
	bucket *rate.Limiter
	used   time.Time
}

// allow says whether one more Event may be written about the object.
func (w *writer) allow(of reference, at time.Time) bool {
	l, ok := w.limits.use(of)
	if !ok {
		l = &limit{bucket: rate.NewLimiter(rate.Every(w.options.Refill), w.options.Burst)}
		w.limits.put(of, l)
	}
	l.used = at
	return l.bucket.AllowN(at, 1)
}
