package leaderelection

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	coordinationv1beta1 "k8s.io/api/coordination/v1beta1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/klog/v2"

	coordinationbeta "github.com/sheaf-dev/sheaf/resource/coordination/v1beta1"
	"github.com/sheaf-dev/sheaf/rest"
)

// Coordinated makes a candidate take part in a coordinated election: each candidate has a LeaseCandidate object with its versions, and
// the server writes the name of the best one, that with the lowest emulation version, into the Lease. When a better one comes, the leader
// ends its work and releases the Lease. The safety is that of any election here: the server's choice is a proposal, which the
// chosen takes up only when the holder before has released the Lease, or cannot hold it any more by this candidate's own clock. A candidate
// that may not watch the Lease cannot tell whether it was released, and waits for LeaseDuration each time.
//
// A server without LeaseCandidates gets an election as usual. So does one that has them, but has left the Lease to nobody for half a minute:
// they may be served although nothing there acts on them.
//
// The LeaseCandidate bears the candidate's Identity, which must be fit for its name, and be that of one election in the namespace alone. RBAC
// must allow to get, create, update, delete and watch leasecandidates.
type Coordinated struct {
	// Candidates are the LeaseCandidates in the namespace of the Lease. Required.
	Candidates Candidates
	// BinaryVersion is the version of the program, as a semantic version without a leading v. Required.
	BinaryVersion string
	// EmulationVersion is the version as which the program behaves, at most BinaryVersion. Empty: BinaryVersion.
	EmulationVersion string
}

func (c *Coordinated) check(identity string) error {
	if c.Candidates == nil || c.BinaryVersion == "" {
		return errors.New("a coordinated election needs the LeaseCandidates and a binary version")
	}
	if faults := validation.IsConfigMapKey(identity); len(faults) > 0 {
		return fmt.Errorf("the identity %q cannot be the name of a LeaseCandidate: %s", identity, strings.Join(faults, "; "))
	}
	binary, err := parseVersion(c.BinaryVersion)
	if err != nil {
		return err
	}
	emulation, err := parseVersion(cmp.Or(c.EmulationVersion, c.BinaryVersion))
	if err == nil && binary.LessThan(emulation) {
		err = fmt.Errorf("the emulation version %s is higher than the binary version %s", emulation, binary)
	}
	return err
}

// parseVersion is as strict as a server.
func parseVersion(text string) (*version.Version, error) {
	v, err := version.ParseSemantic(text)
	if err == nil && v.String() != text {
		err = fmt.Errorf("the version %q is not written as %q", text, v)
	}
	return v, err
}

// Candidates are the LeaseCandidates of one namespace.
type Candidates = Objects[*coordinationv1beta1.LeaseCandidate]

// CandidatesIn returns the LeaseCandidates of a namespace of a server.
func CandidatesIn(client *rest.Client, namespace string) Candidates {
	return in(client, coordinationbeta.LeaseCandidates, namespace)
}

const (
	// freshness is how often a LeaseCandidate is renewed that is not asked for: the server collects those that are older than half an hour.
	freshness = 10 * time.Minute
	// patience is how long a Lease that nobody holds waits for the server's choice. That takes 15 s where a candidate is dead.
	patience = 30 * time.Second
)

// candidacy keeps the candidate's LeaseCandidate alive, and tells the loop whether the server has such objects.
func (l *loop) candidacy() {
	asked := make(chan struct{}, 1)
	l.flying.Go(func() { l.watchPings(asked) })
	known, failing := false, false
	for l.requests.Err() == nil {
		exists, err := l.nominate()
		l.note(func(s *Status) { s.CandidateError = err })
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
	ctx, cancel := context.WithTimeout(quiet(l.requests), l.opts.RenewDeadline)
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
	if l.namesake = c.Spec.LeaseName != want.LeaseName; l.namesake { // which cannot be changed
		return true, fmt.Errorf("the LeaseCandidate %q is one for the Lease %q", c.Name, c.Spec.LeaseName)
	}
	renewed := c.Spec.RenewTime
	if c.Spec.BinaryVersion == want.BinaryVersion && c.Spec.EmulationVersion == want.EmulationVersion &&
		renewed != nil && !renewed.Before(c.Spec.PingTime) && now.Sub(renewed.Time) < freshness {
		return true, nil
	}
	if want.PingTime = c.Spec.PingTime; want.RenewTime.Before(want.PingTime) {
		want.RenewTime = want.PingTime // the server's clock is ahead, and nothing earlier is an answer
	}
	c.Spec = want
	_, err = candidates.Update(ctx, c)
	return true, unless(err, apierrors.IsConflict)
}

// withdraw deletes the LeaseCandidate, so that the server does not choose it any more. It must not hold the release of the Lease up: one
// that stays is collected by the server after half an hour.
func (l *loop) withdraw() {
	if l.opts.Coordinated == nil || l.namesake {
		return
	}
	ctx, cancel := context.WithTimeout(quiet(context.WithoutCancel(l.ctx)), l.opts.RetryPeriod)
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
		err := l.opts.Coordinated.Candidates.Watch(quiet(l.requests), l.opts.Identity, func(*coordinationv1beta1.LeaseCandidate) {
			select {
			case asked <- struct{}{}:
			default:
			}
		})
		l.sleep(l.pauseAfter(err))
	}
}

// quiet returns a context in which nothing is logged: a server says at each request for a LeaseCandidate that its version is not to stay.
func quiet(ctx context.Context) context.Context { return klog.NewContext(ctx, klog.Logger{}) }
