package rest

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// How long connections may take and live. A silent HTTP/2 connection is found dead after pingAfter + pingTimeout, which ends the streams
// on it with an error.
const (
	dialTimeout      = 30 * time.Second
	keepAlive        = 30 * time.Second
	handshakeTimeout = 10 * time.Second
	idleTimeout      = 90 * time.Second
	pingAfter        = 30 * time.Second
	pingTimeout      = 15 * time.Second

	// idlePerHost matters for HTTP/1.1 only, where each concurrent request has its own connection.
	idlePerHost = 25

	// readBuffer is large because lists and watches are: a system call for each 4 KB would be a tenth of what it costs to read them.
	readBuffer = 64 << 10
)

// TransportFor returns the transport that NewClient would use, with the credentials of the configuration: for requests that a Client
// cannot make. It starts nothing; CloseIdleConnections, which http.Client calls, ends what requests have left behind.
func TransportFor(cfg *Config) (http.RoundTripper, error) {
	if err := cfg.Check(); err != nil {
		return nil, fmt.Errorf("client configuration: %w", err)
	}
	layers, err := newLayers(cfg.Copy())
	if err != nil {
		return nil, fmt.Errorf("client configuration: %w", err)
	}
	return layers, nil
}

// newTransport returns the layer that opens connections. The authorities in ca are trusted for proxies, too.
func newTransport(cfg *Config, tlsConfig *tls.Config, ca []byte) *http.Transport {
	t := &http.Transport{
		Proxy:                  cfg.Proxy,
		DialContext:            cfg.Dial,
		TLSClientConfig:        tlsConfig,
		TLSHandshakeTimeout:    handshakeTimeout,
		DisableCompression:     cfg.DisableCompression,
		MaxIdleConnsPerHost:    idlePerHost,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: 1 << 20,
		ReadBufferSize:         readBuffer,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout},
		Protocols:              protocols(cfg.TLS.NextProtos),
	}
	if t.DialContext == nil {
		dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: keepAlive}
		t.DialContext = cfg.Hooks.orGlobal().dial(dialer, hostOf(cfg))
		if t.Proxy == nil {
			t.Proxy = environmentProxy(http.ProxyFromEnvironment)
		}
	}
	secureProxies(t, ca, cfg.TLS.Insecure)
	return t
}

// environmentProxy is the environment's proxy with an error that does not show its URL, in which a password may stand.
func environmentProxy(find func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	return func(req *http.Request) (*url.URL, error) {
		u, err := find(req)
		if err != nil {
			return nil, errors.New("the proxy that the environment names (HTTPS_PROXY, HTTP_PROXY) is malformed")
		}
		return u, nil
	}
}

func protocols(next []string) *http.Protocols {
	var p http.Protocols
	p.SetHTTP1(true)
	p.SetHTTP2(len(next) == 0 || slices.Contains(next, "h2"))
	return &p
}

// closeIdle closes the idle connections of a transport, if it can.
func closeIdle(rt http.RoundTripper) {
	if closer, ok := rt.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}
