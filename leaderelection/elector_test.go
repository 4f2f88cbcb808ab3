package leaderelection

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/klog/v2"
)

// player is a candidate in a test, and what it has done.
type player struct {
	*Elector
	link   *link
	leases Leases // nil: the link
	stop   context.CancelFunc
	err    error
	over   chan struct{} // closed when Run has returned

	mu     sync.Mutex // owns all below
	events []string
	seen   []string // leaders
	cause  error
	hold   time.Duration // how long the work goes on after its context has ended
}

func (p *player) add(event string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.events = append(p.events, event)
}

func (p *player) done() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.events, ", ")
}

func (p *player) leaders() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.seen)
}

func (p *player) why() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cause
}

// play starts a candidate in a bubble of fake time. It is stopped when the test ends.
func play(t *testing.T, s *server, name string, options ...func(*player, *Options)) *player {
	t.Helper()
	p := &player{over: make(chan struct{}), link: &link{server: s, random: rand.New(rand.NewPCG(1, 2)), latency: 10 * time.Millisecond}}
	opts := Options{Identity: name}
	for _, option := range options {
		option(p, &opts)
	}
	if p.leases == nil {
		p.leases = p.link
	}
	var err error
	p.Elector, err = New(p.leases, "lease", Callbacks{
		OnStartedLeading: func(ctx context.Context) {
			p.add("started")
			<-ctx.Done()
			p.mu.Lock()
			p.cause = context.Cause(ctx)
			p.mu.Unlock()
			time.Sleep(p.hold)
			p.add("returned")
		},
		OnStoppedLeading: func() { p.add("stopped") },
		OnNewLeader: func(identity string) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.seen = append(p.seen, identity)
		},
	}, opts)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(klog.NewContext(context.Background(), klog.Logger{}))
	p.stop = cancel
	go func() {
		defer close(p.over)
		p.err = p.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		p.link.change(func(l *link) { l.cut, l.broken = false, false })
		<-p.over
	})
	return p
}

func noWatch(_ *player, o *Options) { o.NoWatch = true }
func holding(d time.Duration) func(*player, *Options) {
	return func(p *player, _ *Options) { p.hold = d }
}
func measured(m MetricsProvider) func(*player, *Options) {
	return func(_ *player, o *Options) { o.Metrics = m }
}

// within waits until something is so, and fails if it is not after d.
func within(t *testing.T, d time.Duration, what string, is func() bool) time.Duration {
	t.Helper()
	for begin := time.Now(); ; time.Sleep(time.Millisecond) {
		if took := time.Since(begin); is() {
			return took
		} else if took > d {
			t.Fatalf("not within %v: %s", d, what)
		}
	}
}

func TestWorkEndsBeforeTheLeaseIsReleasedAndTheSuccessorBeginsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		a := play(t, s, "a", holding(30*time.Second)) // longer than the Lease lasts
		within(t, time.Second, "a leads", a.IsLeader)
		b := play(t, s, "b")
		time.Sleep(20 * time.Second)

		a.stop()
		time.Sleep(30*time.Second - time.Nanosecond)
		synctest.Wait()
		if a.done() != "started" || b.done() != "" || !slices.Equal(b.leaders(), []string{"a"}) || !a.IsLeader() {
			t.Errorf("while the work goes on: a %s; b %s", a.done(), b.done())
		}
		took := within(t, 100*time.Millisecond, "b leads", b.IsLeader)
		t.Logf("handed over in %v", took)
		<-a.over
		if a.done() != "started, returned, stopped" || a.err != nil || !errors.Is(a.why(), context.Canceled) {
			t.Errorf("a: %s, error %v, cause %v", a.done(), a.err, a.why())
		}
	})
}

func TestSuccessorThatMayNotWatchBeginsAtItsNextPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 20 {
			s := newServer()
			a := play(t, s, "a")
			within(t, time.Second, "a leads", a.IsLeader)
			b := play(t, s, "b", noWatch)
			time.Sleep(20 * time.Second)
			a.stop()
			<-a.over
			within(t, 4400*time.Millisecond+100*time.Millisecond, "b leads", b.IsLeader)
			b.stop()
			<-b.over
		}
	})
}

