package leaderelection

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	coordinationv1beta1 "k8s.io/api/coordination/v1beta1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// board has LeaseCandidates, and chooses among them as a server does.
type board struct {
	server *server
	ahead  time.Duration // the server's clock

	mu         sync.Mutex    // owns all below
	changed    chan struct{} // closed at the next change
	version    int
	candidates map[string]*coordinationv1beta1.LeaseCandidate
	unknown    bool // the server does not have such objects
	failing    bool
}

func (b *board) Get(_ context.Context, name string) (*coordinationv1beta1.LeaseCandidate, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch c := b.candidates[name]; {
	case b.failing:
		return nil, errors.New("broken")
	case c == nil:
		return nil, apierrors.NewNotFound(leasesResource, name)
	default:
		return c.DeepCopy(), nil
	}
}

func (b *board) Create(_ context.Context, c *coordinationv1beta1.LeaseCandidate) (*coordinationv1beta1.LeaseCandidate, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.unknown {
		return nil, apierrors.NewNotFound(leasesResource, c.Name)
	}
	c.CreationTimestamp = metav1.Now()
	return b.put(c), nil
}

func (b *board) put(c *coordinationv1beta1.LeaseCandidate) *coordinationv1beta1.LeaseCandidate {
	b.version++
	c.ResourceVersion = strconv.Itoa(b.version)
	b.candidates[c.Name] = c.DeepCopy()
	close(b.changed)
	b.changed = make(chan struct{})
	return c
}

func (b *board) Update(_ context.Context, c *coordinationv1beta1.LeaseCandidate) (*coordinationv1beta1.LeaseCandidate, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.candidates[c.Name].ResourceVersion != c.ResourceVersion {
		return nil, apierrors.NewConflict(leasesResource, c.Name, errors.New("modified"))
	}
	return b.put(c), nil
}

func (b *board) Delete(_ context.Context, name, _ string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.candidates[name] == nil {
		return apierrors.NewNotFound(leasesResource, name)
	}
	delete(b.candidates, name)
	return nil
}

func (b *board) has(name string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.candidates[name] != nil
}

