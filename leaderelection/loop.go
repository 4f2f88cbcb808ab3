package leaderelection

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/klog/v2"
)

// loop performs an election. Its goroutine is that of Run, and owns all fields; requests, the watch and the work have goroutines of
// their own, which send what they got.
type loop struct {
	*Elector
	state
	ctx     context.Context // Run's
	log     klog.Logger
	metrics Metrics

	requests context.Context // ends with the loop
	stop     context.CancelFunc
	flying   sync.WaitGroup
	answers  chan answer
	seen     chan sighting
	way      chan bool // whether the server chooses the leader; from the candidacy
	herald   *herald
	told     string // the last leader that was told

	work   *work // nil: none, or it has returned
	failed error // of the last request
	unsure bool  // a write without an answer may have made this candidate the holder

	namesake bool // the LeaseCandidate of this name is another election's; the candidacy's, until it has ended
}

// answer is what came of a request.
type answer struct {
	write bool
	base  string // the resourceVersion that a write replaces; empty: it creates the Lease
	sent  time.Duration
	lease *coordinationv1.Lease
	err   error
}

func newLoop(ctx context.Context, e *Elector, metrics Metrics) *loop {
	l := &loop{
		Elector: e,
		state:   state{record: record{identity: e.opts.Identity, duration: e.opts.LeaseDuration}},
		ctx:     ctx,
		log:     e.logger(ctx),
		metrics: metrics,
		answers: make(chan answer, 2*maxInFlight), // never blocks
		seen:    make(chan sighting),
		way:     make(chan bool),
		herald:  newHerald(e.callbacks.OnNewLeader),
	}
	l.requests, l.stop = context.WithCancel(context.WithoutCancel(ctx))
	if !e.opts.NoWatch {
		l.flying.Go(l.watch)
	}
	if e.opts.Coordinated != nil {
		l.silent, l.coordinated = true, true // until it is known better
		l.flying.Go(l.candidacy)
	}
	return l
}

// run takes part until the context is done and no work is left.
func (l *loop) run() {
	for {
		if l.ctx.Err() != nil && !l.ending() {
			return
		}
		now := l.clock.now()
		switch do, until := l.decide(now); do {
		case read:
			l.read(now)
		case write:
			l.write(now)
		case begin:
			l.begin()
		case stepDown:
			l.stepDown(now)
		case yield:
			l.yielding = true
			l.work.end(ErrReplaced)
		case wait:
			l.wait(until - now)
		}
	}
}

// ending makes the work end, and says whether it has not yet. The Lease is renewed until then, so that no successor starts
// too early.
func (l *loop) ending() bool {
	if l.work == nil {
		return false
	}
	l.work.end(context.Cause(l.ctx))
	return true
}

// wait waits until something happens, but no longer than the given time.
func (l *loop) wait(most time.Duration) {
	timer := l.clock.after(min(most, time.Hour))
	defer timer.Stop()
	var cancelled, worked <-chan struct{}
	if l.work != nil {
		worked = l.work.done
	}
	if l.work == nil || !l.work.ended {
		cancelled = l.ctx.Done()
	}
	select {
	case <-timer.C:
	case a := <-l.answers:
		l.take(a)
	case s := <-l.seen:
		l.notice(s)
	case l.coordinated = <-l.way:
		l.silent = false
	case <-worked:
		l.stopped()
	case <-cancelled:
	}
}

// request performs a request beside the loop, which gets the answer later. None lasts longer than RenewDeadline, for then even a
// success would come too late.
func (l *loop) request(a answer, do func(ctx context.Context) (*coordinationv1.Lease, error)) {
	l.flying.Go(func() {
		ctx, cancel := context.WithTimeout(l.requests, l.opts.RenewDeadline)
		defer cancel()
		a.lease, a.err = do(ctx)
		l.answers <- a
	})
}

func (l *loop) read(now time.Duration) {
	l.reads++
	l.nextRead = now + l.pause()
	l.request(answer{sent: now}, func(ctx context.Context) (*coordinationv1.Lease, error) {
		return l.leases.Get(ctx, l.name)
	})
}

func (l *loop) write(now time.Duration) {
	l.writes++
	l.nextWrite = now + l.pause()
	lease := l.claim(l.name, l.opts.Labels, time.Now())
	base := lease.ResourceVersion
	l.request(answer{write: true, base: base, sent: now}, func(ctx context.Context) (*coordinationv1.Lease, error) {
		if base == "" {
			return l.leases.Create(ctx, lease)
		}
		return l.leases.Update(ctx, lease)
	})
}

// giveUp releases the Lease for the candidate that the server prefers.
func (l *loop) giveUp() {
	now := l.clock.now()
	l.writes++
	lease := l.released(time.Now())
	l.log.Info("Releasing the Lease for the candidate that the server prefers")
	l.request(answer{write: true, base: lease.ResourceVersion, sent: now}, func(ctx context.Context) (*coordinationv1.Lease, error) {
		return l.leases.Update(ctx, lease)
	})
}

// take draws the conclusions from an answer.
func (l *loop) take(a answer) {
	if l.note(func(s *Status) { s.LastError = a.err }); a.write {
		l.writes--
		l.written(a)
	} else {
		l.reads--
		l.looked(a)
	}
	l.report(a)
}

