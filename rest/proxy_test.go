package rest

import (
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// tunnel copies both ways until one side ends.
func tunnel(a, b net.Conn) {
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(a, b); a.Close() })
	both.Go(func() { _, _ = io.Copy(b, a); b.Close() })
	both.Wait()
}

// connectProxy is an HTTP proxy that knows CONNECT; it notes the addresses and credentials.
func connectProxy(t *testing.T, asked *[]string) string {
	server := httptest.NewServer(connector(t, func(r *http.Request) string {
		return r.Method + " " + r.Host + " " + r.Header.Get("Proxy-Authorization")
	}, asked))
	t.Cleanup(server.Close)
	return server.URL
}

// connector makes the tunnels that it is asked for, and notes something of each request.
func connector(t *testing.T, note func(*http.Request) string, asked *[]string) http.HandlerFunc {
	var mu sync.Mutex
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		*asked = append(*asked, note(r))
		mu.Unlock()
		target, err := net.Dial("tcp", r.Host)
		if err != nil {
			http.Error(w, "no", http.StatusBadGateway)
			return
		}
		client, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
		tunnel(client, target)
	}
}

// socksProxy is a SOCKS5 proxy without authentication; it notes the addresses.
func socksProxy(t *testing.T, asked *[]string) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	t.Cleanup(func() { listener.Close(); all.Wait() })
	all.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() { socks(t, client, asked) })
		}
	})
	return "socks5://" + listener.Addr().String()
}

func socks(t *testing.T, client net.Conn, asked *[]string) {
	defer client.Close()
	read := func(n int) []byte {
		buf := make([]byte, n)
		if _, err := io.ReadFull(client, buf); err != nil {
			t.Error(err)
		}
		return buf
	}
	read(int(read(2)[1])) // version and methods
	_, _ = client.Write([]byte{5, 0})
	var host string
	switch read(4)[3] {
	case 1:
		host = net.IP(read(4)).String()
	case 3:
		host = string(read(int(read(1)[0])))
	}
	port := binary.BigEndian.Uint16(read(2))
	address := net.JoinHostPort(host, strconv.Itoa(int(port)))
	*asked = append(*asked, address)
	target, err := net.Dial("tcp", strings.Replace(address, "api.example.com", "127.0.0.1", 1))
	if err != nil {
		t.Error(err)
		return
	}
	_, _ = client.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	tunnel(client, target)
}

func via(t *testing.T, c *Config, proxy string) {
	t.Helper()
	u, err := url.Parse(proxy)
	if err != nil {
		t.Fatal(err)
	}
	c.Proxy = http.ProxyURL(u)
}

func TestRequestsGoThroughAnHTTPProxy(t *testing.T) {
	config := secure(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Proxy-Authorization") != "" {
			t.Error("the proxy's password came to the server")
		}
		_, _ = io.WriteString(w, r.Proto)
	})
	var asked []string
	proxy := connectProxy(t, &asked)
	via(t, config, strings.Replace(proxy, "://", "://joe:hunter2@", 1))
	client := newTestClient(t, config)
	if got, err := client.Get().AbsPath("x").DoRaw(t.Context()); err != nil || string(got) != "HTTP/2.0" {
		t.Errorf("got %s, %v", got, err)
	}
	if want := "CONNECT " + strings.TrimPrefix(config.Host, "https://") + " Basic am9lOmh1bnRlcjI="; len(asked) != 1 || asked[0] != want {
		t.Errorf("the proxy was asked %q, want %q", asked, want)
	}
	client.CloseIdle()
	config.Host = "https://127.0.0.1:1"
	if err := get(t, newTestClient(t, config)); err == nil || !strings.Contains(err.Error(), "Bad Gateway") || strings.Contains(err.Error(), secret) {
		t.Errorf("got %v", err)
	}
}

// securedProxy starts a proxy with a certificate of the authority, which speaks HTTP/2 as well and asks for client certificates.
func securedProxy(t *testing.T, signer *authority, asked *[]string) string {
	server := httptest.NewUnstartedServer(connector(t, func(r *http.Request) string {
		return fmt.Sprintf("%s %s over %s, %d certificates, name %q", r.Method, r.Host, r.Proto, len(r.TLS.PeerCertificates), r.TLS.ServerName)
	}, asked))
	cert, key := signer.issue(t, "proxy")
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	server.EnableHTTP2 = true
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequestClientCert}
	server.Config.ErrorLog = quiet()
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

