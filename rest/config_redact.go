package rest

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
)

// redacted stands wherever a secret would.
const redacted = "[redacted]"

func redact(secret string) string {
	if secret == "" {
		return ""
	}
	return redacted
}

func redactBytes(secret []byte) []byte {
	if len(secret) == 0 {
		return nil
	}
	return []byte(redacted)
}

// The plain types have the fields of the public ones but not their methods, so that fmt and json print them field by field.
type (
	plainConfig Config
	plainTLS    TLSConfig
	plainExec   ExecConfig
	plainOIDC   OIDCConfig
	plainEnv    ExecEnv
)

func (c Config) redacted() plainConfig {
	c.BearerToken = redact(c.BearerToken)
	c.Password = redact(c.Password)
	c.Host = shownURL(c.Host)
	if c.Transport != nil {
		c.Transport = hiddenTransport{fmt.Sprintf("%T", c.Transport)}
	}
	if c.RateLimiter != nil {
		c.RateLimiter = hiddenLimiter{fmt.Sprintf("%T", c.RateLimiter)}
	}
	return plainConfig(c)
}

// What the caller has put into a configuration may hold anything: of it only the type is printed.
type (
	hiddenTransport struct{ Type string }
	hiddenLimiter   struct{ Type string }
)

func (h hiddenTransport) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, http.ErrNotSupported
}
func (h hiddenLimiter) Wait(context.Context) error { return nil }

func (t TLSConfig) redacted() plainTLS {
	t.KeyData = redactBytes(t.KeyData)
	return plainTLS(t)
}

// Format prints the configuration without its secrets, whatever the verb.
func (c Config) Format(s fmt.State, verb rune) {
	fmt.Fprintf(s, fmt.FormatString(s, verb), c.redacted())
}

// MarshalJSON writes the configuration without its secrets.
func (c Config) MarshalJSON() ([]byte, error) { return json.Marshal(c.redacted()) }

// LogValue gives package log/slog the configuration without its secrets.
func (c Config) LogValue() slog.Value { return slog.StringValue(fmt.Sprintf("%+v", c)) }

// MarshalLog gives klog and logr the configuration without its secrets.
func (c Config) MarshalLog() any { return fmt.Sprintf("%+v", c) }

// Format prints the TLS configuration without the private key, whatever the verb.
func (t TLSConfig) Format(s fmt.State, verb rune) {
	fmt.Fprintf(s, fmt.FormatString(s, verb), t.redacted())
}

// MarshalJSON writes the TLS configuration without the private key.
func (t TLSConfig) MarshalJSON() ([]byte, error) { return json.Marshal(t.redacted()) }

// LogValue gives package log/slog the configuration without the private key.
func (t TLSConfig) LogValue() slog.Value { return slog.StringValue(fmt.Sprintf("%+v", t)) }

// MarshalLog gives klog and logr the configuration without the private key.
func (t TLSConfig) MarshalLog() any { return fmt.Sprintf("%+v", t) }
