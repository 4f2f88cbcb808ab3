package leaderelection

import "time"

// clock is the candidate's own. Its times are durations since some moment; they never go backwards.
type clock interface {
	now() time.Duration
	after(d time.Duration) *time.Timer
}

type monotonic struct{ epoch time.Time }

func (m monotonic) now() time.Duration { return time.Since(m.epoch) }

func (monotonic) after(d time.Duration) *time.Timer { return time.NewTimer(d) }
