package rest

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// mutual starts a TLS server that wants client certificates of the authority, and returns a configuration without one.
func mutual(t *testing.T, clients *authority, handler http.HandlerFunc) *Config {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = true
	server.Config.ErrorLog = quiet()
	server.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients.pool()}
	server.StartTLS()
	t.Cleanup(server.Close)
	return &Config{Host: server.URL, TLS: TLSConfig{CAData: pemOf(server.Certificate())}, Warnings: IgnoreWarnings}
}

// changeable starts a TLS server whose certificate can be changed while it runs.
func changeable(t *testing.T, handler http.HandlerFunc, first tls.Certificate) (string, *atomic.Pointer[tls.Certificate]) {
	t.Helper()
	current := &atomic.Pointer[tls.Certificate]{}
	current.Store(&first)
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = true
	server.Config.ErrorLog = quiet()
	server.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		return &tls.Config{Certificates: []tls.Certificate{*current.Load()}, NextProtos: []string{"h2"}}, nil
	}}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL, current
}

// aMinuteLater makes the next request look at the files.
func aMinuteLater(c *Client) {
	connections := c.shared.http.Transport.(*layers).bottom.(*connections)
	connections.mu.Lock()
	defer connections.mu.Unlock()
	connections.lookedAt = time.Now().Add(-rereadAfter)
}

func retiredGenerations(c *Client) int {
	connections := c.shared.http.Transport.(*layers).bottom.(*connections)
	connections.mu.Lock()
	defer connections.mu.Unlock()
	return len(connections.retired)
}

func TestNewAuthoritiesAreUsedWithoutCuttingAWatch(t *testing.T) {
	first, second := newAuthority(t, "first"), newAuthority(t, "second")
	more := make(chan struct{})
	url, current := changeable(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("watch") != "" {
			events(func(w http.ResponseWriter, r *http.Request) {
				<-more
				_, _ = io.WriteString(w, addedX)
			}, addedX)(w, r)
		}
	}, first.pair(t, "server"))
	ca := filepath.Join(t.TempDir(), "ca.crt")
	writeFile(t, ca, string(first.pem))
	client := newTestClient(t, &Config{Host: url, TLS: TLSConfig{CAFile: ca}})
	watch, err := client.ForResource(pods).Watch(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer watch.Close()
	if _, err := watch.Next(); err != nil {
		t.Fatal(err)
	}

	pair := second.pair(t, "server")
	current.Store(&pair)
	writeFile(t, ca, string(second.pem))
	if err := get(t, client); err != nil { // the connection is still good
		t.Error(err)
	}
	aMinuteLater(client)
	if err := get(t, client); err != nil {
		t.Errorf("with the new authorities: %v", err)
	}
	if n := retiredGenerations(client); n != 1 {
		t.Errorf("%d generations are retired while the watch lives", n)
	}
	close(more)
	if _, err := watch.Next(); err != nil {
		t.Errorf("the watch was cut: %v", err)
	}
	watch.Close()
	if n := retiredGenerations(client); n != 0 {
		t.Errorf("%d generations are retired after the watch", n)
	}
}

func TestACertificateThatIsNotTrustedMakesTheFilesBeReadAtOnce(t *testing.T) {
	first, second := newAuthority(t, "first"), newAuthority(t, "second")
	url, current := changeable(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }, first.pair(t, "server"))
	ca := filepath.Join(t.TempDir(), "ca.crt")
	writeFile(t, ca, string(first.pem))
	client := newTestClient(t, &Config{Host: url, TLS: TLSConfig{CAFile: ca}})
	if err := get(t, client); err != nil {
		t.Fatal(err)
	}
	pair := second.pair(t, "server")
	current.Store(&pair)
	client.CloseIdle()
	if err := get(t, client); err == nil || !strings.Contains(err.Error(), "not signed by anyone trusted (trusted: CA file "+ca) {
		t.Errorf("the file has not changed yet: %v", err)
	}
	writeFile(t, ca, string(second.pem))
	if body, err := client.Post().AbsPath("x").Body([]byte("payload")).DoRaw(t.Context()); err != nil || string(body) != "payload" {
		t.Errorf("the file has changed: %q, %v", body, err)
	}
}

