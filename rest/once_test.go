package rest

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

type connKey struct{}

// countsAndCuts starts a TLS server that answers GET, and on any other request reads it to its end, counts it, and closes the connection.
func countsAndCuts(t *testing.T) (config *Config, count func(method string) int) {
	t.Helper()
	var mu sync.Mutex // owns got
	got := map[string]int{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		mu.Lock()
		got[r.Method]++
		mu.Unlock()
		r.Context().Value(connKey{}).(net.Conn).Close()
		panic(http.ErrAbortHandler)
	}))
	server.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) }
	server.Config.ErrorLog = quiet()
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	config = &Config{Host: server.URL, TLS: TLSConfig{CAData: pemOf(server.Certificate())}, Warnings: IgnoreWarnings}
	return config, func(method string) int {
		mu.Lock()
		defer mu.Unlock()
		return got[method]
	}
}

// Below this package, net/http repeats requests, too.
func TestAWriteThatReachedTheServerIsNotRepeatedOnARealConnection(t *testing.T) {
	for _, protocol := range []string{"h2", "http/1.1"} {
		config, count := countsAndCuts(t)
		config.TLS.NextProtos = []string{protocol}
		client := newTestClient(t, config)
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
			if err := get(t, client); err != nil { // so that the write finds a connection that was used before
				t.Fatal(err)
			}
			err := client.Verb(method).AbsPath("x").Body([]byte("payload")).Do(t.Context()).Error()
			if err == nil || !strings.Contains(err.Error(), method+" "+config.Host+"/x: ") || count(method) != 1 {
				t.Errorf("%s over %s: the server got it %d times, the caller %v", method, protocol, count(method), err)
			}
		}
	}
}
