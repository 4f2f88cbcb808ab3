package leaderelection_test

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/klog/v2"

	"github.com/sheaf-dev/sheaf/discovery"
	"github.com/sheaf-dev/sheaf/e2e/cluster"
	"github.com/sheaf-dev/sheaf/leaderelection"
	coordinationbeta "github.com/sheaf-dev/sheaf/resource/coordination/v1beta1"
	"github.com/sheaf-dev/sheaf/rest"
)

// chosen is how soon the server's choice leads. The server looks each five seconds, asks the candidates, and gives those that do not answer
// five more; that of a dead leader must have expired before.
const chosen = leaseDuration + 15*time.Second

// chosenSoon waits until a process leads after a moment, and fails the test if that is too late.
func (c *contender) chosenSoon(t *testing.T, what string, after time.Time) {
	t.Helper()
	_, at := race{c}.leader(t, after, 2*chosen)
	took := at.Sub(after)
	t.Logf("%s: %s leads after %v", what, c.name, took.Round(time.Millisecond))
	if took > chosen+slack {
		t.Errorf("%s: %s leads after %v, the bound is %v", what, c.name, took, chosen)
	}
}

// coordinates fails the test unless the server has what a coordinated election needs.
func coordinates(t *testing.T, client *rest.Client) {
	t.Helper()
	catalog, err := discovery.New(client, discovery.Options{}).Catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := catalog.Resource(coordinationbeta.LeaseCandidates.Definition().GroupVersionResource()); err != nil {
		t.Fatal(err)
	}
}

func TestProcessesThatTheServerChoosesNeverLeadTogether(t *testing.T) {
	client, _ := newClient(t)
	coordinates(t, client)
	r := race{enter(t, "newer", emulationEnv+"=1.9.0"), enter(t, "older", emulationEnv+"=1.8.0")}
	newer, older := r[0], r[1]
	older.chosenSoon(t, "started", time.Now())
	lease, err := leaderelection.LeasesIn(client, "default").Get(t.Context(), "coordinated")
	if err != nil || lease.Spec.Strategy == nil || *lease.Spec.Strategy != coordinationv1.OldestEmulationVersion {
		t.Errorf("the server has not chosen: %+v, %v", lease, err)
	}

	oldest := enter(t, "oldest", emulationEnv+"=1.7.0")
	r = append(r, oldest)
	oldest.chosenSoon(t, "a better one has come", time.Now())
	if why := older.why(); why != leaderelection.ErrReplaced.Error() {
		t.Errorf("the work of the one before has ended because %q", why)
	}

	oldest.send(t, syscall.SIGKILL)
	older.chosenSoon(t, "killed -9", oldest.last())

	older.send(t, syscall.SIGSTOP)
	newer.chosenSoon(t, "paused", older.last())
	woken := time.Now()
	older.send(t, syscall.SIGCONT)
	older.chosenSoon(t, "woken, and again the better one", woken)

	older.send(t, syscall.SIGTERM)
	newer.chosenSoon(t, "left in good order", older.last())
	if _, err := leaderelection.CandidatesIn(client, "default").Get(t.Context(), older.name); !apierrors.IsNotFound(err) {
		t.Errorf("the LeaseCandidate of the one that left: %v", err)
	}
	r.check(t)
}

func TestServerWithoutLeaseCandidatesGetsAnElectionAsUsual(t *testing.T) {
	plain := cluster.ForTest(t, cluster.Options{})
	client, err := rest.NewClient(&rest.Config{
		Host: plain.URL, BearerToken: plain.Token(cluster.Admin), TLS: rest.TLSConfig{CAData: plain.CA},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdle)
	led := make(chan struct{})
	elector, err := leaderelection.New(leaderelection.LeasesIn(client, "default"), "elected", leaderelection.Callbacks{
		OnStartedLeading: func(context.Context) { close(led) },
	}, leaderelection.Options{Coordinated: &leaderelection.Coordinated{
		Candidates:    leaderelection.CandidatesIn(client, "default"),
		BinaryVersion: "1.9.0",
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(klog.NewContext(t.Context(), klog.Logger{}))
	defer stop()
	over := make(chan error, 1)
	go func() { over <- elector.Run(ctx) }()
	cluster.Eventually(t, 10*time.Second, "it leads", func() error {
		select {
		case <-led:
			return nil
		default:
			return fmt.Errorf("%+v", elector.Status())
		}
	})
	stop()
	if err := <-over; err != nil {
		t.Error(err)
	}
}