func (l *loop) looked(a answer) {
	if a.err != nil && !apierrors.IsNotFound(a.err) {
		return
	}
	news := l.learn(a.lease, a.sent > l.record.seen)
	if l.doubt && news {
		l.nextWrite = 0 // what the last write met is known now
	}
	l.doubt, l.unsure = false, false
}

func (l *loop) written(a answer) {
	switch {
	case a.err == nil:
		l.metrics.Renewed()
		l.learn(a.lease, a.sent > l.record.seen)
		if l.mine && l.phase != stopping {
			l.extend(a.sent + l.opts.RenewDeadline)
			l.doubt = false
			// A write that was sent meanwhile replaces an old version, in vain: where answers take long the next one must
			// not wait for long.
			l.nextWrite = min(l.nextWrite, a.sent+l.pause())
		}
	case apierrors.IsConflict(a.err), apierrors.IsAlreadyExists(a.err), apierrors.IsNotFound(a.err):
		if a.base == l.base() { // else what it met is known already: mostly an own write that was faster
			l.doubt, l.nextRead = true, a.sent // at once
			l.metrics.SlowPath()
		}
	default: // nobody knows whether it was done
		l.unsure = true
	}
}

// extend makes the leadership last longer, or last for so long once it begins.
func (l *loop) extend(until time.Duration) {
	l.until = max(l.until, until)
	if l.phase == leading {
		l.valid.Store(int64(l.until))
	}
	l.note(func(s *Status) { s.Renewed = time.Now() })
}

// notice takes in what the watch saw. A deletion is looked into: a watch may replay an old one.
func (l *loop) notice(s sighting) {
	if s.lease == nil {
		l.nextRead = 0
		if l.phase == leading {
			l.doubt = true
		}
		return
	}
	l.sequel = s.after != "" && s.after == l.version
	l.learn(s.lease, false)
	l.sequel = false
}

// learn takes in a state of the Lease, and says whether it is news.
func (l *loop) learn(lease *coordinationv1.Lease, proof bool) (news bool) {
	before := l.holder()
	if !l.observe(lease, l.clock.now(), proof) {
		return false
	}
	if since, ok := l.witnessed(lease); ok {
		l.expires = min(l.expires, since+l.promised())
	}
	if l.phase == following && !l.mine {
		l.nextWrite = 0 // news: if the Lease is free now, claim it at once
	}
	if holder := l.holder(); holder != before {
		l.note(func(s *Status) { s.Holder = holder })
		if holder != "" && holder != l.told {
			l.told = holder
			l.herald.tell(holder)
		}
	}
	return true
}

// witnessed returns since when a held Lease has been known to be in its present state, on the candidate's clock.
func (l *loop) witnessed(lease *coordinationv1.Lease) (since time.Duration, ok bool) {
	witness, ok := l.leases.(Witness)
	if !ok || lease == nil || l.coordinated || l.holder() == "" {
		return 0, false
	}
	at, ok := witness.Since(lease)
	return l.clock.now() - time.Since(at), ok
}

// report says once that the server cannot be used, and once that it can again.
func (l *loop) report(a answer) {
	err := a.err
	switch {
	case errors.Is(err, context.Canceled):
		return
	case apierrors.IsConflict(err), apierrors.IsAlreadyExists(err), apierrors.IsNotFound(err) && !(a.write && a.base == ""):
		err = nil // an answer like any other
	}
	switch {
	case err != nil && l.failed == nil:
		l.log.Error(err, "The election cannot reach its Lease", "write", a.write)
	case err == nil && l.failed != nil:
		l.log.Info("The election reaches its Lease again")
	}
	l.failed = err
	if err != nil {
		l.metrics.Failed()
	}
}

// release gives the Lease up if this candidate holds it, or may hold it.
func (l *loop) release() error {
	l.stop()
	l.flying.Wait()
	for len(l.answers) > 0 {
		l.take(<-l.answers)
	}
	l.withdraw()
	if !l.mine && !l.unsure {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(l.ctx), l.opts.RenewDeadline)
	defer cancel()
	for {
		err := l.releaseOnce(ctx)
		switch {
		case err == nil:
			return nil
		case apierrors.IsConflict(err), apierrors.IsNotFound(err):
			l.unsure = true // look again
			continue
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("election %q: the Lease could not be released and must expire: %w", l.name, err)
		case <-l.clock.after(l.opts.RetryPeriod / 4).C:
			l.unsure = true
		}
	}
}

// releaseOnce looks at the Lease if that is needed, and releases it if it is this candidate's.
func (l *loop) releaseOnce(ctx context.Context) error {
	if l.unsure {
		sent := l.clock.now()
		lease, err := l.leases.Get(ctx, l.name)
		if err != nil && !apierrors.IsNotFound(err) {
			return err
		}
		l.learn(lease, sent > l.record.seen)
		l.unsure = false
	}
	if !l.mine {
		return nil
	}
	sent := l.clock.now()
	lease, err := l.leases.Update(ctx, l.released(time.Now()))
	if err == nil {
		l.learn(lease, sent > l.record.seen)
		l.log.Info("Released the Lease")
	}
	return err
}

// close leaves nothing behind.
func (l *loop) close() {
	l.stop()
	l.flying.Wait()
	l.herald.close()
}
