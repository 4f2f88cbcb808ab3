package rest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"k8s.io/klog/v2"
	"k8s.io/klog/v2/textlogger"
)

const secret = "hunter2"

func secretive() Config {
	return Config{
		Host:        "https://joe:" + secret + "@example.com",
		BearerToken: secret,
		Username:    "joe",
		Password:    secret,
		TLS:         TLSConfig{CAData: []byte("authority"), KeyData: []byte(secret), CertFile: "client.crt"},
		Exec: &ExecConfig{
			Command:   "plugin",
			Args:      []string{"--password", secret},
			Env:       []ExecEnv{{Name: "PASSWORD", Value: secret}},
			Extension: json.RawMessage(`{"password":"` + secret + `"}`),
		},
		OIDC:        &OIDCConfig{ClientID: "id", ClientSecret: secret, IDToken: secret, RefreshToken: secret},
		Impersonate: Impersonation{UserName: "jane", Groups: []string{"admins"}},
		Transport:   tokenTransport{secret},
		RateLimiter: tokenTransport{secret},
	}
}

// tokenTransport is a caller's, with a secret in it.
type tokenTransport struct{ Token string }

func (tokenTransport) RoundTrip(*http.Request) (*http.Response, error) { return nil, io.EOF }
func (tokenTransport) Wait(context.Context) error                      { return nil }

func TestNoWayOfPrintingAConfigShowsASecret(t *testing.T) {
	c := secretive()
	c.OIDC.IssuerURL = "https://joe:" + secret + "@issuer/?token=" + secret
	type nested struct {
		Inner struct{ C *Config }
		Any   any
	}
	deep := nested{Any: c}
	deep.Inner.C = &c
	printed := map[string]string{}
	for _, value := range []any{c, &c, c.TLS, &c.TLS, c.Exec, *c.Exec, c.OIDC, *c.OIDC, []Config{c}, map[string]Config{"c": c}, struct{ C Config }{c},
		deep, &deep, c.Exec.Env, c.Exec.Env[0], &c.Exec.Env[0]} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			printed[fmt.Sprintf("%T with %s", value, verb)] = fmt.Sprintf(verb, value)
		}
		data, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		printed[fmt.Sprintf("%T as JSON", value)] = string(data)
		var logged bytes.Buffer
		slog.New(slog.NewJSONHandler(&logged, nil)).Info("slog", "value", value)
		slog.New(slog.NewTextHandler(&logged, nil)).Info("slog", "value", value)
		textlogger.NewLogger(textlogger.NewConfig(textlogger.Output(&logged))).Info("klog", "value", value)
		printed[fmt.Sprintf("%T in a log", value)] = logged.String()
	}
	hex := fmt.Sprintf("%x", secret)
	bytesShown := strings.Trim(fmt.Sprint([]byte(secret)), "[]")
	for how, text := range printed {
		for _, form := range []string{secret, hex, bytesShown, "aHVudGVyMg"} {
			if strings.Contains(text, form) {
				t.Errorf("%s shows the secret as %q: %s", how, form, text)
			}
		}
	}
	if text := fmt.Sprintf("%+v", c); !strings.Contains(text, "jane") || !strings.Contains(text, redacted) || !strings.Contains(text, "client.crt") {
		t.Errorf("what is not secret should still be printed: %s", text)
	}
	klog.Flush()
}

// Package fmt calls no methods in unexported fields, and does not follow pointers there.
func TestAPointerToAConfigInAnUnexportedFieldIsPrintedWithoutSecrets(t *testing.T) {
	c := secretive()
	type app struct {
		config *Config
		all    []*Config
	}
	for _, verb := range []string{"%v", "%+v", "%#v"} {
		if text := fmt.Sprintf(verb, app{&c, []*Config{&c}}); strings.Contains(text, secret) || !strings.Contains(text, "0x") {
			t.Errorf("%s: %s", verb, text)
		}
	}
}

func TestNoWayOfPrintingATransportOrClientShowsASecret(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"basic":  func(c *Config) { c.Username, c.Password = "joe", secret },
		"bearer": func(c *Config) { c.BearerToken = secret },
		"oidc": func(c *Config) {
			c.OIDC = &OIDCConfig{IssuerURL: "https://x", ClientID: "c", IDToken: secret, RefreshToken: secret}
		},
	} {
		c := Config{Host: "https://example.com"}
		change(&c)
		client, err := NewClient(&c)
		if err != nil {
			t.Fatal(err)
		}
		for _, value := range []any{client, *client, client.Transport(), client.Get(), struct{ T http.RoundTripper }{client.Transport()}, Config{Transport: client.Transport()}} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
				text := fmt.Sprintf(verb, value)
				if strings.Contains(text, secret) || strings.Contains(text, base64.StdEncoding.EncodeToString([]byte("joe:"+secret))) {
					t.Errorf("%s: %T with %s shows the secret: %s", name, value, verb, text)
				}
			}
		}
	}
}