func (b *board) Watch(ctx context.Context, name string, seen func(*coordinationv1beta1.LeaseCandidate)) error {
	for {
		b.mu.Lock()
		c, more := b.candidates[name].DeepCopy(), b.changed
		b.mu.Unlock()
		seen(c)
		select {
		case <-more:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// choose asks all candidates, waits five seconds, and returns the best of those that have answered.
func (b *board) choose() string {
	b.mu.Lock()
	now := metav1.NewMicroTime(time.Now().Add(b.ahead).Truncate(time.Microsecond))
	for _, c := range b.candidates {
		c.Spec.PingTime = &now
		b.put(c)
	}
	b.mu.Unlock()
	time.Sleep(5 * time.Second)
	b.mu.Lock()
	defer b.mu.Unlock()
	best := ""
	for _, name := range slices.Sorted(maps.Keys(b.candidates)) {
		c := b.candidates[name]
		if !c.Spec.RenewTime.Before(&now) && (best == "" || c.Spec.EmulationVersion < b.candidates[best].Spec.EmulationVersion) {
			best = name
		}
	}
	return best
}

// preside holds elections when they are needed, until the context ends.
func (b *board) preside(ctx context.Context) {
	for ctx.Err() == nil {
		time.Sleep(time.Second)
		best := b.choose()
		lease, err := b.server.get("lease")
		vacant := err != nil || *lease.Spec.HolderIdentity == ""
		expired := err != nil || lease.Spec.RenewTime.Add(time.Duration(*lease.Spec.LeaseDurationSeconds)*time.Second).Before(time.Now().Add(b.ahead))
		if best == "" {
			continue
		}
		strategy, seconds, now := coordinationv1.OldestEmulationVersion, int32(5), metav1.NewMicroTime(time.Now().Add(b.ahead))
		switch {
		case err != nil:
			lease = leaseOf(best, "", seconds)
			lease.Spec.Strategy, lease.Spec.RenewTime = &strategy, &now
			b.server.create(lease)
		case vacant, expired && *lease.Spec.HolderIdentity != best:
			lease.Spec.HolderIdentity, lease.Spec.RenewTime, lease.Spec.LeaseDurationSeconds = &best, &now, &seconds
			lease.Spec.AcquireTime, lease.Spec.PreferredHolder, lease.Spec.Strategy = nil, nil, &strategy
			b.server.update(lease)
		case *lease.Spec.HolderIdentity != best:
			lease.Spec.PreferredHolder = &best
			b.server.update(lease)
		}
	}
}

func newBoard(s *server, ahead time.Duration) *board {
	return &board{server: s, ahead: ahead, candidates: map[string]*coordinationv1beta1.LeaseCandidate{}, changed: make(chan struct{})}
}

// convene starts a board in a bubble.
func convene(t *testing.T, s *server, ahead time.Duration) *board {
	b := newBoard(s, ahead)
	b.open(t)
	return b
}

// open lets the board preside until the test ends.
func (b *board) open(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { b.preside(ctx) })
	t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
}

// through reaches the board over a link.
type through struct {
	*board
	link *link
}

// pass lets a request and its answer travel.
func (t through) pass(do func() error) error {
	t.link.await()
	if !t.link.travel() {
		return errRefused
	}
	if err := do(); err != nil || t.link.travel() {
		return err
	}
	return errRefused
}

func (t through) Get(ctx context.Context, name string) (c *coordinationv1beta1.LeaseCandidate, err error) {
	err = t.pass(func() error { c, err = t.board.Get(ctx, name); return err })
	return c, err
}

func (t through) Create(ctx context.Context, c *coordinationv1beta1.LeaseCandidate) (_ *coordinationv1beta1.LeaseCandidate, err error) {
	err = t.pass(func() error { c, err = t.board.Create(ctx, c); return err })
	return c, err
}

func (t through) Update(ctx context.Context, c *coordinationv1beta1.LeaseCandidate) (_ *coordinationv1beta1.LeaseCandidate, err error) {
	err = t.pass(func() error { c, err = t.board.Update(ctx, c); return err })
	return c, err
}

func (t through) Delete(ctx context.Context, name, version string) error {
	return t.pass(func() error { return t.board.Delete(ctx, name, version) })
}

func coordinated(b *board, version string) func(*player, *Options) {
	return func(p *player, o *Options) {
		o.Coordinated = &Coordinated{Candidates: through{b, p.link}, BinaryVersion: "1.9.0", EmulationVersion: version}
	}
}

func TestServersChoiceLeadsAndYieldsToABetterOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		b := convene(t, s, 0)
		a := play(t, s, "a", coordinated(b, "1.8.0"), holding(20*time.Second))
		c := play(t, s, "c", coordinated(b, "1.9.0"))
		within(t, 20*time.Second, "a leads", a.IsLeader)
		time.Sleep(5 * time.Minute)
		if !a.IsLeader() || c.done() != "" {
			t.Errorf("a %s; c %s", a.done(), c.done())
		}
		older := play(t, s, "older", coordinated(b, "1.7.0"))
		within(t, 20*time.Second, "a is told to yield", func() bool { return a.why() != nil })
		if !errors.Is(a.why(), ErrReplaced) || !a.IsLeader() {
			t.Errorf("told to end by %v, leading: %v", a.why(), a.IsLeader())
		}
		within(t, 40*time.Second, "the older one leads", older.IsLeader)
		if a.done() != "started, returned, stopped" || c.done() != "" || !slices.Equal(older.leaders(), []string{"a", "older"}) {
			t.Errorf("a %s; c %s; seen %v", a.done(), c.done(), older.leaders())
		}
		lease, _ := s.get("lease")
		if lease.Spec.PreferredHolder != nil || *lease.Spec.Strategy != coordinationv1.OldestEmulationVersion || *lease.Spec.LeaseDurationSeconds != 15 {
			t.Errorf("the Lease is %+v", lease.Spec)
		}
		older.stop()
		<-older.over
		within(t, 40*time.Second, "a leads again", a.IsLeader)
	})
}

