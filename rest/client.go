package rest

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sheaf-dev/sheaf/resource"
)

// Client makes requests to one server. Clients derived from one another share connections, credentials and rate limiter. A Client is
// immutable and safe for concurrent use; it owns no goroutine, only idle connections (see CloseIdle).
type Client struct {
	shared *shared
	prefix string // "/api/v1", "/apis/apps/v1", or "" for the root
}

// shared is what all clients made from one configuration have in common.
type shared struct {
	base     *url.URL
	http     *http.Client
	limiter  RateLimiter // nil: none
	timeout  time.Duration
	protobuf bool
	warnings WarningHandler
	hooks    Hooks
	trusting string // whom the connections trust, for messages
}

// NewClient checks the whole configuration, files included, and returns a client. It opens no connection and starts nothing. The
// configuration is copied: later changes have no effect.
func NewClient(cfg *Config) (*Client, error) {
	if cfg == nil {
		return nil, fmt.Errorf("client configuration: it is nil")
	}
	transport, err := TransportFor(cfg)
	if err != nil {
		return nil, err
	}
	return newClient(cfg, &http.Client{Transport: transport})
}

// NewClientForHTTP returns a client that sends its requests through h as it is: TLS, credentials, impersonation, user agent, proxy
// and dialling are h's business, and those fields of the configuration are not used. A Timeout of h becomes the configuration's, if
// that has none, so that it does not cut streams.
func NewClientForHTTP(cfg *Config, h *http.Client) (*Client, error) {
	if cfg == nil || h == nil {
		return nil, fmt.Errorf("client configuration: the configuration and the HTTP client must not be nil")
	}
	if err := cfg.Check(); err != nil {
		return nil, fmt.Errorf("client configuration: %w", err)
	}
	own, own2 := *h, *cfg
	if own2.Timeout == 0 {
		own2.Timeout = h.Timeout
	}
	own.Timeout = 0
	return newClient(&own2, &own)
}

func newClient(cfg *Config, h *http.Client) (*Client, error) {
	base, err := serverURL(cfg.Host)
	if err != nil {
		return nil, fmt.Errorf("client configuration: %w", err)
	}
	limiter, err := limiterFor(cfg)
	if err != nil {
		return nil, fmt.Errorf("client configuration: %w", err)
	}
	// A redirect is no answer of an API server; following it would hand the credentials to another address.
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	warnings := cfg.Warnings
	if warnings == nil {
		warnings = LogWarnings
	}
	s := &shared{
		base:     base,
		http:     h,
		limiter:  limiter,
		timeout:  cfg.Timeout,
		protobuf: cfg.ContentType == "" || cfg.ContentType == ContentTypeProtobuf,
		warnings: warnings,
		hooks:    cfg.Hooks.orGlobal(),
		trusting: cfg.TLS.trusting(),
	}
	s.made()
	return &Client{shared: s}, nil
}

// For returns a client whose requests start below the group and version: /api/v1 for the core group, /apis/group/version else.
func (c *Client) For(gv schema.GroupVersion) *Client {
	prefix := "/apis/" + gv.Group + "/" + gv.Version
	if gv.Group == "" {
		prefix = "/api/" + gv.Version
	}
	return &Client{shared: c.shared, prefix: prefix}
}

// ForResource returns a client for one resource, in all namespaces.
func (c *Client) ForResource(def *resource.Definition) *ResourceClient {
	return newResourceClient(c.For(def.GroupVersionResource().GroupVersion()), def)
}

// Host returns the server's URL: scheme, host, and path if it has one.
func (c *Client) Host() string { return c.shared.base.String() }

// Transport returns what the client sends its requests through, which adds the credentials and nothing else: no limit, no time-out, no
// repetition, and any answer is returned as it is. It is for requests to this server that a Request cannot make.
func (c *Client) Transport() http.RoundTripper {
	if t := c.shared.http.Transport; t != nil {
		return t
	}
	return http.DefaultTransport
}

// CloseIdle closes the connections that no request uses. The client can be used on.
func (c *Client) CloseIdle() { c.shared.http.CloseIdleConnections() }

// Verb starts a request with an HTTP method, such as "GET".
func (c *Client) Verb(method string) *Request { return c.request(method) }

// Get starts a GET request.
func (c *Client) Get() *Request { return c.request(http.MethodGet) }

// Post starts a POST request.
func (c *Client) Post() *Request { return c.request(http.MethodPost) }

// Put starts a PUT request.
func (c *Client) Put() *Request { return c.request(http.MethodPut) }

// Patch starts a PATCH request whose body is of type t.
func (c *Client) Patch(t types.PatchType) *Request { return c.request(http.MethodPatch).patchType(t) }

// Delete starts a DELETE request.
func (c *Client) Delete() *Request { return c.request(http.MethodDelete) }
