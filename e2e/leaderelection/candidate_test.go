package leaderelection_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sheaf-dev/sheaf/clientcmd"
	"github.com/sheaf-dev/sheaf/e2e/cluster"
	"github.com/sheaf-dev/sheaf/leaderelection"
	"github.com/sheaf-dev/sheaf/rest"
)

// The test's own program is the candidate's, too: these tell them apart.
const (
	candidateEnv  = "SHEAF_E2E_CANDIDATE"
	kubeconfigEnv = "SHEAF_E2E_KUBECONFIG"
	emulationEnv  = "SHEAF_E2E_EMULATION" // the version of a candidate in a coordinated election
)

const (
	leaseDuration = 3 * time.Second
	retryPeriod   = 400 * time.Millisecond
	// documented is how soon there is a leader again; slack is for a busy machine.
	documented = (leaseDuration + retryPeriod*22/10) * 11 / 10
	slack      = 1500 * time.Millisecond
	sampling   = 5 * time.Millisecond
)

// candidate is a process that takes part in an election until it is told to stop. It prints each moment at which it says that it leads.
func candidate(name, kubeconfig, emulation string) error {
	config, err := clientcmd.BuildConfig("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := rest.NewClient(config)
	if err != nil {
		return err
	}
	defer client.CloseIdle()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	lease, opts := "elected", leaderelection.Options{Identity: name, LeaseDuration: leaseDuration, RenewDeadline: 2 * time.Second, RetryPeriod: retryPeriod}
	if emulation != "" {
		lease = "coordinated"
		opts.Coordinated = &leaderelection.Coordinated{
			Candidates:    leaderelection.CandidatesIn(client, "default"),
			BinaryVersion: "1.9.0", EmulationVersion: emulation,
		}
	}
	elector, err := leaderelection.New(leaderelection.LeasesIn(client, "default"), lease, leaderelection.Callbacks{
		OnStartedLeading: func(ctx context.Context) {
			token, _ := leaderelection.Token(ctx)
			fmt.Println("token", token)
			<-ctx.Done()
			fmt.Println("ended", context.Cause(ctx))
		},
	}, opts)
	if err != nil {
		return err
	}
	over := make(chan error, 1)
	go func() { over <- elector.Run(ctx) }()
	tick := time.NewTicker(sampling)
	defer tick.Stop()
	for {
		select {
		case err := <-over:
			return err
		case <-tick.C:
			// Looking at the wall clock first makes a pause in between harmless: it is then the process that is asked late.
			if at := time.Now(); elector.IsLeader() && time.Since(at) < sampling {
				fmt.Println("leads", at.UnixNano())
			}
		}
	}
}

// process is a running candidate.
type process struct {
	name string
	cmd  *exec.Cmd
	over chan struct{} // closed when it has ended

	mu     sync.Mutex // owns all below
	leads  []time.Time
	tokens []string
	ended  string // why its last work has ended
}

// start starts a candidate, which is killed at the end of the test if it still runs. The environment says more than its name.
func start(t *testing.T, name string, env ...string) *process {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(file, server.Kubeconfig(server.URL, cluster.Admin), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &process{name: name, over: make(chan struct{})}
	p.cmd = exec.Command(os.Args[0])
	p.cmd.Env = append(env, candidateEnv+"="+name, kubeconfigEnv+"="+file, "HOME="+t.TempDir())
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.over)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			p.take(lines.Text())
		}
		_ = p.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.over
	})
	return p
}

func (p *process) take(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if token, ok := strings.CutPrefix(line, "token "); ok {
		p.tokens = append(p.tokens, token)
	}
	if why, ok := strings.CutPrefix(line, "ended "); ok {
		p.ended = why
	}
	var at int64
	if _, err := fmt.Sscanf(line, "leads %d", &at); err == nil {
		p.leads = append(p.leads, time.Unix(0, at))
	}
}

// led returns the moments at which the process said that it leads.
func (p *process) led() []time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.leads
}

// last returns the last moment; zero: never.
func (p *process) last() (last time.Time) {
	if led := p.led(); len(led) > 0 {
		last = led[len(led)-1]
	}
	return last
}

// why returns why the process's last work has ended.
func (p *process) why() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}

// send sends a signal.
func (p *process) send(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatalf("%s: %v", p.name, err)
	}
}
