package events

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// series is an Event on the server and what has happened since it was written.
type series struct {
	name    string // of the Event
	version string // of the Event, as the server has told; empty if that is not known
	text    string // what the last one said
	first   time.Time
	last    time.Time
	count   int32     // how often it happened
	told    int32     // the count that the server knows
	tried   time.Time // when the server was told, or should have been
}

// writer is the state of Run. What it keeps in mind is bounded: the series, limits and crowds that were used least lately are forgotten, a
// series after its count has been written.
type writer struct {
	*Recorder
	series latest[story, *series]
	limits latest[reference, *limit]
	crowds latest[story, *crowd] // by the story that stands for all of them
	moment int64                 // in the name of the newest Event
}

func newWriter(r *Recorder) *writer {
	room := r.options.remember
	return &writer{
		Recorder: r, series: newLatest[story, *series](room), limits: newLatest[reference, *limit](room), crowds: newLatest[story, *crowd](room),
	}
}

// take writes one event, or counts it.
func (w *writer) take(ctx context.Context, n note) {
	if w.repeat(ctx, n) {
		return
	}
	if w.crowded(n) {
		w.combined.Add(1)
		n = note{story: n.standIn(), text: cut(combinedPrefix+n.text, maxMessage), at: n.at}
		if w.repeat(ctx, n) {
			return
		}
	}
	if !w.allow(n.regarding, n.at) {
		w.rateLimited.Add(1)
		return
	}
	w.begin(ctx, n.story, &series{text: n.text, first: n.at, last: n.at, count: 1})
}

// repeat counts an event in its series, if that goes on.
func (w *writer) repeat(ctx context.Context, n note) bool {
	s, ok := w.series.use(n.story)
	if !ok {
		return false
	}
	if n.at.Sub(s.last) >= w.options.SeriesEnd {
		w.end(ctx, n.story, s)
		return false
	}
	w.repeated.Add(1)
	s.count++
	s.last, s.text = n.at, n.text
	// The first repetition makes it a series, which people should see at once.
	if s.count == 2 || n.at.Sub(s.tried) >= w.options.SeriesInterval {
		w.tell(ctx, n.story, s)
	}
	return true
}

// begin creates the Event of a series.
func (w *writer) begin(ctx context.Context, of story, s *series) {
	s.name, s.told, s.tried = w.nameFor(of, s.first), s.count, s.last
	again := false
	wrote := w.write(ctx, func(ctx context.Context) error {
		err := w.sink.create(ctx, of, s)
		if again && apierrors.IsAlreadyExists(err) {
			return nil // the try before got through, only its answer did not
		}
		again = true
		return err
	})
	if !wrote {
		w.failed.Add(int64(s.count))
		return
	}
	w.written.Add(1)
	for oldest, quiet := range w.series.full() {
		w.end(ctx, oldest, quiet)
	}
	w.series.put(of, s)
}

// tell writes the count, if the server does not know it. An Event that is gone by now, as they are after an hour, begins anew with what is new.
func (w *writer) tell(ctx context.Context, of story, s *series) {
	if s.told == s.count {
		return
	}
	gone := false
	wrote := w.write(ctx, func(ctx context.Context) error {
		err := w.sink.repeat(ctx, of, s)
		if gone = apierrors.IsNotFound(err); gone {
			return nil
		}
		return err
	})
	s.tried = s.last
	if gone {
		w.series.remove(of)
		anew := &series{text: s.text, first: s.last, last: s.last, count: s.count - s.told}
		s.count = s.told
		w.begin(ctx, of, anew)
	} else if wrote {
		w.written.Add(1)
		s.told = s.count
	}
}

// end writes the count a last time, and forgets the series.
func (w *writer) end(ctx context.Context, of story, s *series) {
	w.tell(ctx, of, s)
	w.failed.Add(int64(s.count - s.told))
	w.series.remove(of)
}

// sweep writes the counts that have waited, ends what has gone quiet, and forgets the limits that are full again.
func (w *writer) sweep(ctx context.Context, now time.Time) {
	for of, s := range w.series.all() {
		if now.Sub(s.last) >= w.options.SeriesEnd {
			w.end(ctx, of, s)
		} else if now.Sub(s.tried) >= w.options.SeriesInterval {
			w.tell(ctx, of, s)
		}
	}
	for of, l := range w.limits.all() {
		if now.Sub(l.used) >= time.Duration(w.options.Burst)*w.options.Refill {
			w.limits.remove(of)
		}
	}
	for of, c := range w.crowds.all() {
		if c.quiet(now, w.options.SimilarWithin) {
			w.crowds.remove(of)
		}
	}
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
	for of, s := range w.series.all() {
		w.end(ctx, of, s)
	}
}

// nameFor names an Event after its object and moment, as all recorders do, so that sorting by name sorts by time. No two names of
// one recorder are the same.
func (w *writer) nameFor(of story, at time.Time) string {
	w.moment = max(w.moment+1, at.UnixNano())
	return fmt.Sprintf("%s.%x", cut(of.regarding.name, 200), w.moment)
}
