package leaderelection

import (
	"cmp"
	"context"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	coordinationv1beta1 "k8s.io/api/coordination/v1beta1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	coordinationbeta "github.com/sheaf-dev/sheaf/resource/coordination/v1beta1"
	"github.com/sheaf-dev/sheaf/rest"
)

// Coordinated makes a candidate take part in a coordinated election: each candidate has a LeaseCandidate object with its versions, and
// the server writes the name of the best one, that with the lowest emulation version, into the Lease. When a better one comes, the leader
// ends its work and releases the Lease. The safety is that of any election here: the server's choice is a proposal, which the
// chosen takes up only when the holder before has released the Lease, or cannot hold it any more by this candidate's own clock.
//
// A server without LeaseCandidates gets an election as usual.
type Coordinated struct {
	// Candidates are the LeaseCandidates in the namespace of the Lease. Required.
	Candidates Candidates
	// BinaryVersion is the version of the program, as a semantic version without a leading v. Required.
	BinaryVersion string
	// EmulationVersion is the version as which the program behaves. Empty: BinaryVersion.
	EmulationVersion string
}

// Candidates are the LeaseCandidates of one namespace.
type Candidates = Objects[*coordinationv1beta1.LeaseCandidate]

// CandidatesIn returns the LeaseCandidates of a namespace of a server.
func CandidatesIn(client *rest.Client, namespace string) Candidates {
	return in(client, coordinationbeta.LeaseCandidates, namespace)
}

// freshness is how often a LeaseCandidate is renewed that is not asked for: the server collects those that are older than half an hour.
const freshness = 10 * time.Minute

// candidacy keeps the candidate's LeaseCandidate alive, and tells the loop whether the server has such objects.
func (l *loop) candidacy() {
	asked := make(chan struct{}, 1)
	l.flying.Go(func() { l.watchPings(asked) })
	known, failing := false, false
	for l.requests.Err() == nil {
		exists, err := l.nominate()
		if err != nil && !failing && l.requests.Err() == nil {
			l.log.Error(err, "The LeaseCandidate could not be renewed, will retry")
		}
		failing = err != nil
		switch {
		case err == nil && !exists:
			l.log.Info("The server has no LeaseCandidates; the candidates settle the election among themselves")
			l.tellWay(false)
			return
		case err == nil && !known:
			known = true
			l.tellWay(true)
		}
		timer := l.clock.after(l.pause())
		select {
		case <-timer.C:
		case <-asked:
		case <-l.requests.Done():
		}
		timer.Stop()
	}
}

func (l *loop) tellWay(coordinated bool) {
	select {
	case l.way <- coordinated:
	case <-l.requests.Done():
	}
}

// nominate creates the LeaseCandidate, or answers the server's question whether the candidate is there. It returns false if the server
// does not know such objects.
func (l *loop) nominate() (exists bool, err error) {
	ctx, cancel := context.WithTimeout(l.requests, l.opts.RenewDeadline)
	defer cancel()
	candidates, now := l.opts.Coordinated.Candidates, metav1.NewMicroTime(time.Now())
	c, err := candidates.Get(ctx, l.opts.Identity)
	switch {
	case apierrors.IsNotFound(err):
		_, err = candidates.Create(ctx, l.candidate(now))
		return !apierrors.IsNotFound(err), unless(err, apierrors.IsNotFound, apierrors.IsAlreadyExists)
	case err != nil:
		return true, err
	}
	want := l.candidate(now).Spec
	current := c.Spec.LeaseName == want.LeaseName && c.Spec.BinaryVersion == want.BinaryVersion && c.Spec.EmulationVersion == want.EmulationVersion
	renewed := c.Spec.RenewTime
	if current && renewed != nil && !renewed.Before(c.Spec.PingTime) && now.Sub(renewed.Time) < freshness {
		return true, nil
	}
	want.PingTime = c.Spec.PingTime
	c.Spec = want
	_, err = candidates.Update(ctx, c)
	return true, unless(err, apierrors.IsConflict)
}

// withdraw deletes the LeaseCandidate, so that the server does not choose it any more. It must not hold the release of the Lease up: one
// that stays is collected by the server after half an hour.
func (l *loop) withdraw() {
	if l.opts.Coordinated == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(l.ctx), l.opts.RetryPeriod)
	defer cancel()
	err := l.opts.Coordinated.Candidates.Delete(ctx, l.opts.Identity, "")
	if err = unless(err, apierrors.IsNotFound); err != nil {
		l.log.Error(err, "The LeaseCandidate could not be deleted; the server collects it")
	}
}

// unless returns nil for errors that are none here.
func unless(err error, harmless ...func(error) bool) error {
	for _, is := range harmless {
		if is(err) {
			return nil
		}
	}
	return err
}

func (l *loop) candidate(now metav1.MicroTime) *coordinationv1beta1.LeaseCandidate {
	c := l.opts.Coordinated
	return &coordinationv1beta1.LeaseCandidate{
		ObjectMeta: metav1.ObjectMeta{Name: l.opts.Identity},
		Spec: coordinationv1beta1.LeaseCandidateSpec{
			LeaseName:        l.name,
			RenewTime:        &now,
			BinaryVersion:    c.BinaryVersion,
			EmulationVersion: cmp.Or(c.EmulationVersion, c.BinaryVersion),
			Strategy:         coordinationv1.OldestEmulationVersion,
		},
	}
}

// watchPings wakes the candidacy when its LeaseCandidate changes. Without it, the candidacy polls.
func (l *loop) watchPings(asked chan<- struct{}) {
	for l.requests.Err() == nil && !l.opts.NoWatch {
		_ = l.opts.Coordinated.Candidates.Watch(l.requests, l.opts.Identity, func(*coordinationv1beta1.LeaseCandidate) {
			select {
			case asked <- struct{}{}:
			default:
			}
		})
		l.sleep(l.pause())
	}
}
