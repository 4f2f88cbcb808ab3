package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"
)

// The ways in which a plugin may use standard input.
const (
	interactiveNever       = "Never"
	interactiveIfAvailable = "IfAvailable"
	interactiveAlways      = "Always"
)

// execOutputLimit is how much a plugin may print, in bytes.
const execOutputLimit = 1 << 20

// execCredential is what a plugin is told (spec) and what it answers (status).
type execCredential struct {
	APIVersion string      `json:"apiVersion"`
	Kind       string      `json:"kind"`
	Spec       execSpec    `json:"spec"`
	Status     *execStatus `json:"status,omitempty"`
}

type execSpec struct {
	Cluster     *execCluster `json:"cluster,omitempty"`
	Interactive bool         `json:"interactive"`
}

type execCluster struct {
	Server                   string          `json:"server"`
	TLSServerName            string          `json:"tls-server-name,omitempty"`
	InsecureSkipTLSVerify    bool            `json:"insecure-skip-tls-verify,omitempty"`
	CertificateAuthorityData []byte          `json:"certificate-authority-data,omitempty"`
	ProxyURL                 string          `json:"proxy-url,omitempty"`
	DisableCompression       bool            `json:"disable-compression,omitempty"`
	Config                   json.RawMessage `json:"config,omitempty"`
}

type execStatus struct {
	ExpirationTimestamp   *time.Time `json:"expirationTimestamp"`
	Token                 string     `json:"token"`
	ClientCertificateData string     `json:"clientCertificateData"`
	ClientKeyData         string     `json:"clientKeyData"`
}

// run runs the program once. Its error is one sentence that names the program; what the program says on standard error goes to this
// process's, where it may ask its user something.
func (p *execPlugin) run(ctx context.Context) (credential, error) {
	start := time.Now()
	c, err := p.execute(ctx)
	if hook := p.cfg.Hooks.orGlobal().Exec; hook != nil {
		hook(ctx, p.cfg.Exec.Command, time.Since(start), err)
	}
	if err != nil {
		return c, fmt.Errorf("credential plugin %q: %w", p.cfg.Exec.Command, err)
	}
	return c, nil
}

func (p *execPlugin) execute(ctx context.Context) (credential, error) {
	e := p.cfg.Exec
	interactive, err := e.interactive(os.Stdin)
	if err != nil {
		return credential{}, err
	}
	limit := e.Timeout
	if limit == 0 && !interactive {
		limit = execTimeout
	}
	if limit > 0 {
		why := fmt.Errorf("it printed nothing within %v and was ended", limit)
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, why)
		defer cancel()
	}
	cmd, out, err := p.command(ctx, interactive)
	if err != nil {
		return credential{}, err
	}
	if err := cmd.Run(); err != nil {
		if why := context.Cause(ctx); why != nil {
			return credential{}, why
		}
		return credential{}, e.explain(err)
	}
	if out.over {
		return credential{}, fmt.Errorf("it printed more than %d bytes", execOutputLimit)
	}
	return e.parse(out.kept.Bytes(), time.Now())
}

// command prepares the program's process.
func (p *execPlugin) command(ctx context.Context, interactive bool) (*exec.Cmd, *boundedBuffer, error) {
	e := p.cfg.Exec
	info, err := p.info(interactive)
	if err != nil {
		return nil, nil, err
	}
	cmd := exec.CommandContext(ctx, e.Command, e.Args...)
	cmd.Env = os.Environ()
	for _, v := range e.Env {
		cmd.Env = append(cmd.Env, v.Name+"="+v.Value)
	}
	cmd.Env = append(cmd.Env, "KUBERNETES_EXEC_INFO="+string(info))
	out := &boundedBuffer{}
	cmd.Stdout, cmd.Stderr = out, os.Stderr
	if interactive {
		cmd.Stdin = os.Stdin
	}
	cmd.WaitDelay = time.Second // for children of the program that hold its output open
	return cmd, out, nil
}

// interactive decides whether the program may use standard input.
func (e *ExecConfig) interactive(stdin *os.File) (bool, error) {
	available := e.StdinUnavailable == "" && isTerminal(stdin)
	switch {
	case e.InteractiveMode == interactiveNever:
		return false, nil
	case e.InteractiveMode != interactiveAlways || available:
		return available, nil
	case e.StdinUnavailable != "":
		return false, fmt.Errorf("it needs standard input, which is not available: %s", e.StdinUnavailable)
	}
	return false, errors.New("it needs standard input, which is no terminal")
}