// The server's clock is ten seconds fast, so that it thinks much too early that a leader is dead which it does not hear from.
func TestServersChoiceIsTakenUpOnlyWhenTheLeaderBeforeMustKnow(t *testing.T) {
	early := 0
	for i := range 20 {
		synctest.Test(t, func(t *testing.T) {
			s := newServer()
			b := convene(t, s, 10*time.Second)
			option := func(_ *player, o *Options) { o.NoWatch = i%2 == 0 }
			a := play(t, s, "a", coordinated(b, "1.7.0"), option)
			within(t, 40*time.Second, "a leads", a.IsLeader)
			c := play(t, s, "c", coordinated(b, "1.8.0"), option)
			time.Sleep(time.Minute)
			a.link.change(func(l *link) { l.cut = true })
			assigned := false
			for range 4000 {
				time.Sleep(10 * time.Millisecond)
				lease, _ := s.get("lease")
				assigned = assigned || a.IsLeader() && *lease.Spec.HolderIdentity == "c"
				if a.IsLeader() && c.IsLeader() {
					t.Fatal("both lead")
				}
			}
			if !c.IsLeader() {
				t.Error("c does not lead")
			}
			if assigned {
				early++
			}
		})
	}
	if early == 0 {
		t.Error("the server has never chosen too early")
	}
}

func TestCandidateThatLeavesTakesItsLeaseCandidateWithIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		b := convene(t, s, 0)
		a, c := play(t, s, "a", coordinated(b, "1.7.0")), play(t, s, "c", coordinated(b, "1.8.0"))
		within(t, 40*time.Second, "a leads", a.IsLeader)
		for _, p := range []*player{a, c} {
			if !b.has(p.opts.Identity) {
				t.Errorf("%s is no candidate", p.opts.Identity)
			}
			p.stop()
			<-p.over
			if p.err != nil || b.has(p.opts.Identity) {
				t.Errorf("%s has left its LeaseCandidate behind: %v", p.opts.Identity, p.err)
			}
		}
	})
}

func TestServerWithoutLeaseCandidatesGetsAnElectionAsUsual(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		b := convene(t, s, 0)
		b.unknown, b.failing = true, true
		a := play(t, s, "a", coordinated(b, ""))
		time.Sleep(time.Minute)
		if a.IsLeader() {
			t.Error("leading before it is known how to elect")
		}
		if a.Status().CandidateError == nil {
			t.Error("the status does not say why")
		}
		b.mu.Lock()
		b.failing = false
		b.mu.Unlock()
		within(t, 10*time.Second, "a leads", a.IsLeader)
		if err := a.Status().CandidateError; err != nil {
			t.Errorf("the status says %v", err)
		}
	})
}

func TestCandidateStaysFreshAndFollowsItsVersions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		b := newBoard(s, 0)
		play(t, s, "a", coordinated(b, ""))
		time.Sleep(time.Hour)
		c, err := b.Get(t.Context(), "a")
		if err != nil || time.Since(c.Spec.RenewTime.Time) > freshness+5*time.Second || b.version > 10 {
			t.Errorf("renewed %d times, last %v", b.version, c.Spec.RenewTime)
		}
		if c.Spec.EmulationVersion != "1.9.0" || c.Spec.BinaryVersion != "1.9.0" || c.Spec.LeaseName != "lease" {
			t.Errorf("%+v", c.Spec)
		}
		c.Spec.BinaryVersion = "1.0.0" // by an earlier process
		if _, err := b.Update(t.Context(), c); err != nil {
			t.Error(err)
		}
		time.Sleep(10 * time.Second)
		if c, _ = b.Get(t.Context(), "a"); c.Spec.BinaryVersion != "1.9.0" {
			t.Errorf("%+v", c.Spec)
		}
	})
}

