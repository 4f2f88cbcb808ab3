package leaderelection_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sheaf-dev/sheaf/leaderelection"
	"github.com/sheaf-dev/sheaf/rest"
)

const (
	leaseDuration = 3 * time.Second
	retryPeriod   = 400 * time.Millisecond
	// documented is how soon there is a leader again; slack is for a busy machine.
	documented = (leaseDuration + retryPeriod*22/10) * 11 / 10
	slack      = 1500 * time.Millisecond
	sampling   = 5 * time.Millisecond
)

// times are the settings of the tests' elections.
func times(identity string) leaderelection.Options {
	return leaderelection.Options{Identity: identity, LeaseDuration: leaseDuration, RenewDeadline: 2 * time.Second, RetryPeriod: retryPeriod}
}

// emulationEnv is the version of a candidate in a coordinated election.
const emulationEnv = "SHEAF_E2E_EMULATION"

// candidate is a process that takes part in an election until it is told to stop. It prints each moment at which it says that it leads.
func candidate(ctx context.Context, name string, client *rest.Client) error {
	lease, opts := "elected", times(name)
	if emulation := os.Getenv(emulationEnv); emulation != "" {
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
	return meanwhile(func() error { return elector.Run(ctx) }, sampling, func() {
		// Looking at the wall clock first makes a pause in between harmless: it is then the process that is asked late.
		if at := time.Now(); elector.IsLeader() && time.Since(at) < sampling {
			fmt.Println("leads", at.UnixNano())
		}
	})
}

// contender is a candidate's process, and what it has said.
type contender struct {
	*process

	mu     sync.Mutex // owns all below
	leads  []time.Time
	tokens []string
	ended  string // why its last work has ended
}

// enter starts a candidate.
func enter(t *testing.T, name string, env ...string) *contender {
	t.Helper()
	c := &contender{}
	c.process = start(t, "candidate", name, c.take, env...)
	return c
}

func (c *contender) take(line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if token, ok := strings.CutPrefix(line, "token "); ok {
		c.tokens = append(c.tokens, token)
	}
	if why, ok := strings.CutPrefix(line, "ended "); ok {
		c.ended = why
	}
	var at int64
	if _, err := fmt.Sscanf(line, "leads %d", &at); err == nil {
		c.leads = append(c.leads, time.Unix(0, at))
	}
}

// led returns the moments at which the process said that it leads.
func (c *contender) led() []time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.leads
}

// last returns the last moment; zero: never.
func (c *contender) last() (last time.Time) {
	if led := c.led(); len(led) > 0 {
		last = led[len(led)-1]
	}
	return last
}

// why returns why the process's last work has ended.
func (c *contender) why() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended
}
