package rest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/resource"
)

// echoing agrees to switch to the protocol "echo", in which each line is sent back.
func echoing(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") != "echo" {
		fmt.Fprint(w, "no upgrade")
		return
	}
	conn, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	for {
		line, err := buffered.ReadString('\n')
		if err != nil {
			return
		}
		fmt.Fprint(conn, line)
	}
}

func TestAnUpgradedConnectionIsTheCallersAndNoTimeOutCutsIt(t *testing.T) {
	client := serve(t, echoing, func(c *Config) { c.Timeout = 100 * time.Millisecond })
	ctx, cancel := context.WithCancel(t.Context())
	resp, err := client.Get().AbsPath("x").SetHeader("Connection", "Upgrade").SetHeader("Upgrade", "echo").Upgrade(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	cancel()
	end := time.After(150 * time.Millisecond)
	lines := bufio.NewReader(resp.Body)
	for again := true; again; {
		if _, err := io.WriteString(resp.Body.(io.Writer), "hello\n"); err != nil {
			t.Fatal(err)
		}
		if line, err := lines.ReadString('\n'); err != nil || line != "hello\n" {
			t.Fatalf("read %q, %v", line, err)
		}
		select {
		case <-end:
			again = false
		default:
		}
	}
}

// A command in a pod is started by a GET: once the server has it, nobody but the caller may ask for it again.
func TestAnUpgradeThatReachedTheServerIsNotRepeated(t *testing.T) {
	var mu sync.Mutex // owns got
	got := map[string]int{}
	count := func(path string) int {
		mu.Lock()
		defer mu.Unlock()
		got[path]++
		return got[path]
	}
	token := filepath.Join(t.TempDir(), "token")
	write := func(text string) {
		if err := os.WriteFile(token, []byte(text), 0o600); err != nil {
			t.Error(err)
		}
	}
	write("old")
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n := count(r.URL.Path)
		switch {
		case r.URL.Path == "/unavailable":
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusServiceUnavailable)
		case r.URL.Path == "/busy" && n < 3:
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
		case r.URL.Path == "/forbidden":
			w.WriteHeader(http.StatusForbidden)
		case r.URL.Path == "/renewed" && n == 1:
			write("new")
			w.WriteHeader(http.StatusUnauthorized)
		default:
			if r.ContentLength != 0 || len(r.TransferEncoding) > 0 {
				t.Errorf("there is a body of length %d, %q", r.ContentLength, r.TransferEncoding)
			}
			panic(http.ErrAbortHandler) // which ends the connection
		}
	}, func(c *Config) { c.BearerTokenFile = token })
	for _, path := range []string{"/cut", "/unavailable", "/busy", "/forbidden", "/cut", "/renewed"} { // many on connections that have been used before
		resp, err := client.Get().AbsPath(path).SetHeader("Connection", "Upgrade").SetHeader("Upgrade", "echo").Upgrade(t.Context())
		if err == nil {
			resp.Body.Close()
			t.Errorf("%s: no error", path)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if want := map[string]int{"/cut": 2, "/unavailable": 1, "/busy": 3, "/forbidden": 1, "/renewed": 2}; !maps.Equal(got, want) {
		t.Errorf("the server got %v, want %v", got, want)
	}
}

func TestAnUpgradeThatDoesNotComeAboutIsAnError(t *testing.T) {
	client := serve(t, echoing)
	if _, err := client.Get().AbsPath("x").Upgrade(t.Context()); err == nil || !strings.Contains(err.Error(), "200 OK and did not switch") {
		t.Errorf("error %v", err)
	}
	forbidden := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	if _, err := forbidden.Get().AbsPath("x").SetHeader("Upgrade", "echo").Upgrade(t.Context()); !apierrors.IsForbidden(err) {
		t.Errorf("error %v", err)
	}
}

func TestARequestForAPathBelowAnObjectIsOfItsResource(t *testing.T) {
	var info RequestInfo
	var asked string
	client := through(t, func(r *http.Request) (*http.Response, error) {
		asked = r.Method + " " + r.URL.RequestURI() + " " + r.Header.Get("Accept")
		return answer(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "text") }), nil
	}, func(c *Config) { c.Hooks.Request = func(_ context.Context, r RequestInfo) { info = r } })
	pods := client.ForResource(resource.Define[*metav1.PartialObjectMetadata]("", "v1", "pods", "Pod", resource.Namespaced).Definition())

	request := pods.Namespace("shop").Request(http.MethodGet, "p", "log")
	if err := request.Err(); err != nil {
		t.Fatal(err)
	}
	text, err := request.DoRaw(t.Context())
	if err != nil || string(text) != "text" || asked != "GET /base/api/v1/namespaces/shop/pods/p/log application/json, */*" {
		t.Errorf("%s was answered %q, %v", asked, text, err)
	}
	if info.Resource != "pods" || info.Verb != "get" {
		t.Errorf("measured as %+v", info)
	}
	for _, wrong := range []*Request{pods.Request(http.MethodGet, "p", "log"), pods.Namespace("shop").Request(http.MethodGet, "", "log")} {
		if wrong.Err() == nil {
			t.Errorf("%s is no error", wrong.URL())
		}
	}
}

func TestTheTransportOfAClientAddsCredentialsAndNothingElse(t *testing.T) {
	tries := 0
	client := through(t, func(r *http.Request) (*http.Response, error) {
		tries++
		if r.Header.Get("Authorization") != "Bearer secret" {
			t.Errorf("sent %v", r.Header)
		}
		return answer(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
		}), nil
	}, func(c *Config) { c.BearerToken = "secret" })
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, client.Host()+"/x", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Transport().RoundTrip(req)
	if err != nil || resp.StatusCode != http.StatusTooManyRequests || tries != 1 {
		t.Errorf("answered %v, %v after %d tries", resp, err, tries)
	}
	bare, err := NewClientForHTTP(&Config{Host: "http://server.example"}, &http.Client{})
	if err != nil || bare.Transport() != http.DefaultTransport {
		t.Errorf("a client without a transport has %v, %v", bare.Transport(), err)
	}
}