func TestAMalformedProxyOfTheEnvironmentIsSaidWithoutItsPassword(t *testing.T) {
	proxy := "http://joe:" + secret + "@[x"
	find := environmentProxy(func(*http.Request) (*url.URL, error) {
		u, err := url.Parse(proxy)
		if err != nil {
			return nil, fmt.Errorf("invalid proxy address %q: %w", proxy, err) // as package net/http says it
		}
		return u, nil
	})
	client := newTestClient(t, &Config{Host: "https://example.com", Proxy: find})
	err := get(t, client)
	if err == nil || !strings.Contains(err.Error(), "GET https://example.com/x: the proxy that the environment names (HTTPS_PROXY") || strings.Contains(err.Error(), secret) {
		t.Errorf("got %v", err)
	}
	proxy = "http://proxy:3128"
	if u, err := find(&http.Request{URL: &url.URL{Scheme: "https", Host: "example.com"}}); err != nil || u.Host != "proxy:3128" {
		t.Errorf("got %v, %v", u, err)
	}
}

func TestACopySharesNothingThatCanChange(t *testing.T) {
	c := secretive()
	c.Impersonate.Extra = map[string][]string{"scope": {"a"}}
	before := fmt.Sprintf("%#v", plainCopy(c))
	out := c.Copy()
	out.TLS.CAData[0]++
	out.TLS.KeyData[0]++
	out.Impersonate.Groups[0] = "changed"
	out.Impersonate.Extra["scope"][0] = "changed"
	out.Impersonate.Extra["new"] = nil
	out.Exec.Args[0] = "changed"
	out.Exec.Env[0].Value = "changed"
	out.Exec.Extension[0] = '!'
	out.OIDC.IDToken = "changed"
	if after := fmt.Sprintf("%#v", plainCopy(c)); after != before {
		t.Errorf("the original changed:\n%s\n%s", before, after)
	}
}

// plainCopy follows the pointers, with the secrets.
func plainCopy(c Config) any {
	return []any{plainTLS(c.TLS), c.Impersonate, plainExec(*c.Exec), plainOIDC(*c.OIDC)}
}

func TestAnAnonymousCopyHasNoCredentials(t *testing.T) {
	c := secretive()
	c.BearerTokenFile, c.TLS.CertData = "file", []byte("certificate")
	got := c.Anonymous()
	want := Config{Host: c.Host, TLS: TLSConfig{CAData: c.TLS.CAData}, Transport: c.Transport, RateLimiter: c.RateLimiter}
	if !reflect.DeepEqual(*got, want) {
		t.Errorf("got %+v, want %+v", *got, want)
	}
}

func TestAConfigThatCannotWorkIsRefusedInOneSentence(t *testing.T) {
	for want, c := range map[string]Config{
		"URL (Host) is empty":                 {},
		"must start with https:// or http://": {Host: "ftp://x"},
		"names no host":                       {Host: "https:///path"},
		"must not hold a user name":           {Host: "https://joe:hunter2@x"},
		"must not have a query":               {Host: "https://x?a=hunter2"},
		"is malformed":                        {Host: "https://joe:hunter2@[x"},
		"a user name and a bearer token":      {Host: "x", Username: "joe", BearerToken: secret},
		"a user name and a source of tokens":  {Host: "x", Username: "joe", Exec: &ExecConfig{}},
		"two sources of tokens":               {Host: "x", OIDC: &OIDCConfig{}, Exec: &ExecConfig{}},
		"holds a line break":                  {Host: "x", BearerToken: "hunter2\nX: y"},
		"a Transport of one's own":            {Host: "x", Transport: roundTrip(nil), TLS: TLSConfig{Insecure: true}},
		"it can only be one of them":          {Host: "x", TLS: TLSConfig{Insecure: true, CAFile: "ca"}},
		"without its private key":             {Host: "x", TLS: TLSConfig{CertFile: "crt"}},
		"without its client certificate":      {Host: "x", TLS: TLSConfig{KeyData: []byte(secret)}},
		"needs a user name too":               {Host: "x", Impersonate: Impersonation{Groups: []string{"g"}}},
		"is not supported":                    {Host: "x", ContentType: "application/xml"},
		"is negative":                         {Host: "x", Timeout: -1},
		"Burst is 0":                          {Host: "x", QPS: 5},
		"Burst is -1":                         {Host: "x", QPS: 5, Burst: -1},
		"CA data holds no PEM certificate":    {Host: "x", TLS: TLSConfig{CAData: []byte("x")}},
		"CA file: open /nowhere/ca.crt":       {Host: "x", TLS: TLSConfig{CAFile: "/nowhere/ca.crt"}},
		"client key data":                     {Host: "x", TLS: TLSConfig{CertData: []byte("x"), KeyData: []byte(secret)}},
		"token file: open /nowhere/token":     {Host: "x", BearerTokenFile: "/nowhere/token"},
	} {
		_, err := NewClient(&c)
		if err == nil {
			t.Errorf("%+v is accepted, want: %s", c, want)
			continue
		}
		if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %q, want one line with %q and no secret", err, want)
		}
	}
}

func TestAHostWithoutASchemeMeansHTTPS(t *testing.T) {
	for host, want := range map[string]string{
		"example.com":                   "https://example.com",
		"10.0.0.1:6443":                 "https://10.0.0.1:6443",
		"[::1]:6443":                    "https://[::1]:6443",
		"http://localhost:8080/":        "http://localhost:8080",
		"https://rancher/k8s/clusters/": "https://rancher/k8s/clusters",
	} {
		u, err := serverURL(host)
		if err != nil || u.String() != want {
			t.Errorf("%s: got %v, %v, want %s", host, u, err, want)
		}
	}
}
