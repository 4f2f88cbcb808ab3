package leaderelection

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/klog/v2"
)

func TestSlowListenerDelaysNoRenewalAndHearsTheLastLeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		var heard []string
		link := &link{server: s, random: rand.New(rand.NewPCG(1, 2))}
		c, err := New(link, "lease", Callbacks{
			OnStartedLeading: func(ctx context.Context) { <-ctx.Done() },
			OnNewLeader: func(identity string) {
				heard = append(heard, identity)
				time.Sleep(time.Minute)
			},
		}, Options{Identity: "c"})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(klog.NewContext(context.Background(), klog.Logger{}))
		over := make(chan struct{})
		go func() { c.Run(ctx); close(over) }()
		within(t, time.Second, "c leads", c.IsLeader)
		time.Sleep(50 * time.Second)
		if !c.IsLeader() {
			t.Error("the listener delays the renewals")
		}
		for _, thief := range []string{"x", "y", "z"} {
			lease, _ := s.get("lease")
			lease.Spec.HolderIdentity = &thief
			if _, err := s.update(lease); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		time.Sleep(12 * time.Second)
		cancel()
		<-over
		if !slices.Equal(heard, []string{"c", "z"}) {
			t.Errorf("heard %v", heard)
		}
	})
}

func TestOptionsThatCannotWorkAreRefused(t *testing.T) {
	work := Callbacks{OnStartedLeading: func(context.Context) {}}
	tests := []struct {
		name      string
		callbacks Callbacks
		opts      Options
		want      string
	}{
		{"", work, Options{}, "the name of the Lease"},
		{"lease", Callbacks{}, Options{}, "OnStartedLeading"},
		{"lease", work, Options{LeaseDuration: time.Millisecond}, "less than a second"},
		{"lease", work, Options{LeaseDuration: 15 * time.Second, RenewDeadline: 14 * time.Second}, "at most 12s leaves room for unequal clocks"},
		{"lease", work, Options{RetryPeriod: 5 * time.Second}, "no time for a second try"},
		{"lease", work, Options{StopTolerance: -1}, "negative"},
	}
	for _, test := range tests {
		if _, err := New(nil, test.name, test.callbacks, test.opts); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: got %v, want %q", test.opts, err, test.want)
		}
	}
	for range 2 {
		e, err := New(nil, "lease", work, Options{LeaseDuration: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		if e.opts.RenewDeadline != 40*time.Second || e.opts.RetryPeriod != 8*time.Second || len(e.opts.Identity) <= identityTail {
			t.Errorf("%+v", e.opts)
		}
	}
}

func TestWaitsAreSpreadFromOneToTwoPointTwoRetryPeriods(t *testing.T) {
	e, err := New(nil, "lease", Callbacks{OnStartedLeading: func(context.Context) {}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if o := e.opts; o.LeaseDuration != 15*time.Second || o.RenewDeadline != 10*time.Second || o.RetryPeriod != 2*time.Second {
		t.Errorf("the times are %+v", o)
	}
	var tenths [10]int
	for range 10_000 {
		wait := e.pause()
		part := float64(wait-2*time.Second) / float64(2400*time.Millisecond)
		if part < 0 || part >= 1 {
			t.Fatalf("a wait of %v", wait)
		}
		tenths[int(part*10)]++
	}
	for i, n := range tenths {
		if n < 800 || n > 1200 {
			t.Errorf("%d of 10,000 waits are in the tenth %d", n, i)
		}
	}
}

func TestElectorRunsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := play(t, newServer(), "a")
		synctest.Wait()
		if err := a.Run(t.Context()); err == nil {
			t.Error("it runs twice")
		}
	})
}

func TestNoTokenOutsideALeadership(t *testing.T) {
	if token, ok := Token(t.Context()); ok {
		t.Errorf("got %q", token)
	}
}

// book is a provider and the metrics of one candidate.
type book struct {
	lease                         string
	leads                         func() bool
	renewed, slow, failed, closed int
}

func (b *book) Election(lease string, leads func() bool) Metrics {
	b.lease, b.leads = lease, leads
	return b
}

// The methods are called one after the other; a test looks when Run has returned.
func (b *book) Renewed()  { b.renewed++ }
func (b *book) SlowPath() { b.slow++ }
func (b *book) Failed()   { b.failed++ }
func (b *book) Close()    { b.closed++ }

func TestMetricsTellOfTheElectionAndEndWithIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, own, global := newServer(), new(book), new(book)
		SetMetrics(global)
		defer SetMetrics(nil)
		a := play(t, s, "a", measured(own), noWatch)
		within(t, time.Second, "a leads", a.IsLeader)
		if own.lease != "lease" || !own.leads() || global.leads != nil {
			t.Errorf("%+v", own)
		}
		lease, _ := s.get("lease")
		s.update(lease)
		time.Sleep(5 * time.Second)
		a.link.change(func(l *link) { l.cut, l.refuse = true, true })
		time.Sleep(5 * time.Second)
		a.link.change(func(l *link) { l.cut = false })
		a.stop()
		<-a.over
		if own.renewed < 2 || own.slow != 1 || own.failed == 0 || own.closed != 1 || own.leads() {
			t.Errorf("%+v", own)
		}
		b := play(t, s, "b")
		within(t, time.Second, "b leads", b.IsLeader)
		if global.leads == nil || !global.leads() {
			t.Error("the provider for all is not asked")
		}
	})
}

func TestMissingNamespaceIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, err := New(nowhere{}, "lease", Callbacks{OnStartedLeading: func(context.Context) {}}, Options{NoWatch: true, Metrics: new(book)})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(klog.NewContext(t.Context(), klog.Logger{}))
		over := make(chan error)
		go func() { over <- e.Run(ctx) }()
		time.Sleep(time.Minute)
		cancel()
		<-over
		if n := e.opts.Metrics.(*book).failed; n < 10 || n > 40 {
			t.Errorf("%d failures in a minute", n)
		}
	})
}

// nowhere is a namespace that does not exist.
type nowhere struct{ Leases }

func (nowhere) Get(context.Context, string) (*coordinationv1.Lease, error) {
	return nil, apierrors.NewNotFound(leasesResource, "lease")
}

func (nowhere) Create(context.Context, *coordinationv1.Lease) (*coordinationv1.Lease, error) {
	return nil, fmt.Errorf("create: %w", apierrors.NewNotFound(leasesResource, "namespace"))
}
