package rest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestHooksTellHowLongNamesAreLookedUp(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	_, port, _ := strings.Cut(strings.TrimPrefix(server.URL, "http://"), ":")
	lookups := map[string]int{}
	for _, host := range []string{"localhost:" + port, "127.0.0.1:" + port} {
		client := newTestClient(t, &Config{Host: "http://" + host, Hooks: Hooks{
			Resolve: func(_ context.Context, host string, took time.Duration) {
				if took >= 0 {
					lookups[host]++
				}
			},
		}})
		for range 2 { // the second request needs no connection
			if err := get(t, client); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(lookups) != 1 || lookups["localhost:"+port] != 1 {
		t.Errorf("looked up: %v", lookups)
	}
}

func TestHooksTellOfAClientUntilNobodyUsesIt(t *testing.T) {
	var there, gone atomic.Int32
	client, err := NewClient(&Config{Host: "https://example.com", Hooks: Hooks{
		Client: func(host string) func() {
			if host == "example.com" {
				there.Add(1)
			}
			return func() { gone.Add(1) }
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	derived := client.ForResource(pods)
	if there.Load() != 1 {
		t.Errorf("told of %d clients", there.Load())
	}
	for range 3 {
		runtime.GC()
	}
	if gone.Load() != 0 {
		t.Error("the client is said to be gone")
	}
	runtime.KeepAlive(derived)
	for deadline := time.Now().Add(30 * time.Second); gone.Load() == 0; runtime.GC() {
		if time.Now().After(deadline) {
			t.Fatal("the client is not said to be gone")
		}
	}
}
