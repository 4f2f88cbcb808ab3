package reflector

import (
	"context"
	"errors"
	"time"

	"k8s.io/klog/v2"
)

// Reflector keeps a Sink up to date with a collection. Make one with New.
type Reflector struct {
	source ListerWatcher
	sink   Sink
	opts   Options
	board  board

	// The rest belongs to the goroutine of Run.
	pauses  pauses
	pulse   pulse
	doubt   doubt
	pending Replacement // the full state being read; nil: none
	began   time.Time   // and since when
	ahead   *ahead      // the page after the one being read; nil: not asked for
	alone   bool        // a page asked for ahead has failed in this list: ask for the others when their turn comes
}

// New returns a reflector of a collection. It starts nothing.
func New(source ListerWatcher, sink Sink, opts Options) *Reflector {
	opts = opts.withDefaults()
	if s, ok := source.(Streamer); ok && !s.StreamsInitialState() {
		opts.NoStreaming = true
	}
	return &Reflector{source: source, sink: sink, opts: opts, pauses: pauses{backoff: opts.Backoff}}
}

// Status says what the reflector is doing. It may be called at any time, from any goroutine.
func (r *Reflector) Status() Status { return r.board.snapshot() }

// Run reflects until the context is done, and leaves nothing behind. It is for one call. Failures are reported and retried for as long as the
// context lives; each row of them is logged when it begins, when it first has to wait, and then ever more rarely. What is handed to the sink when the context ends is applied or not.
func (r *Reflector) Run(ctx context.Context) {
	defer r.board.stop()
	defer r.abandon()
	defer r.drop()
	for s := initial(r.opts.NoStreaming); ctx.Err() == nil; {
		s = r.step(ctx, s)
	}
}

// step does what a state says, and returns what to do next.
func (r *Reflector) step(ctx context.Context, s state) state {
	if r.opts.Streams.Fails() {
		s = s.withoutStreams()
	}
	r.board.enter(s)
	s, o, err := r.do(ctx, s)
	if ctx.Err() != nil {
		return s
	}
	next := s.after(o)
	if next.noStream && !s.noStream && r.opts.Streams.remember() {
		r.board.fellBack(o.class)
		klog.FromContext(ctx).Info("The server does not stream initial states; listing from now on", "reason", err)
	}
	pause := time.Duration(0)
	if err != nil {
		pause = r.failed(ctx, s, next, o.class, err)
	}
	if next.wait {
		r.board.pause(next, pause)
		sleep(ctx, pause)
	}
	return next
}

// do makes one request, or follows one stream to its end. The state it returns is the one in which that ended. The error is nil
// only if nothing went wrong.
func (r *Reflector) do(ctx context.Context, s state) (state, outcome, error) {
	if s.phase == Listing && s.page > 1 {
		return r.list(ctx, s)
	}
	r.abandon()
	if s.phase == Listing {
		return r.list(ctx, s)
	}
	return r.watch(ctx, s)
}

// failed reports a failure and returns how long to wait.
func (r *Reflector) failed(ctx context.Context, s, next state, class Class, err error) time.Duration {
	now := time.Now()
	f := &Failure{Class: class, Doing: s.phase, Err: err, Time: now, Count: r.pauses.failed(now)}
	if next.wait {
		f.RetryIn = r.pauses.next(retryAfter(err))
	}
	last := r.board.snapshot().LastFailure
	r.board.failed(f)
	if r.opts.OnFailure != nil {
		r.opts.OnFailure(f)
	}
	logger := klog.FromContext(ctx)
	details := []any{"phase", f.Doing, "class", f.Class, "failures", f.Count, "retryIn", f.RetryIn, "next", next.phase, "resourceVersion", next.version}
	switch repeated := f.Count > 1 && last != nil && last.Class == f.Class && !f.worseThan(last); {
	case repeated:
		logger.V(2).Info("Reading the collection failed again", append(details, "err", err)...)
	case class == Expired || class == TooLarge || class == Silent || class == Short:
		logger.V(1).Info("Reading the collection was interrupted", append(details, "reason", err)...)
	default:
		logger.Error(err, "Reading the collection failed", details...)
	}
	return f.RetryIn
}

// complete hands over the full state that was collected.
func (r *Reflector) complete(ctx context.Context, s state, version string) error {
	if err := r.pending.Commit(ctx, version); err != nil {
		return err
	}
	r.pending = nil
	r.doubt.settle(time.Now(), r.opts.Random)
	r.board.complete(s.why, time.Since(r.began))
	return nil
}

// begin starts to read a full state.
func (r *Reflector) begin() {
	r.pending, r.began, r.doubt.fresh = r.sink.Replace(), time.Now(), false
}

func (r *Reflector) abandon() {
	if r.pending != nil {
		r.pending.Abandon()
		r.pending = nil
	}
}

// because returns the reflector's own reason when it was the reflector that ended a request, and the request's error else.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); errors.Is(cause, errStalled) || errors.Is(cause, errSilent) || errors.Is(cause, errNameless) {
		return cause
	}
	return err
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
