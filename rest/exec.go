package rest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"sync"
	"time"
)

// The versions of credential plugins that are spoken.
const (
	execV1      = "client.authentication.k8s.io/v1"
	execV1beta1 = "client.authentication.k8s.io/v1beta1"
)

// execTimeout is how long a plugin may take, unless the configuration says otherwise.
const execTimeout = time.Minute

// expirySlack is how long before its end a credential is replaced.
const expirySlack = 10 * time.Second

// credential is what a plugin issued.
type credential struct {
	generation uint64 // counts the runs; 0: none
	token      string
	cert, key  []byte            // PEM
	leaf       *x509.Certificate // of cert; nil: none
	issued     time.Time
	expires    time.Time // zero: never
}

// fresh says whether the credential can still be used. One that lives shortly is used for most of its life.
func (c credential) fresh(now time.Time) bool {
	if c.generation == 0 {
		return false
	}
	return c.expires.IsZero() || now.Before(c.expires.Add(-min(expirySlack, c.expires.Sub(c.issued)/10)))
}

// execPlugin is a source of tokens and client certificates: it keeps what the program issued, and runs it again when that has expired or
// was rejected. Concurrent requests share one run.
type execPlugin struct {
	cfg  *Config // of which it uses Exec, and the cluster's part for the program
	runs flight

	mu   sync.Mutex // owns last
	last credential
}

// newExecPlugin returns the plugin that the configuration names and uses, or nil.
func newExecPlugin(cfg *Config) (*execPlugin, error) {
	if cfg.Exec == nil || cfg.BearerToken != "" || cfg.BearerTokenFile != "" {
		return nil, nil
	}
	if err := cfg.Exec.check(); err != nil {
		return nil, err
	}
	return &execPlugin{cfg: cfg}, nil
}

func (e *ExecConfig) check() error {
	switch {
	case e.Command == "":
		return errors.New("the credential plugin has no command")
	case e.APIVersion == "":
		return fmt.Errorf("the credential plugin %q has no apiVersion: use %s", e.Command, execV1)
	case e.APIVersion != execV1 && e.APIVersion != execV1beta1:
		return fmt.Errorf("the credential plugin %q has apiVersion %q: use %s or %s", e.Command, e.APIVersion, execV1, execV1beta1)
	case e.APIVersion == execV1 && e.InteractiveMode == "":
		return fmt.Errorf("the credential plugin %q has no interactiveMode, which %s requires: use Never, IfAvailable or Always", e.Command, execV1)
	case e.Timeout < 0:
		return fmt.Errorf("the credential plugin %q has the negative time-out %v", e.Command, e.Timeout)
	}
	switch e.InteractiveMode {
	case "", interactiveNever, interactiveIfAvailable, interactiveAlways:
		return nil
	}
	return fmt.Errorf("the credential plugin %q has the interactiveMode %q: use Never, IfAvailable or Always", e.Command, e.InteractiveMode)
}

// credential returns the present credential, running the program if there is none that is fresh.
func (p *execPlugin) credential(ctx context.Context) (credential, error) {
	if c := p.present(); c.fresh(time.Now()) {
		return c, nil
	}
	if err := p.runs.do(ctx, p.renew); err != nil {
		return credential{}, err
	}
	return p.present(), nil
}

// renew runs the program, unless a run has ended just now.
func (p *execPlugin) renew(ctx context.Context) error {
	if p.present().fresh(time.Now()) {
		return nil
	}
	c, err := p.run(ctx)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.measure(c)
	c.generation = p.last.generation + 1
	p.last = c
	return nil
}

// measure tells that another certificate replaces the last one.
func (p *execPlugin) measure(next credential) {
	hook := p.cfg.Hooks.orGlobal().Certificate
	if hook == nil || next.leaf == nil || next.leaf.Equal(p.last.leaf) {
		return
	}
	var age time.Duration
	if p.last.leaf != nil {
		age = time.Since(p.last.leaf.NotBefore)
	}
	hook(hostOf(p.cfg), append([]string{p.cfg.Exec.Command}, p.cfg.Exec.Args...), next.leaf.NotAfter, age)
}

func (p *execPlugin) present() credential {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

// token makes the plugin a tokenSource.
func (p *execPlugin) token(ctx context.Context) (string, error) {
	c, err := p.credential(ctx)
	return c.token, err
}

// rejected lets the program run again, unless it already has since the token was issued.
func (p *execPlugin) rejected(token string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last.token == token {
		p.last.expires = p.last.issued
	}
	return true
}

// certificateRejected lets the program run again.
func (p *execPlugin) certificateRejected() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.last.cert) > 0 {
		p.last.expires = p.last.issued
	}
}

// String keeps the credential out of whatever prints the plugin.
func (p *execPlugin) String() string { return fmt.Sprintf("credential plugin %q", p.cfg.Exec.Command) }

// checkPair says whether a certificate and key belong together, and returns the certificate.
func checkPair(cert, key []byte) (*x509.Certificate, error) {
	pair, err := tls.X509KeyPair(cert, key)
	return pair.Leaf, err
}
