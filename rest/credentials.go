package rest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// ExecConfig is a credential plugin: a program that prints an ExecCredential with a token or a client certificate.
type ExecConfig struct {
	// Command is the program: a path, or a name to look for in PATH. A path with a separator is relative to the working directory.
	Command string
	Args    []string
	// Env is added to this process's environment.
	Env []ExecEnv
	// APIVersion is client.authentication.k8s.io/v1 or client.authentication.k8s.io/v1beta1.
	APIVersion string
	// InstallHint is shown when the program is not there.
	InstallHint string
	// ProvideClusterInfo passes the server's address and authorities (never credentials) to the program, with Extension.
	ProvideClusterInfo bool
	// Extension is passed as the cluster's config in the cluster information. It is a JSON object or nil.
	Extension json.RawMessage
	// InteractiveMode is "Never", "IfAvailable" or "Always": whether the program may use this process's standard input. v1 requires
	// it; v1beta1 defaults to IfAvailable.
	InteractiveMode string
	// StdinUnavailable, if not empty, says why standard input cannot be lent to the program.
	StdinUnavailable string
	// Timeout ends a program that prints nothing. Default: 1 minute, and no bound while it may use standard input.
	Timeout time.Duration
}

// ExecEnv is one environment variable of a plugin.
type ExecEnv struct{ Name, Value string }

// OIDCConfig is an OpenID Connect session. The identity token is sent until shortly before it expires; then the refresh token, if
// there is one, gets a new one from the issuer.
type OIDCConfig struct {
	IssuerURL    string
	ClientID     string
	ClientSecret string
	IDToken      string
	RefreshToken string
	// CAFile and CAData hold the PEM certificates of the authorities to trust for the issuer. Default: those of the system.
	CAFile string
	CAData []byte
	// Persist, if set, is called after each refresh with the new tokens, so that they can be written back to where they came from. Its error is
	// logged and does not fail requests.
	Persist func(ctx context.Context, idToken, refreshToken string) error `json:"-"`
}

func (e *ExecConfig) copy() *ExecConfig {
	if e == nil {
		return nil
	}
	out := *e
	out.Args = slices.Clone(e.Args)
	out.Env = slices.Clone(e.Env)
	out.Extension = slices.Clone(e.Extension)
	return &out
}

func (o *OIDCConfig) copy() *OIDCConfig {
	if o == nil {
		return nil
	}
	out := *o
	out.CAData = slices.Clone(o.CAData)
	return &out
}

func (e ExecConfig) redacted() plainExec {
	e.Args = slices.Clone(e.Args)
	for i := range e.Args {
		e.Args[i] = redacted
	}
	if e.Extension != nil {
		e.Extension = json.RawMessage(`"` + redacted + `"`)
	}
	return plainExec(e)
}

func (o OIDCConfig) redacted() plainOIDC {
	o.IssuerURL = shownURL(o.IssuerURL)
	o.ClientSecret, o.IDToken, o.RefreshToken = redact(o.ClientSecret), redact(o.IDToken), redact(o.RefreshToken)
	return plainOIDC(o)
}

// redacted leaves the name.
func (v ExecEnv) redacted() plainEnv { return plainEnv{v.Name, redact(v.Value)} }

// Format prints the variable without its value, whatever the verb.
func (v ExecEnv) Format(s fmt.State, verb rune) {
	fmt.Fprintf(s, fmt.FormatString(s, verb), v.redacted())
}

// MarshalJSON writes the variable without its value.
func (v ExecEnv) MarshalJSON() ([]byte, error) { return json.Marshal(v.redacted()) }

// Format prints the plugin's configuration without its arguments and the values of its environment, whatever the verb.
func (e ExecConfig) Format(s fmt.State, verb rune) {
	fmt.Fprintf(s, fmt.FormatString(s, verb), e.redacted())
}

// MarshalJSON writes the plugin's configuration without its arguments and the values of its environment.
func (e ExecConfig) MarshalJSON() ([]byte, error) { return json.Marshal(e.redacted()) }

// Format prints the session without its secrets, whatever the verb.
func (o OIDCConfig) Format(s fmt.State, verb rune) {
	fmt.Fprintf(s, fmt.FormatString(s, verb), o.redacted())
}

// MarshalJSON writes the session without its secrets.
func (o OIDCConfig) MarshalJSON() ([]byte, error) { return json.Marshal(o.redacted()) }