// Without a watch, and alone: the worst case for who must notice that the leader is dead.
func TestDeadLeaderIsReplacedWhenItsLeaseExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 50 {
			s := newServer()
			a := play(t, s, "a")
			within(t, time.Second, "a leads", a.IsLeader)
			b := play(t, s, "b", noWatch)
			time.Sleep(20 * time.Second)
			a.link.change(func(l *link) { l.cut = true })
			took := within(t, 15*time.Second+4400*time.Millisecond+100*time.Millisecond, "b leads", b.IsLeader)
			if took < 10*time.Second {
				t.Errorf("b leads after %v", took)
			}
			if a.IsLeader() {
				t.Error("a still says that it leads")
			}
			a.link.change(func(l *link) { l.cut = false })
			a.stop()
			b.stop()
			<-a.over
			<-b.over
		}
	})
}

func TestLeadershipIsOverAtItsInstantEvenIfNothingHasNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := play(t, newServer(), "a", noWatch)
		within(t, time.Second, "a leads", a.IsLeader)
		a.link.change(func(l *link) { l.cut = true })
		time.Sleep(time.Duration(a.valid.Load()) - a.clock.now() - time.Nanosecond)
		if !a.IsLeader() {
			t.Error("over too early")
		}
		time.Sleep(time.Nanosecond)
		if a.IsLeader() { // asked before anything else could run
			t.Error("not over")
		}
		synctest.Wait()
		if !errors.Is(a.why(), ErrLost) || a.done() != "started, returned, stopped" {
			t.Errorf("%s, cause %v", a.done(), a.why())
		}
	})
}

func TestLostLeadershipCanBeWonAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := play(t, newServer(), "a")
		within(t, time.Second, "a leads", a.IsLeader)
		a.link.change(func(l *link) { l.cut = true })
		time.Sleep(time.Minute)
		if s := a.Status(); s.Leader || s.LastError == nil || s.Stopping {
			t.Errorf("cut off: %+v", s)
		}
		a.link.change(func(l *link) { l.cut = false })
		within(t, 5*time.Second, "a leads again", a.IsLeader)
		if a.done() != "started, returned, stopped, started" {
			t.Error(a.done())
		}
		s := a.Status()
		if !s.Leader || s.Holder != "a" || s.LastError != nil || time.Since(s.Since) > 5*time.Second || time.Since(s.Renewed) > 5*time.Second {
			t.Errorf("%+v", s)
		}
	})
}

func TestLeaderWhoseLeaseIsTakenStepsDown(t *testing.T) {
	for _, take := range []struct {
		name string
		do   func(*server)
	}{
		{"written by hand", func(s *server) {
			lease, _ := s.get("lease")
			thief := "thief"
			lease.Spec.HolderIdentity = &thief
			if _, err := s.update(lease); err != nil {
				t.Error(err)
			}
		}},
		{"deleted", (*server).delete},
	} {
		for _, option := range []func(*player, *Options){noWatch, func(*player, *Options) {}} {
			synctest.Test(t, func(t *testing.T) {
				s := newServer()
				a := play(t, s, "a", option)
				within(t, time.Second, "a leads", a.IsLeader)
				take.do(s)
				within(t, 5*time.Second, take.name+": a steps down", func() bool { return !a.IsLeader() })
				synctest.Wait()
				if !errors.Is(a.why(), ErrLost) {
					t.Errorf("%s: %v", take.name, a.why())
				}
			})
		}
	}
}

func TestStrangersEditOfTheLeaseDoesNotEndTheLeadership(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		a := play(t, s, "a", noWatch)
		within(t, time.Second, "a leads", a.IsLeader)
		for range 20 {
			lease, _ := s.get("lease")
			lease.Annotations = map[string]string{"note": time.Now().String()}
			if _, err := s.update(lease); err != nil {
				t.Fatal(err)
			}
			time.Sleep(3 * time.Second)
			if !a.IsLeader() {
				t.Fatal("it did")
			}
		}
		lease, _ := s.get("lease")
		if lease.Annotations["note"] == "" || a.done() != "started" {
			t.Errorf("%v, %s", lease.Annotations, a.done())
		}
	})
}