// info is what the program finds in its environment. It has no credentials.
func (p *execPlugin) info(interactive bool) ([]byte, error) {
	in := execCredential{APIVersion: p.cfg.Exec.APIVersion, Kind: "ExecCredential", Spec: execSpec{Interactive: interactive}}
	if p.cfg.Exec.ProvideClusterInfo {
		authorities, err := dataOrFile(p.cfg.TLS.CAData, p.cfg.TLS.CAFile, "CA")
		if err != nil {
			return nil, err
		}
		in.Spec.Cluster = &execCluster{
			Server:                   p.cfg.Host,
			TLSServerName:            p.cfg.TLS.ServerName,
			InsecureSkipTLSVerify:    p.cfg.TLS.Insecure,
			CertificateAuthorityData: authorities,
			ProxyURL:                 p.proxy(),
			DisableCompression:       p.cfg.DisableCompression,
			Config:                   p.cfg.Exec.Extension,
		}
	}
	return json.Marshal(in)
}

// proxy is the URL of the proxy that the configuration names for the server, "" for none.
func (p *execPlugin) proxy() string {
	if p.cfg.Proxy == nil {
		return ""
	}
	server, err := serverURL(p.cfg.Host)
	if err != nil {
		return ""
	}
	u, err := p.cfg.Proxy(&http.Request{Method: http.MethodGet, URL: server, Header: http.Header{}})
	if err != nil || u == nil {
		return ""
	}
	return u.String()
}

// explain says why the program could not be run, or failed.
func (e *ExecConfig) explain(err error) error {
	var failed *exec.ExitError
	switch {
	case errors.As(err, &failed):
		return fmt.Errorf("it failed: %w", err)
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		hint := strings.Join(strings.Fields(e.InstallHint), " ")
		if hint == "" {
			return fmt.Errorf("it is not installed: %w", err)
		}
		return fmt.Errorf("it is not installed: %w: %s", err, hint)
	}
	return err
}

// parse reads what the program printed. Errors never show it.
func (e *ExecConfig) parse(out []byte, now time.Time) (credential, error) {
	var answer execCredential
	if err := json.Unmarshal(out, &answer); err != nil {
		return credential{}, errors.New("what it printed is no ExecCredential in JSON")
	}
	status := answer.Status
	switch {
	case answer.Kind != "ExecCredential" || answer.APIVersion != e.APIVersion:
		return credential{}, fmt.Errorf("it printed a %.40q of %.60q, not an \"ExecCredential\" of %q", answer.Kind, answer.APIVersion, e.APIVersion)
	case status == nil:
		return credential{}, errors.New("what it printed has no status")
	case status.Token == "" && status.ClientCertificateData == "" && status.ClientKeyData == "":
		return credential{}, errors.New("what it printed has neither a token nor a certificate")
	case (status.ClientCertificateData == "") != (status.ClientKeyData == ""):
		return credential{}, errors.New("what it printed has only one of certificate and key")
	case strings.ContainsAny(status.Token, "\r\n\x00"):
		return credential{}, errors.New("the token that it printed holds a line break")
	}
	c := credential{token: status.Token, cert: []byte(status.ClientCertificateData), key: []byte(status.ClientKeyData), issued: now}
	if status.ExpirationTimestamp != nil {
		c.expires = *status.ExpirationTimestamp
	}
	if len(c.cert) > 0 {
		leaf, err := checkPair(c.cert, c.key)
		if err != nil {
			return credential{}, fmt.Errorf("the certificate and key that it printed: %w", err)
		}
		c.leaf = leaf
		if c.expires.IsZero() || leaf.NotAfter.Before(c.expires) {
			c.expires = leaf.NotAfter
		}
	}
	return c, nil
}

// boundedBuffer keeps what is written up to a limit, and notes that there was more.
type boundedBuffer struct {
	kept bytes.Buffer
	over bool
}

func (b *boundedBuffer) Write(p []byte) (int, error) {
	if b.over = b.over || b.kept.Len()+len(p) > execOutputLimit; b.over {
		return len(p), nil
	}
	return b.kept.Write(p)
}

// isTerminal says whether a file is a terminal, as far as the standard library can tell.
func isTerminal(f *os.File) bool {
	if f == nil {
		return false
	}
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}
