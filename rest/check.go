package rest

import (
	"errors"
	"fmt"
	"strings"
)

// Check finds what is wrong with a configuration as far as can be found without reading files or opening connections. NewClient
// checks it, too.
func (c *Config) Check() error {
	if _, err := serverURL(c.Host); err != nil {
		return err
	}
	if err := c.checkCredentials(); err != nil {
		return err
	}
	if c.Transport != nil && (c.TLS.any() || c.Exec != nil || c.Proxy != nil || c.Dial != nil) {
		return errors.New("a Transport of one's own excludes TLS, Exec, Proxy and Dial: they would have no effect")
	}
	if err := c.TLS.check(); err != nil {
		return err
	}
	if err := c.Impersonate.check(); err != nil {
		return err
	}
	switch c.ContentType {
	case "", ContentTypeJSON, ContentTypeProtobuf:
	default:
		return fmt.Errorf("content type %q is not supported: use %q or %q, or package rest/cbor", c.ContentType, ContentTypeJSON, ContentTypeProtobuf)
	}
	if c.Timeout < 0 {
		return fmt.Errorf("the time-out %v is negative", c.Timeout)
	}
	return nil
}

func (c *Config) checkCredentials() error {
	basic := c.Username != "" || c.Password != ""
	token := c.BearerToken != "" || c.BearerTokenFile != ""
	switch {
	case basic && token:
		return errors.New("there are a user name and a bearer token: only one of them can be sent")
	case basic && (c.Exec != nil || c.OIDC != nil):
		return errors.New("there are a user name and a source of tokens (Exec or OIDC): only one of them can be sent")
	case c.Exec != nil && c.OIDC != nil:
		return errors.New("there are two sources of tokens, Exec and OIDC: only one of them can be sent")
	case strings.ContainsAny(c.BearerToken, "\r\n\x00"):
		return errors.New("the bearer token holds a line break")
	}
	return nil
}

// any says whether anything is set.
func (t *TLSConfig) any() bool {
	return t.Insecure || t.ServerName != "" || t.CAFile != "" || len(t.CAData) > 0 || t.hasCert() || t.hasKey() || len(t.NextProtos) > 0
}

func (t *TLSConfig) hasCert() bool { return t.CertFile != "" || len(t.CertData) > 0 }
func (t *TLSConfig) hasKey() bool  { return t.KeyFile != "" || len(t.KeyData) > 0 }

func (t *TLSConfig) check() error {
	switch {
	case t.Insecure && (t.CAFile != "" || len(t.CAData) > 0):
		return errors.New("TLS is Insecure and has authorities to trust: it can only be one of them")
	case t.hasCert() && !t.hasKey():
		return errors.New("there is a client certificate without its private key")
	case t.hasKey() && !t.hasCert():
		return errors.New("there is a private key without its client certificate")
	}
	return nil
}

func (i *Impersonation) check() error {
	if i.UserName == "" && (i.UID != "" || len(i.Groups) > 0 || len(i.Extra) > 0) {
		return errors.New("impersonation of a UID, groups or extra fields needs a user name too")
	}
	return nil
}