// probe asks for a candidate's health as a kubelet does.
func probe(p *player) (code int, text string) {
	answer := httptest.NewRecorder()
	Health(p.Healthy).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/healthz", nil))
	return answer.Code, answer.Body.String()
}

func TestWorkThatDoesNotStopIsUnhealthy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		a := play(t, s, "a", holding(time.Minute))
		within(t, time.Second, "a leads", a.IsLeader)
		b := play(t, s, "b")
		a.link.change(func(l *link) { l.cut = true })
		within(t, 15*time.Second, "a loses", func() bool { return !a.IsLeader() })
		time.Sleep(19 * time.Second)
		if err := a.Healthy(); err != nil {
			t.Errorf("too early: %v", err)
		}
		time.Sleep(2 * time.Second)
		if err := a.Healthy(); !errors.Is(err, ErrNotStopped) || !a.Status().Stopping {
			t.Errorf("got %v", err)
		}
		if code, text := probe(a); code != http.StatusServiceUnavailable || !strings.Contains(text, ErrNotStopped.Error()) {
			t.Errorf("a probe is answered with %d %s", code, text)
		}
		if code, text := probe(b); code != http.StatusOK || text != "ok\n" {
			t.Errorf("a probe of the leader is answered with %d %s", code, text)
		}
		if err := b.Healthy(); err != nil || !b.IsLeader() {
			t.Errorf("b: %v", err)
		}
		a.link.change(func(l *link) { l.cut = false })
		time.Sleep(time.Minute)
		if err := a.Healthy(); err != nil || a.Status().Stopping {
			t.Errorf("after the work has stopped: %v", err)
		}
	})
}

// witness is a way to the Lease whose states were seen before the candidate came.
type witness struct {
	*link
	since time.Time
}

func (w witness) Since(lease *coordinationv1.Lease) (time.Time, bool) {
	return w.since, lease.ResourceVersion == "1"
}

func TestWitnessSavesANewcomerTheWait(t *testing.T) {
	for witnessed, want := range map[bool]time.Duration{false: 15 * time.Second, true: 5 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			s := newServer()
			if _, err := s.create(leaseOf("dead", "", 15)); err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			time.Sleep(10 * time.Second)
			a := play(t, s, "a", func(p *player, _ *Options) {
				if witnessed {
					p.leases = witness{p.link, begin}
				}
			})
			if took := within(t, 20*time.Second, "a leads", a.IsLeader); took < want || took > want+time.Second {
				t.Errorf("witnessed %v: leads after %v", witnessed, took)
			}
		})
	}
}

func TestSlowServerStillHasALeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		slow := func(p *player, _ *Options) { p.link.latency = 4 * time.Second } // a request may take 8 s
		m := new(book)
		a := play(t, s, "a", slow, noWatch, measured(m))
		within(t, 30*time.Second, "a leads", a.IsLeader)
		leads := 0
		for range 600 {
			time.Sleep(time.Second)
			if a.IsLeader() {
				leads++
			}
		}
		if leads < 500 {
			t.Errorf("%d of 600 seconds", leads)
		}
		a.stop()
		<-a.over
		t.Logf("leads %d of 600 seconds, %d renewals, %d looks", leads, m.renewed, m.slow)
		if m.slow > 40 {
			t.Errorf("looked %d times what its writes had met, though nobody else writes", m.slow)
		}
	})
}

// late brings the answer to the first claim eight seconds after it was done, and none to renewals.
type late struct{ Leases }

func (late) Update(ctx context.Context, _ *coordinationv1.Lease) (*coordinationv1.Lease, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (l late) Create(ctx context.Context, lease *coordinationv1.Lease) (*coordinationv1.Lease, error) {
	lease, err := l.Leases.Create(ctx, lease)
	time.Sleep(8 * time.Second)
	return lease, err
}

func TestLeadershipCountsFromTheRequestNotFromItsAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		a := play(t, newServer(), "a", noWatch, func(p *player, _ *Options) { p.leases = late{p.link} })
		within(t, 8100*time.Millisecond, "a leads", a.IsLeader)
		time.Sleep(time.Until(begin.Add(10 * time.Second)))
		if !a.IsLeader() {
			t.Error("over too early")
		}
		time.Sleep(100 * time.Millisecond)
		if a.IsLeader() {
			t.Error("leading 10 s after the request was sent")
		}
	})
}

