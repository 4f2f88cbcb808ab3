package rest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// secureMark is put behind the name of a proxy that is spoken to over TLS, between the choice of the proxy and its dialling.
const secureMark = ".tls-proxy.invalid"

// secureProxies makes a transport speak TLS with proxies whose URL begins with https. By itself, package net/http does that as if they were
// the server: it offers HTTP/2, over which it then cannot ask for a tunnel, it expects the server's name and authority, and it shows the
// client's certificate. Here a proxy is itself: it has the name in its URL, is trusted by the system's authorities or by those in ca, and
// learns nothing about the client.
func secureProxies(t *http.Transport, ca []byte, insecure bool) {
	find, dial := t.Proxy, t.DialContext
	if find == nil {
		return
	}
	if dial == nil {
		dial = (&net.Dialer{Timeout: dialTimeout, KeepAlive: keepAlive}).DialContext
	}
	t.Proxy = func(req *http.Request) (*url.URL, error) {
		u, err := find(req)
		if err != nil || u == nil || u.Scheme != "https" {
			return u, err
		}
		return marked(u), nil
	}
	t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(address)
		name, secure := strings.CutSuffix(host, secureMark)
		if err != nil || !secure {
			return dial(ctx, network, address)
		}
		conn, err := dial(ctx, network, net.JoinHostPort(name, port))
		if err != nil {
			return nil, err
		}
		return shake(ctx, conn, &tls.Config{
			MinVersion: tls.VersionTLS12, ServerName: name, RootCAs: withSystem(ca), InsecureSkipVerify: insecure, NextProtos: []string{"http/1.1"},
		})
	}
}

// marked is the URL of a proxy as net/http is to see it: without TLS, which the dialling does.
func marked(u *url.URL) *url.URL {
	out, port := *u, u.Port()
	if port == "" {
		port = "443"
	}
	out.Scheme, out.Host = "http", net.JoinHostPort(u.Hostname()+secureMark, port)
	return &out
}

// withSystem returns the system's authorities and those in ca.
func withSystem(ca []byte) *x509.CertPool {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	pool.AppendCertsFromPEM(ca)
	return pool
}

// shake makes the handshake with a proxy. Without it, the connection is closed.
func shake(ctx context.Context, conn net.Conn, config *tls.Config) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, fmt.Errorf("TLS with the proxy %s: %w", config.ServerName, err)
	}
	return secure, nil
}
