package rest

import (
	"net/http"
)

// connections is the lowest layer: it owns the TCP connections.
type connections struct {
	transport *http.Transport
}

func newConnections(cfg *Config) (*connections, error) {
	material, err := cfg.TLS.load()
	if err != nil {
		return nil, err
	}
	tlsConfig, err := cfg.TLS.tls(material)
	if err != nil {
		return nil, err
	}
	return &connections{transport: newTransport(cfg, tlsConfig)}, nil
}

func (c *connections) RoundTrip(req *http.Request) (*http.Response, error) {
	return c.transport.RoundTrip(req)
}

// CloseIdleConnections closes the connections that no request uses.
func (c *connections) CloseIdleConnections() { c.transport.CloseIdleConnections() }