func TestWorkThatReturnsEarlyLeavesTheLeadershipAsItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		stopped := make(chan time.Time, 1)
		e, err := New(&link{server: s, random: rand.New(rand.NewPCG(1, 2))}, "lease", Callbacks{
			OnStartedLeading: func(context.Context) {},
			OnStoppedLeading: func() { stopped <- time.Now() },
		}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(klog.NewContext(t.Context(), klog.Logger{}), time.Hour)
		defer cancel()
		over := make(chan error)
		go func() { over <- e.Run(ctx) }()
		time.Sleep(time.Hour - time.Second)
		if !e.IsLeader() || len(stopped) > 0 {
			t.Error("it does not lead any more")
		}
		if err := <-over; err != nil || len(stopped) != 1 || !time.Now().Equal(<-stopped) {
			t.Errorf("not stopped at the end, or error %v", err)
		}
	})
}

func TestNamesakesDoNotLeadTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		a, b := play(t, s, "same"), play(t, s, "same")
		for range 1000 {
			time.Sleep(100 * time.Millisecond)
			if a.IsLeader() && b.IsLeader() {
				t.Fatal("they do")
			}
		}
		if !a.IsLeader() && !b.IsLeader() {
			t.Error("none leads")
		}
	})
}

func TestClaimWithoutAnAnswerIsReleasedAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		a := play(t, s, "a", func(p *player, _ *Options) { p.link.latency = time.Second }, noWatch)
		within(t, 10*time.Second, "the claim is stored", func() bool { return s.changes() > 0 })
		a.stop() // before the answer has arrived
		<-a.over
		if lease, err := s.get("lease"); err != nil || *lease.Spec.HolderIdentity != "" || a.done() != "" || a.err != nil {
			t.Errorf("%v, %v, %s, %v", lease, err, a.done(), a.err)
		}
	})
}

func TestReleaseThatFailsIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := play(t, newServer(), "a")
		within(t, time.Second, "a leads", a.IsLeader)
		a.link.change(func(l *link) { l.cut, l.refuse = true, true })
		a.stop()
		begin := time.Now()
		<-a.over
		if took := time.Since(begin); took > 11*time.Second {
			t.Errorf("took %v", took)
		}
		if a.err == nil || !errors.Is(a.err, errRefused) || !strings.Contains(a.err.Error(), "could not be released") {
			t.Errorf("got %v", a.err)
		}
	})
}

func TestReleaseIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		a := play(t, s, "a")
		within(t, time.Second, "a leads", a.IsLeader)
		a.link.change(func(l *link) { l.broken = true })
		a.stop()
		<-a.over
		if lease, _ := s.get("lease"); *lease.Spec.HolderIdentity != "" || a.err != nil {
			t.Errorf("%v, %v", lease, a.err)
		}
	})
}

// refusing allows everything but watches, and counts them.
type refusing struct {
	Leases
	watches *int
}

func (r refusing) Watch(context.Context, string, func(*coordinationv1.Lease)) error {
	*r.watches++
	return apierrors.NewForbidden(leasesResource, "lease", errors.New("no"))
}

func TestCandidateWithoutTheRightToWatchPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		a := play(t, s, "a")
		within(t, time.Second, "a leads and watches", func() bool { return a.IsLeader() && a.Status().Watching })
		watches := 0
		b := play(t, s, "b", func(p *player, _ *Options) { p.leases = refusing{p.link, &watches} })
		time.Sleep(10 * time.Second)
		a.stop()
		within(t, 10*time.Second, "b leads", b.IsLeader)
		time.Sleep(10 * time.Minute)
		if b.Status().Watching {
			t.Error("b watches")
		}
		b.stop()
		<-b.over
		if watches < 2 || watches > 5 {
			t.Errorf("b tried to watch %d times", watches)
		}
	})
}
