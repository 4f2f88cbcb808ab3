package leaderelection

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/klog/v2"
)

// Elector is one candidate for one Lease. All methods may be called concurrently.
type Elector struct {
	leases    Leases
	name      string
	callbacks Callbacks
	opts      Options
	clock     clock
	started   atomic.Bool
	valid     atomic.Int64 // until when, on the clock, the candidate leads; zero: it does not

	mu     sync.Mutex // owns all below
	status Status
	lost   time.Duration // when the leadership ended whose work has not returned; zero: there is none
}

// Status is what a candidate knows and does.
type Status struct {
	Identity  string
	Lease     string
	Leader    bool      // what IsLeader says
	Holder    string    // who holds the Lease; empty: nobody, or it is not known yet
	Since     time.Time // when the candidate's present or last leadership began
	Renewed   time.Time // when its last successful write was sent
	Stopping  bool      // the leadership is over, but its work has not returned
	Watching  bool      // changes of the Lease are seen as they happen, not at the next poll
	LastError error     // of the last request for the Lease; nil if it succeeded
	// CandidateError is why this is no candidate of a coordinated election: the LeaseCandidate cannot be written. Nil: it can, or need not.
	CandidateError error
}

// New returns a candidate for the named Lease. It starts nothing. Options that contradict each other are an error.
func New(leases Leases, name string, callbacks Callbacks, opts Options) (*Elector, error) {
	if err := opts.complete(); err != nil {
		return nil, fmt.Errorf("election %q: %w", name, err)
	}
	if name == "" || callbacks.OnStartedLeading == nil {
		return nil, fmt.Errorf("election %q: the name of the Lease and OnStartedLeading are required", name)
	}
	e := &Elector{leases: leases, name: name, callbacks: callbacks, opts: opts, clock: monotonic{time.Now()}}
	e.status = Status{Identity: opts.Identity, Lease: name}
	return e, nil
}

// Run takes part in the election until the context is done, and leads whenever it can: after a lost leadership it is a candidate
// again, once its work has returned. It returns when the work has returned and the Lease is released, or, if the server
// does not answer, RenewDeadline later with an error; then the others wait for the Lease to expire. It can be called once.
func (e *Elector) Run(ctx context.Context) error {
	if e.started.Swap(true) {
		return fmt.Errorf("election %q: Run was called twice", e.name)
	}
	metrics := metricsFor(e.opts, e.name, e.IsLeader)
	defer metrics.Close()
	l := newLoop(ctx, e, metrics)
	defer l.close()
	l.run()
	return l.release()
}

// IsLeader says whether the candidate leads at this moment. It turns false by itself, at the moment when the leadership
// ends for want of a renewal, even if nothing in this process has noticed yet.
func (e *Elector) IsLeader() bool {
	until := time.Duration(e.valid.Load())
	return until != 0 && e.clock.now() < until
}

// Status returns what the candidate knows and does.
func (e *Elector) Status() Status {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.status
	s.Leader = e.IsLeader()
	return s
}

// ErrNotStopped is what Healthy returns.
var ErrNotStopped = errors.New("the leadership is over, but its work has not stopped")

// Healthy returns an error if the work goes on, StopTolerance after the leadership was lost. It fits a liveness probe:
// then a restart is the only remedy. A candidate that cannot reach the server is not unhealthy.
func (e *Elector) Healthy() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.lost == 0 {
		return nil
	}
	if over := e.clock.now() - e.lost; over > e.opts.StopTolerance {
		return fmt.Errorf("election %q: %w for %v", e.name, ErrNotStopped, over.Round(time.Second))
	}
	return nil
}

// pause returns a random wait between two tries.
func (e *Elector) pause() time.Duration {
	return time.Duration(float64(e.opts.RetryPeriod) * (1 + jitter*rand.Float64()))
}

// note changes the status.
func (e *Elector) note(change func(*Status)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	change(&e.status)
}

func (e *Elector) logger(ctx context.Context) klog.Logger {
	return klog.FromContext(ctx).WithValues("lease", e.name, "identity", e.opts.Identity)
}
