package rest

import (
	"context"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// Config says how to reach one server and as whom. It is a plain value: copy it with Copy, change the copy, pass it to NewClient,
// which checks all of it. A Config that is not being changed may be used concurrently.
//
// No way of printing a Config (%v, %+v, %#v, JSON, structured logs) shows a password, token, key or anything else that is secret. Keep
// it as a pointer: package fmt calls no methods in unexported fields, and prints a Config that is there by value as it is.
type Config struct {
	// Host is the server's URL, such as "https://10.0.0.1:6443". It may have a path, below which the API is then found. Without a
	// scheme, "https" is meant.
	Host string

	// TLS says how the server proves its identity and how this client proves its own by certificate.
	TLS TLSConfig

	// BearerToken is sent with every request. If BearerTokenFile is set too, the file's content is preferred as soon as it can be read.
	BearerToken string
	// BearerTokenFile names a file with a token; it is read again once a minute and whenever the server rejects the token.
	BearerTokenFile string

	// Username and Password are sent as HTTP basic authentication.
	Username string
	Password string

	// Exec, if set, runs a program that yields a token or a client certificate (client.authentication.k8s.io/v1 and v1beta1).
	Exec *ExecConfig
	// OIDC, if set, sends an OpenID Connect identity token and refreshes it.
	OIDC *OIDCConfig

	// Impersonate makes the server act as somebody else, if the credentials above are allowed to.
	Impersonate Impersonation

	// UserAgent names this program to the server. Default: DefaultUserAgent().
	UserAgent string

	// ContentType is the wire format to prefer: "" and ContentTypeProtobuf use protobuf for the resources that have it and JSON for all
	// others; ContentTypeJSON uses JSON for all. For CBOR see package rest/cbor.
	ContentType string

	// QPS and Burst limit the requests a second of all clients made from one NewClient together; Burst must be positive if QPS is.
	// QPS 0 means no limit on this side: the server has priority and fairness.
	QPS   float32
	Burst int
	// RateLimiter replaces QPS and Burst, if set.
	RateLimiter RateLimiter

	// Timeout bounds one try of a request, from sending it until its answer has been read. Streams are not cut by it: for a
	// watch it bounds the wait for the first byte, and for a list the wait for each further piece. 0 means no bound.
	Timeout time.Duration

	// Proxy chooses the proxy of a request, as in http.Transport; http, https and socks5 URLs work. An https proxy must have the name in its URL, and
	// a certificate that the system's authorities or those of TLS have signed; it is not shown the client's. Default: the
	// environment's (HTTPS_PROXY, NO_PROXY, …), and none if Dial is set.
	Proxy func(*http.Request) (*url.URL, error) `json:"-"`

	// Dial opens connections. Default: a net.Dialer with a time-out of 30 s and TCP keep-alive.
	Dial func(ctx context.Context, network, address string) (net.Conn, error) `json:"-"`

	// Transport replaces the whole transport, in which case TLS, Proxy, Dial and client certificates must not be set: they would have no
	// effect. Tokens, passwords and impersonation are still added to each request.
	Transport http.RoundTripper `json:"-"`

	// WrapTransport puts a layer of the caller's around the transport; it sees requests complete with their credentials.
	WrapTransport func(http.RoundTripper) http.RoundTripper `json:"-"`

	// DisableCompression asks the server not to compress its answers.
	DisableCompression bool

	// Warnings receives what the server warns about, such as the use of a deprecated API. Default: LogWarnings.
	Warnings WarningHandler `json:"-"`

	// Hooks receives measurements. The zero value measures nothing.
	Hooks Hooks `json:"-"`
}

// TLSConfig is the transport security of a Config. Where both a file and data are given, the data is used. Files are looked at again about
// once a minute; after a change new requests use new connections, while streams on the old ones go on undisturbed.
type TLSConfig struct {
	// Insecure accepts any certificate of the server, and of a proxy. Only for tests: whoever sits in between reads the credentials.
	Insecure bool
	// ServerName is the name that the server's certificate must carry, and that is asked for (SNI). Default: the host of the URL.
	ServerName string

	// CAFile and CAData hold the PEM certificates of the authorities to trust. Default: those of the system.
	CAFile string
	CAData []byte

	// CertFile and CertData hold this client's PEM certificate, KeyFile and KeyData its private key.
	CertFile string
	CertData []byte
	KeyFile  string
	KeyData  []byte

	// NextProtos are the application protocols to offer (ALPN). Default: "h2" and "http/1.1".
	NextProtos []string
}

// Impersonation names the user to act as. Groups, UID and Extra need a UserName.
type Impersonation struct {
	UserName string
	UID      string
	Groups   []string
	Extra    map[string][]string
}

// RateLimiter delays requests. *rate.Limiter of golang.org/x/time/rate is one. It is called concurrently.
type RateLimiter interface {
	// Wait returns when the next request may be sent, or with an error when ctx ends first.
	Wait(ctx context.Context) error
}

// Copy returns a deep copy; functions, the transport and the rate limiter are shared with the original.
func (c *Config) Copy() *Config {
	out := *c
	out.TLS.CAData = slices.Clone(c.TLS.CAData)
	out.TLS.CertData = slices.Clone(c.TLS.CertData)
	out.TLS.KeyData = slices.Clone(c.TLS.KeyData)
	out.TLS.NextProtos = slices.Clone(c.TLS.NextProtos)
	out.Impersonate.Groups = slices.Clone(c.Impersonate.Groups)
	out.Impersonate.Extra = maps.Clone(c.Impersonate.Extra)
	for name, values := range out.Impersonate.Extra {
		out.Impersonate.Extra[name] = slices.Clone(values)
	}
	out.Exec = c.Exec.copy()
	out.OIDC = c.OIDC.copy()
	return &out
}

// Anonymous returns a copy without any credentials: no token, password, client certificate, plugin or impersonation. It keeps how to
// reach the server and whom to trust. A Transport or WrapTransport of the caller's is kept, and with it whatever credentials that adds.
func (c *Config) Anonymous() *Config {
	out := c.Copy()
	out.BearerToken, out.BearerTokenFile = "", ""
	out.Username, out.Password = "", ""
	out.Exec, out.OIDC = nil, nil
	out.TLS.CertFile, out.TLS.CertData = "", nil
	out.TLS.KeyFile, out.TLS.KeyData = "", nil
	out.Impersonate = Impersonation{}
	return out
}
