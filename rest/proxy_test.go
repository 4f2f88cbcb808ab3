package rest

import (
	"encoding/binary"
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
	var mu sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		*asked = append(*asked, r.Method+" "+r.Host+" "+r.Header.Get("Proxy-Authorization"))
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
	}))
	t.Cleanup(server.Close)
	return server.URL
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
