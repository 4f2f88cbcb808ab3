package leaderelection

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// Callbacks are the user's side of an election.
type Callbacks struct {
	// OnStartedLeading is the work. It gets a context that ends with the leadership, and from which Token reads the
	// fencing token; it must return soon after that. If it returns before, the leadership goes on all the same. Required.
	OnStartedLeading func(ctx context.Context)
	// OnStoppedLeading is called when the leadership is over and OnStartedLeading has returned. The Lease is released after it.
	OnStoppedLeading func()
	// OnNewLeader is called with the identity of each new leader that is seen, this one included. If they change faster than it
	// returns, some are left out, but never the last.
	OnNewLeader func(identity string)
}

// Options are the settings of an election. The zero value has the usual ones.
type Options struct {
	// Identity is the candidate's name in the Lease. It must differ from all others', also from that of an earlier process
	// which may still run. Empty: the host's name and a random part.
	Identity string
	// LeaseDuration is how long the other candidates wait after the last renewal they saw. At least a second; written in
	// whole seconds, rounded up. Zero: 15 s.
	LeaseDuration time.Duration
	// RenewDeadline is how long a leadership lasts without a renewal. At most LeaseDuration/1.25, which leaves room for
	// clocks that are 10 % fast or slow; the rest is the time that the work has to stop. Zero: 10 s, or 2/3 of the
	// LeaseDuration if that is set.
	RenewDeadline time.Duration
	// RetryPeriod is the least wait between two tries; each is uniform in [RetryPeriod, 2.2·RetryPeriod). RenewDeadline
	// must be longer than 2.2 of them. Zero: 2 s, or 1/5 of the RenewDeadline if that is set.
	RetryPeriod time.Duration
	// StopTolerance is how long the work may go on after the leadership was lost before Healthy reports it. Zero: 20 s.
	StopTolerance time.Duration
	// Labels are set on the Lease when it is created.
	Labels map[string]string
	// NoWatch leaves out the watch of the Lease. Without "watch" in its RBAC rules a candidate polls anyway; this saves it
	// the refused requests.
	NoWatch bool
	// Coordinated lets the server choose the leader, where it can. Nil: the candidates settle it among themselves.
	Coordinated *Coordinated
	// Metrics gets the election's numbers. Nil: what SetMetrics has set, if anything.
	Metrics MetricsProvider
}

const (
	jitter       = 1.2  // a wait is up to this part longer than RetryPeriod
	clockMargin  = 1.25 // least LeaseDuration / RenewDeadline
	maxInFlight  = 4    // reads, and writes, that may wait for an answer at once
	identityTail = 8
)

// Completed returns the options with their defaults set, or an error if they contradict each other. New does the same by itself.
func (o Options) Completed() (Options, error) {
	err := o.complete()
	return o, err
}

func (o *Options) complete() error {
	if o.LeaseDuration == 0 {
		o.LeaseDuration = 15 * time.Second
	}
	if o.RenewDeadline == 0 {
		o.RenewDeadline = o.LeaseDuration * 2 / 3
	}
	if o.RetryPeriod == 0 {
		o.RetryPeriod = o.RenewDeadline / 5
	}
	if o.StopTolerance == 0 {
		o.StopTolerance = 20 * time.Second
	}
	if o.Identity == "" {
		host, err := os.Hostname()
		if err != nil {
			return fmt.Errorf("no identity was given, and the host's name is unknown: %w", err)
		}
		o.Identity = strings.ToLower(host + "-" + rand.Text()[:identityTail]) // fit for the name of a LeaseCandidate
	}
	if o.Coordinated != nil {
		if err := o.Coordinated.check(o.Identity); err != nil {
			return err
		}
	}
	return o.check()
}

func (o *Options) check() error {
	switch {
	case o.LeaseDuration < time.Second:
		return fmt.Errorf("the lease duration %v is less than a second", o.LeaseDuration)
	case o.RetryPeriod < 0 || o.RenewDeadline < 0 || o.StopTolerance < 0:
		return errors.New("a duration is negative")
	case float64(o.RenewDeadline)*clockMargin > float64(o.LeaseDuration):
		return fmt.Errorf("the renew deadline %v is too close to the lease duration %v: at most %v leaves room for unequal clocks",
			o.RenewDeadline, o.LeaseDuration, time.Duration(float64(o.LeaseDuration)/clockMargin))
	case float64(o.RetryPeriod)*(1+jitter) >= float64(o.RenewDeadline):
		return fmt.Errorf("the renew deadline %v leaves no time for a second try: it must be longer than %v times the retry period %v",
			o.RenewDeadline, 1+jitter, o.RetryPeriod)
	}
	return nil
}
