package events

import (
	"context"
	"time"

	"golang.org/x/time/rate"
)

// maxSeries bounds what a recorder remembers: beyond it the series that has been quiet for longest is forgotten, after its count has
// been written.
const maxSeries = 4096

// series is an Event on the server and what has happened since it was written.
type series struct {
	name    string // of the Event
	first   time.Time
	last    time.Time
	count   int32 // how often it happened
	told    int32 // the count that the server knows
	written time.Time
}

// limit bounds the new events about one object.
type limit struct {
	bucket *rate.Limiter
	used   time.Time
}

// writer is the state of Run.
type writer struct {
	*Recorder
	series map[story]*series
	limits map[reference]*limit
	moment int64 // in the name of the newest Event
}

// take writes one event, or counts it.
func (w *writer) take(ctx context.Context, n note) {
	s := w.series[n.story]
	if s != nil && n.at.Sub(s.last) < w.options.SeriesEnd {
		w.repeated.Add(1)
		s.count++
		s.last = n.at
		// The first repetition makes it a series, which people should see at once.
		if s.told == 1 || n.at.Sub(s.written) >= w.options.SeriesInterval {
			w.tell(ctx, n.story, s)
		}
		return
	}
	if s != nil {
		w.end(ctx, n.story, s)
	}
	if !w.allow(n) {
		w.rateLimited.Add(1)
		return
	}
	w.begin(ctx, n)
}

func (w *writer) allow(n note) bool {
	l := w.limits[n.regarding]
	if l == nil {
		l = &limit{bucket: rate.NewLimiter(rate.Every(w.options.Refill), w.options.Burst)}
		w.limits[n.regarding] = l
	}
	l.used = n.at
	return l.bucket.AllowN(n.at, 1)
}

// begin creates the Event.
func (w *writer) begin(ctx context.Context, n note) {
	s := &series{name: w.nameFor(n), first: n.at, last: n.at, count: 1, told: 1, written: n.at}
	if !w.write(ctx, func(ctx context.Context) error { return w.sink.create(ctx, n, s) }) {
		return
	}
	if len(w.series) >= maxSeries {
		w.forgetOldest(ctx)
	}
	w.series[n.story] = s
}

// tell writes the count, if the server does not know it. An Event that is gone by now, as they are after an hour, begins anew.
func (w *writer) tell(ctx context.Context, of story, s *series) {
	if s.told == s.count {
		return
	}
	gone := false
	wrote := w.write(ctx, func(ctx context.Context) error {
		err := w.sink.repeat(ctx, of, s)
		if gone = isGone(err); gone {
			return nil
		}
		return err
	})
	if gone {
		delete(w.series, of)
		w.begin(ctx, note{of, s.last})
		return
	}
	if wrote {
		s.told, s.written = s.count, s.last
	}
}

func (w *writer) end(ctx context.Context, of story, s *series) {
	w.tell(ctx, of, s)
	delete(w.series, of)
}

// sweep writes the counts that have waited, ends what has gone quiet, and forgets the limits that are full again.
func (w *writer) sweep(ctx context.Context, now time.Time) {
	for of, s := range w.series {
		if now.Sub(s.last) >= w.options.SeriesEnd {
			w.end(ctx, of, s)
		} else if now.Sub(s.written) >= w.options.SeriesInterval {
			w.tell(ctx, of, s)
		}
	}
	for of, l := range w.limits {
		if now.Sub(l.used) >= time.Duration(w.options.Burst)*w.options.Refill {
			delete(w.limits, of)
		}
	}
}

func (w *writer) forgetOldest(ctx context.Context) {
	var oldest story
	var quiet *series
	for of, s := range w.series {
		if quiet == nil || s.last.Before(quiet.last) {
			oldest, quiet = of, s
		}
	}
	w.end(ctx, oldest, quiet)
}

// flush writes all that waits.
func (w *writer) flush(ctx context.Context) {
	for {
		select {
		case n := <-w.queue:
			w.take(ctx, n)
			continue
		default:
		}
		break
	}
	for of, s := range w.series {
		w.tell(ctx, of, s)
	}
}