// A proxy is not the server: it has another name and authority, and no business with the client's certificate.
func TestRequestsGoThroughAnHTTPSProxyWhichIsNotTakenForTheServer(t *testing.T) {
	clients, signer := newAuthority(t, "clients"), newAuthority(t, "proxies")
	config := mutual(t, clients, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Proto+" "+r.TLS.PeerCertificates[0].Subject.CommonName)
	})
	config.TLS.CertData, config.TLS.KeyData = clients.issue(t, "joe")
	config.TLS.ServerName = "example.com"
	var asked []string
	proxy := securedProxy(t, signer, &asked)
	via(t, config, strings.Replace(proxy, "://", "://joe:hunter2@", 1))

	err := get(t, newTestClient(t, config))
	if want := "TLS with the proxy 127.0.0.1: tls: failed to verify certificate: x509: certificate signed by unknown authority"; err == nil ||
		!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "the server's") || strings.Contains(err.Error(), secret) || len(asked) > 0 {
		t.Errorf("got %v, want %s", err, want)
	}

	config.TLS.CAData = append(config.TLS.CAData, signer.pem...)
	client := newTestClient(t, config)
	if got, err := client.Get().AbsPath("x").DoRaw(t.Context()); err != nil || string(got) != "HTTP/2.0 joe" {
		t.Errorf("got %s, %v", got, err)
	}
	want := fmt.Sprintf(`CONNECT %s over HTTP/1.1, 0 certificates, name ""`, strings.TrimPrefix(config.Host, "https://"))
	if len(asked) != 1 || asked[0] != want {
		t.Errorf("the proxy was asked %q, want %q", asked, want)
	}
}

func TestAnHTTPSProxyThatSpeaksNoTLSIsNamed(t *testing.T) {
	config := secure(t, func(http.ResponseWriter, *http.Request) {})
	var asked []string
	via(t, config, strings.Replace(connectProxy(t, &asked), "http://", "https://", 1))
	err := get(t, newTestClient(t, config))
	if err == nil || !strings.Contains(err.Error(), "TLS with the proxy 127.0.0.1: ") || strings.Contains(err.Error(), "the server") {
		t.Errorf("got %v", err)
	}
}

func TestAProxysPortIsThatOfItsScheme(t *testing.T) {
	for from, want := range map[string]string{
		"https://proxy": "proxy" + secureMark + ":443", "https://joe@proxy:3128": "proxy" + secureMark + ":3128", "https://[fd00::1]": "[fd00::1" + secureMark + "]:443",
	} {
		u, err := url.Parse(from)
		if err != nil {
			t.Fatal(err)
		}
		if got := marked(u); got.Host != want || got.Scheme != "http" || got.User != u.User {
			t.Errorf("%s: got %v, want %s", from, got, want)
		}
	}
}

func TestRequestsGoThroughASOCKSProxyWhichLooksUpTheName(t *testing.T) {
	config := secure(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) })
	var asked []string
	via(t, config, socksProxy(t, &asked))
	config.TLS.ServerName = "example.com"
	config.Host = strings.Replace(config.Host, "127.0.0.1", "api.example.com", 1)
	client := newTestClient(t, config)
	if got, err := client.Get().AbsPath("x").DoRaw(t.Context()); err != nil || string(got) != "HTTP/2.0" {
		t.Errorf("got %s, %v", got, err)
	}
	if want := strings.TrimPrefix(config.Host, "https://"); len(asked) != 1 || asked[0] != want {
		t.Errorf("the proxy was asked %q, want %q", asked, want)
	}
}

func TestAProxyThatIsNotThereIsNamedWithoutItsPassword(t *testing.T) {
	config := secure(t, func(http.ResponseWriter, *http.Request) {})
	via(t, config, "http://joe:hunter2@127.0.0.1:1")
	err := get(t, newTestClient(t, config))
	if err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") || !strings.Contains(err.Error(), "proxyconnect") || strings.Contains(err.Error(), secret) {
		t.Errorf("got %v", err)
	}
}