// LeaseCandidates that nothing in the server acts on must not leave everybody without a leader, and neither must a choice that cannot lead.
func TestLeaseThatTheServerLeavesToNobodyIsClaimed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		lease, absent := leaseOf("dead", "", 15), "absent"
		lease.Spec.PreferredHolder = &absent
		if _, err := s.create(lease); err != nil {
			t.Fatal(err)
		}
		b := newBoard(s, 0)
		a := play(t, s, "a", coordinated(b, "1.8.0"))
		if took := within(t, 50*time.Second, "a leads", a.IsLeader); took < 15*time.Second+patience {
			t.Errorf("a leads after %v", took)
		}
		time.Sleep(time.Minute)
		if a.done() != "started" {
			t.Errorf("a %s, because %v", a.done(), a.why())
		}
		b.open(t)
		older := play(t, s, "older", coordinated(b, "1.7.0"))
		within(t, 20*time.Second, "the server's choice leads", older.IsLeader)
		if !errors.Is(a.why(), ErrReplaced) {
			t.Errorf("a was told to end by %v", a.why())
		}
	})
}

func TestChoiceThatWasMadeBeforeTheCandidateCameIsTakenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		if _, err := s.create(chosen("a", "")); err != nil {
			t.Fatal(err)
		}
		a := play(t, s, "a", coordinated(newBoard(s, 0), ""))
		within(t, 5*time.Second, "a leads", a.IsLeader)
	})
}

func TestQuestionFromAClockThatIsAheadIsAnsweredOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBoard(newServer(), time.Minute)
		play(t, b.server, "a", coordinated(b, ""))
		time.Sleep(time.Second)
		if best := b.choose(); best != "a" || b.version != 3 { // created, asked, answered
			t.Errorf("%d changes; chosen is %q", b.version, best)
		}
	})
}

func TestLeaseCandidateOfAnotherElectionIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := convene(t, newServer(), 0)
		other := &coordinationv1beta1.LeaseCandidate{ObjectMeta: metav1.ObjectMeta{Name: "a"}}
		other.Spec.LeaseName = "other"
		b.put(other)
		a := play(t, b.server, "a", coordinated(b, ""))
		time.Sleep(time.Minute)
		if c, err := b.Get(t.Context(), "a"); err != nil || c.Spec.LeaseName != "other" || a.IsLeader() {
			t.Errorf("%+v, %v, leading: %v", c, err, a.IsLeader())
		}
		a.stop()
		<-a.over
		if !b.has("a") {
			t.Error("it was deleted")
		}
	})
}

func TestCoordinatedElectionNeedsItsSettings(t *testing.T) {
	work := Callbacks{OnStartedLeading: func(context.Context) {}}
	candidates := newBoard(nil, 0)
	for want, o := range map[string]Options{
		"needs the LeaseCandidates":  {Coordinated: &Coordinated{BinaryVersion: "1.9.0"}},
		"and a binary version":       {Coordinated: &Coordinated{Candidates: candidates}},
		"cannot be the name":         {Coordinated: &Coordinated{Candidates: candidates, BinaryVersion: "1.9.0"}, Identity: "a/b"},
		"illegal version":            {Coordinated: &Coordinated{Candidates: candidates, BinaryVersion: "1.9"}},
		`"v1.9.0" is not written as`: {Coordinated: &Coordinated{Candidates: candidates, BinaryVersion: "v1.9.0"}},
		"higher than the binary":     {Coordinated: &Coordinated{Candidates: candidates, BinaryVersion: "1.9.0", EmulationVersion: "1.10.0"}},
		"":                           {Coordinated: &Coordinated{Candidates: candidates, BinaryVersion: "1.10.0-rc.1+x", EmulationVersion: "1.9.0"}},
	} {
		if _, err := New(nil, "lease", work, o); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", o.Coordinated, err, want)
		}
	}
}