func TestANewClientCertificateIsUsed(t *testing.T) {
	authority := newAuthority(t, "clients")
	var refused atomic.Value
	refused.Store("")
	config := mutual(t, authority, func(w http.ResponseWriter, r *http.Request) {
		name := r.TLS.PeerCertificates[0].Subject.CommonName
		if name == refused.Load() {
			refuse(apierrors.NewUnauthorized("Unauthorized"))(w, r)
			return
		}
		_, _ = io.WriteString(w, name)
	})
	dir := t.TempDir()
	config.TLS.CertFile, config.TLS.KeyFile = filepath.Join(dir, "crt"), filepath.Join(dir, "key")
	replace := func(name string) {
		cert, key := authority.issue(t, name)
		writeFile(t, config.TLS.CertFile, string(cert))
		writeFile(t, config.TLS.KeyFile, string(key))
	}
	replace("one")
	client := newTestClient(t, config)
	expect := func(want string) {
		t.Helper()
		if got, err := client.Get().AbsPath("x").DoRaw(t.Context()); err != nil || string(got) != want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
	expect("one")
	replace("two")
	expect("one")
	aMinuteLater(client)
	expect("two")
	replace("three")
	refused.Store("two")
	expect("three") // at once, since the server said 401

	writeFile(t, config.TLS.KeyFile, "half a ke")
	aMinuteLater(client)
	expect("three")
	if err := os.Remove(config.TLS.CertFile); err != nil {
		t.Fatal(err)
	}
	aMinuteLater(client)
	expect("three")
}

func TestAClientCertificateThatIsNotAcceptedIsExplained(t *testing.T) {
	config := mutual(t, newAuthority(t, "clients"), func(http.ResponseWriter, *http.Request) {})
	config.TLS.CertData, config.TLS.KeyData = newAuthority(t, "strangers").issue(t, "stranger")
	err := get(t, newTestClient(t, config))
	// The server closes the connection right after it has said why, and this side may see either first.
	if err == nil || !strings.Contains(err.Error(), "the server does not accept the client certificate: remote error: tls: ") &&
		!strings.Contains(err.Error(), "is there a client certificate that it accepts?") &&
		!strings.Contains(err.Error(), "connection reset") && !strings.Contains(err.Error(), "broken pipe") {
		t.Errorf("got %v", err)
	}
}

func TestTheServersNameMayDifferFromItsHost(t *testing.T) {
	authority := newAuthority(t, "servers")
	var asked atomic.Value
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ErrorLog = quiet()
	server.TLS = &tls.Config{Certificates: []tls.Certificate{authority.pair(t, "server")}, GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		asked.Store(hello.ServerName)
		return nil, nil
	}}
	server.StartTLS()
	t.Cleanup(server.Close)
	client := newTestClient(t, &Config{Host: server.URL, TLS: TLSConfig{CAData: authority.pem, ServerName: "example.com"}})
	if err := get(t, client); err != nil || asked.Load() != "example.com" {
		t.Errorf("got %v, asked for %v", err, asked.Load())
	}
	client = newTestClient(t, &Config{Host: server.URL, TLS: TLSConfig{CAData: authority.pem, ServerName: "elsewhere.example.com"}})
	if err := get(t, client); err == nil || !strings.Contains(err.Error(), "is valid for example.com, not elsewhere.example.com") {
		t.Errorf("got %v", err)
	}
	client = newTestClient(t, &Config{Host: server.URL, TLS: TLSConfig{Insecure: true, ServerName: "elsewhere.example.com"}})
	if err := get(t, client); err != nil {
		t.Errorf("insecure, as was asked for: %v", err)
	}
}
