package rest

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"k8s.io/klog/v2"
)

// connections is the lowest layer: it owns the TCP connections. When the authorities or the client certificate change, new requests go to
// a new generation of connections; the streams of the old one go on until they end by themselves, and then its connections are closed.
type connections struct {
	cfg    *Config
	plugin *execPlugin // may yield client certificates; nil: none
	fixed  bool        // nothing can change

	mu       sync.Mutex // owns what follows, and the users of all generations
	current  *generation
	lookedAt time.Time // when the files were read last
	issued   uint64    // which credential of the plugin is in use
	retired  map[*generation]struct{}
}

// generation is the connections made with one state of the TLS material.
type generation struct {
	sum       [sha256.Size]byte
	transport *http.Transport
	users     int // requests whose answer is not read to its end yet
}

func newConnections(cfg *Config, plugin *execPlugin) (*connections, error) {
	c := &connections{
		cfg:      cfg,
		plugin:   plugin,
		fixed:    plugin == nil && !cfg.TLS.reads(),
		lookedAt: time.Now(),
		retired:  map[*generation]struct{}{},
	}
	material, err := cfg.TLS.load()
	if err != nil {
		return nil, err
	}
	c.current, err = c.generation(material)
	return c, err
}

func (c *connections) generation(m tlsMaterial) (*generation, error) {
	tlsConfig, err := c.cfg.TLS.tls(m)
	if err != nil {
		return nil, err
	}
	return &generation{sum: m.sum(), transport: newTransport(c.cfg, tlsConfig, m.ca)}, nil
}

// RoundTrip sends the request over the current generation. If one side does not accept the other's certificate, it looks at the files at
// once and, if they have changed, tries again: the request did not happen.
func (c *connections) RoundTrip(req *http.Request) (*http.Response, error) {
	if c.fixed {
		return c.current.transport.RoundTrip(req)
	}
	if err := c.refresh(req.Context(), false); err != nil {
		closeBody(req)
		return nil, err
	}
	g, resp, err := c.send(req)
	if !c.certificateRejected(resp, err) {
		return resp, err
	}
	body, ok := bodyAgain(req)
	if !ok || c.refresh(req.Context(), true) != nil || !c.replaced(g) {
		return resp, err
	}
	if resp != nil {
		discard(resp)
	}
	again := req.Clone(req.Context())
	again.Body = body
	_, resp, err = c.send(again)
	return resp, err
}

// certificateRejected says whether a newer certificate may help.
func (c *connections) certificateRejected(resp *http.Response, err error) bool {
	if err != nil {
		return handshakeFailed(err) || neverEstablished(err)
	}
	return resp.StatusCode == http.StatusUnauthorized && c.cfg.TLS.hasCert()
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		req.Body.Close()
	}
}

// send uses the current generation, and counts the request as its user until the body is closed.
func (c *connections) send(req *http.Request) (*generation, *http.Response, error) {
	c.mu.Lock()
	g := c.current
	g.users++
	c.mu.Unlock()
	resp, err := g.transport.RoundTrip(req)
	if err != nil {
		c.leave(g)
		return g, nil, err
	}
	counted := &countedBody{ReadCloser: resp.Body, leave: sync.OnceFunc(func() { c.leave(g) })}
	if writer, ok := resp.Body.(io.Writer); ok { // the connection was handed over, as for WebSockets
		resp.Body = struct {
			*countedBody
			io.Writer
		}{counted, writer}
	} else {
		resp.Body = counted
	}
	return g, resp, nil
}

// leave takes a user off a generation. The last one of a retired generation closes its connections.
func (c *connections) leave(g *generation) {
	c.mu.Lock()
	g.users--
	_, retired := c.retired[g]
	last := retired && g.users == 0
	if last {
		delete(c.retired, g)
	}
	c.mu.Unlock()
	if last {
		g.transport.CloseIdleConnections()
	}
}

type countedBody struct {
	io.ReadCloser
	leave func()
}

func (b *countedBody) Close() error {
	err := b.ReadCloser.Close()
	b.leave()
	return err
}

// refresh starts a new generation if the TLS material has changed. Files are read at most once a minute, unless now is set. A file that
// has become unreadable or malformed leaves the present generation in use.
func (c *connections) refresh(ctx context.Context, now bool) error {
	var issued credential
	if c.plugin != nil {
		if now {
			c.plugin.certificateRejected()
		}
		var err error
		if issued, err = c.plugin.credential(ctx); err != nil {
			return err
		}
	}
	if !c.due(issued, now) {
		return nil
	}
	material, err := c.cfg.TLS.load()
	if err == nil {
		if len(issued.cert) > 0 {
			material.cert, material.key = issued.cert, issued.key
		}
		err = c.change(material)
	}
	if err != nil {
		klog.FromContext(ctx).Error(err, "Keeping the present TLS files, because they cannot be read again")
	}
	return nil
}

// due says whether to look at the files, and notes that it is done.
func (c *connections) due(issued credential, now bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	old := time.Since(c.lookedAt) >= rereadAfter && c.cfg.TLS.reads()
	if !now && !old && issued.generation == c.issued {
		return false
	}
	c.issued = issued.generation
	c.lookedAt = time.Now()
	return true
}

// change makes a new generation current, if the material is new.
func (c *connections) change(m tlsMaterial) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m.sum() == c.current.sum {
		return nil
	}
	next, err := c.generation(m)
	if err != nil {
		return err
	}
	old := c.current
	c.current = next
	if old.users > 0 {
		c.retired[old] = struct{}{}
	}
	old.transport.CloseIdleConnections()
	return nil
}

func (c *connections) replaced(g *generation) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current != g
}

// handshakeFailed says whether no connection came about because one side did not accept the other's certificate.
func handshakeFailed(err error) bool {
	var verification *tls.CertificateVerificationError
	return errors.As(err, &verification) || refusedCertificate(err)
}

// refusedCertificate says whether the server did not accept this client's certificate. Package crypto/tls has no type for the alerts that
// say so; they only occur in a handshake.
func refusedCertificate(err error) bool {
	var remote *net.OpError
	return errors.As(err, &remote) && remote.Op == "remote error" && strings.Contains(remote.Err.Error(), "certificate")
}

// neverEstablished says whether an HTTP/2 connection ended before the server said anything on it, as happens when it looks at the client's
// certificate only then. No request on it happened.
func neverEstablished(err error) bool {
	return strings.Contains(err.Error(), "http2: client conn could not be established")
}

// CloseIdleConnections closes the connections that no request uses, of all generations.
func (c *connections) CloseIdleConnections() {
	c.mu.Lock()
	all := []*generation{c.current}
	for g := range c.retired {
		all = append(all, g)
	}
	c.mu.Unlock()
	for _, g := range all {
		g.transport.CloseIdleConnections()
	}
}
