package rest

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/internal/decode"
)

// secure starts a TLS server that speaks HTTP/2 and HTTP/1.1, and returns a configuration for it.
func secure(t *testing.T, handler http.HandlerFunc) *Config {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = true
	server.Config.ErrorLog = quiet()
	server.StartTLS()
	t.Cleanup(server.Close)
	return &Config{Host: server.URL, TLS: TLSConfig{CAData: pemOf(server.Certificate())}, Warnings: IgnoreWarnings}
}

func newTestClient(t *testing.T, c *Config) *Client {
	t.Helper()
	client, err := NewClient(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdle)
	return client
}

func TestHTTP2IsUsedUnlessTheProtocolsSayOtherwise(t *testing.T) {
	config := secure(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) })
	for want, protocols := range map[string][]string{"HTTP/2.0": nil, "HTTP/1.1": {"http/1.1"}} {
		config.TLS.NextProtos = protocols
		got, err := newTestClient(t, config).Get().AbsPath("x").DoRaw(t.Context())
		if err != nil || string(got) != want {
			t.Errorf("%v: got %s, %v", protocols, got, err)
		}
	}
}

func TestAnswersAreCompressedUnlessTheConfigurationSaysOtherwise(t *testing.T) {
	text := strings.Repeat("the same again ", 1000)
	config := secure(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "gzip" {
			_, _ = io.WriteString(w, "plain")
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		zip := gzip.NewWriter(w)
		_, _ = io.WriteString(zip, text)
		_ = zip.Close()
	})
	for want, disable := range map[string]bool{text: false, "plain": true} {
		config.DisableCompression = disable
		if got, err := newTestClient(t, config).Get().AbsPath("x").DoRaw(t.Context()); err != nil || string(got) != want {
			t.Errorf("got %.20s, %v", got, err)
		}
	}
}

func TestAllClientsOfOneServerShareOneLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var waits []time.Duration
		client := through(t, func(*http.Request) (*http.Response, error) {
			return answer(func(http.ResponseWriter, *http.Request) {}), nil
		},
			func(c *Config) {
				c.QPS, c.Burst = 2, 3
				c.Hooks.RateLimit = func(_ context.Context, _, _ string, wait time.Duration) { waits = append(waits, wait) }
			})
		start := time.Now()
		for i := range 9 {
			if err := client.For(deployments.GroupVersionResource().GroupVersion()).Get().Resource(fmt.Sprint("r", i)).Do(t.Context()).Error(); err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(start); took != 3*time.Second || len(waits) != 9 || waits[0] != 0 || waits[8] != 500*time.Millisecond {
			t.Errorf("9 requests at 2/s after a burst of 3 took %v, waits %v", took, waits)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := client.Get().AbsPath("x").Do(ctx).Error(); err == nil || !strings.Contains(err.Error(), "rate limiter") {
			t.Errorf("got %v", err)
		}
	})
}

func TestWithoutALimitNoRequestWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := through(t, func(*http.Request) (*http.Response, error) {
			return answer(func(http.ResponseWriter, *http.Request) {}), nil
		})
		start := time.Now()
		for range 10_000 {
			if err := client.Get().AbsPath("x").Do(t.Context()).Error(); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("10,000 requests took %v", took)
		}
	})
}

// slowly is a limiter of the user's, which counts.
type slowly struct{ n int }

func (s *slowly) Wait(ctx context.Context) error {
	if s.n++; s.n > 3 {
		return errors.New("the quota of today is used up")
	}
	return pause(ctx, time.Minute)
}

func TestALimiterOfTheUsersReplacesQPS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter, sent := new(slowly), 0
		client := through(t, tooBusy(1, "1", &sent), func(c *Config) { c.RateLimiter, c.QPS, c.Burst = limiter, 0.001, 1 })
		start := time.Now()
		for range 2 { // the first is repeated, and waits again
			if err := client.Get().AbsPath("x").Do(t.Context()).Error(); err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(start); took != 3*time.Minute+time.Second || sent != 3 {
			t.Errorf("%d tries took %v", sent, took)
		}
		err := client.Get().AbsPath("x").Do(t.Context()).Error()
		if err == nil || err.Error() != "GET https://api.example.com/base/x: waiting for the client's rate limiter: the quota of today is used up" || sent != 3 {
			t.Errorf("got %v", err)
		}
	})
}

func TestHooksSeeEachTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log []string
		sent := 0
		client := through(t, tooBusy(1, "3", &sent), func(c *Config) {
			c.Hooks.Request = func(_ context.Context, r RequestInfo) {
				log = append(log, fmt.Sprintf("%s %s %s %s %d %v", r.Method, r.Host, r.Verb, r.Resource, r.Code, r.RequestBytes > 10))
			}
			c.Hooks.Retry = func(_ context.Context, method, host string, code int, wait time.Duration) {
				log = append(log, fmt.Sprintf("retry %s %s %d %v", method, host, code, wait))
			}
		})
		_, _ = client.ForResource(pods).Create(t.Context(), pod("a", "b"), metav1.CreateOptions{})
		want := "POST api.example.com create pods 429 true|retry POST api.example.com 429 3s|POST api.example.com create pods 200 true"
		if got := strings.Join(log, "|"); got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
	})
}

func TestAClientOverAnHTTPClientLeavesTheWayToIt(t *testing.T) {
	var got http.Header
	h := &http.Client{Timeout: time.Minute, Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
		got = req.Header
		return answer(func(w http.ResponseWriter, _ *http.Request) { http.Redirect(w, req, "/elsewhere", http.StatusFound) }), nil
	})}
	client, err := NewClientForHTTP(&Config{Host: "https://example.com", BearerToken: secret}, h)
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Get().AbsPath("x").Do(t.Context()).Error(); codeOf(err) != 302 {
		t.Errorf("got %v", err)
	}
	if got.Get("Authorization") != "" || client.shared.timeout != time.Minute || h.Timeout != time.Minute || h.CheckRedirect != nil {
		t.Errorf("sent %v with time-out %v; the HTTP client is now %+v", got, client.shared.timeout, h)
	}
	for _, bad := range []struct {
		c *Config
		h *http.Client
	}{{nil, h}, {&Config{Host: "x"}, nil}, {&Config{}, h}} {
		if _, err := NewClientForHTTP(bad.c, bad.h); err == nil {
			t.Errorf("%v with %v is accepted", bad.c, bad.h)
		}
	}
	if _, err := NewClient(nil); err == nil {
		t.Error("a nil configuration is accepted")
	}
}

func TestAWrapperSeesRequestsWithTheirCredentials(t *testing.T) {
	var seen string
	client := through(t, func(*http.Request) (*http.Response, error) {
		return answer(func(http.ResponseWriter, *http.Request) {}), nil
	},
		func(c *Config) {
			c.BearerToken = secret
			c.WrapTransport = func(next http.RoundTripper) http.RoundTripper {
				return roundTrip(func(req *http.Request) (*http.Response, error) {
					seen = req.Header.Get("Authorization") + " " + req.Header.Get("User-Agent")
					return next.RoundTrip(req)
				})
			}
		})
	if err := client.Get().AbsPath("x").Do(t.Context()).Error(); err != nil {
		t.Error(err)
	}
	if seen != "Bearer "+secret+" "+DefaultUserAgent() || !strings.Contains(seen, "sheaf/") {
		t.Errorf("the wrapper saw %q", seen)
	}
}

func TestAnAnswerIsReadInAllItsForms(t *testing.T) {
	client := through(t, func(req *http.Request) (*http.Response, error) {
		return answer(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", req.Header.Get("Accept"))
			w.WriteHeader(201)
			data, err := decode.Encode(pods, req.Header.Get("Accept"), pod("a", "b"))
			if err != nil {
				t.Error(err)
			}
			_, _ = w.Write(data)
		}), nil
	})
	for _, format := range []string{ContentTypeJSON, ContentTypeProtobuf} {
		result := client.Post().AbsPath("x").SetHeader("Accept", format).Do(t.Context())
		o, err := result.Get(pods)
		if err != nil || o.GetName() != "b" || !result.WasCreated() || result.StatusCode() != 201 || result.ContentType() != format {
			t.Errorf("%s: got %v, %v, %+v", format, o, err, result)
		}
		into := pod("", "")
		if err := result.Into(into); (err == nil) != (format == ContentTypeJSON) || err == nil && into.Name != "b" {
			t.Errorf("%s into a pod: %v, %v", format, into, err)
		}
	}
	if err := client.Post().AbsPath("x").SetHeader("Accept", ContentTypeJSON).Do(t.Context()).Into(new(int)); err == nil || !strings.Contains(err.Error(), "POST https://api.example.com/base/x") {
		t.Errorf("got %v", err)
	}
	failed := client.Post().AbsPath("..").Do(t.Context())
	_, rawErr := failed.Raw()
	_, getErr := failed.Get(pods)
	if failed.Error() == nil || rawErr != failed.Error() || getErr != failed.Error() || failed.Into(nil) != failed.Error() || failed.WasCreated() || failed.ContentType() != "" {
		t.Errorf("a failed request has an answer: %+v", failed)
	}
}

func TestAStreamIsReadAsItComes(t *testing.T) {
	next := make(chan string)
	client := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		for line := range next {
			_, _ = io.WriteString(w, line)
			w.(http.Flusher).Flush()
		}
	}, func(c *Config) { c.Timeout = time.Minute })
	go func() { next <- "one" }()
	stream, err := client.Get().AbsPath("log").Stream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	for _, want := range []string{"one", "two"} {
		var got [3]byte
		if _, err := io.ReadFull(stream, got[:]); err != nil || string(got[:]) != want {
			t.Errorf("got %s, %v", got, err)
		}
		if want == "one" {
			next <- "two"
		}
	}
	close(next)
	if rest, err := io.ReadAll(stream); err != nil || len(rest) != 0 {
		t.Errorf("got %s, %v", rest, err)
	}
}

// drip is a body of which a byte comes each interval.
type drip struct {
	ctx      context.Context
	interval time.Duration
	left     int
}

func (d *drip) Read(p []byte) (int, error) {
	if d.left == 0 {
		return 0, io.EOF
	}
	d.left--
	if err := pause(d.ctx, d.interval); err != nil {
		return 0, err
	}
	return copy(p, " "), nil
}

func TestAListMayTakeLongAsLongAsItComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		interval := 20 * time.Second
		client := through(t, func(req *http.Request) (*http.Response, error) {
			body := io.MultiReader(&drip{req.Context(), interval, 10}, strings.NewReader(`{"items":[]}`))
			return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {ContentTypeJSON}}, Body: io.NopCloser(body)}, nil
		}, func(c *Config) { c.Timeout = 30 * time.Second })
		list := func() error {
			_, err := client.ForResource(pods).List(t.Context(), metav1.ListOptions{}, func(decode.Item) error { return nil })
			return err
		}
		start := time.Now()
		if err := list(); err != nil || time.Since(start) != 200*time.Second {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
		interval, start = 31*time.Second, time.Now()
		if err := list(); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no progress within the time-out of 30s") || time.Since(start) != 30*time.Second {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
	})
}

// crumbs is a body of which each read yields one byte, until the request ends.
type crumbs struct {
	ctx  context.Context
	text string
}

func (c *crumbs) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	if c.text == "" {
		return 0, io.EOF
	}
	n := copy(p[:1], c.text)
	c.text = c.text[n:]
	return n, nil
}

func TestTheWorkOnAnItemIsNoWaitForTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := through(t, func(req *http.Request) (*http.Response, error) {
			body := &crumbs{req.Context(), `{"items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}},{"metadata":{"name":"c"}}]}`}
			return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {ContentTypeJSON}}, Body: io.NopCloser(body)}, nil
		}, func(c *Config) { c.Timeout = 30 * time.Second })
		start := time.Now()
		_, err := client.ForResource(pods).List(t.Context(), metav1.ListOptions{}, func(decode.Item) error {
			time.Sleep(time.Minute)
			return nil
		})
		if err != nil || time.Since(start) != 3*time.Minute {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
	})
}

func TestARequestsOwnTimeOutReplacesTheConfigurations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked string
		client := through(t, func(req *http.Request) (*http.Response, error) {
			asked = req.URL.RawQuery
			<-req.Context().Done()
			return nil, req.Context().Err()
		}, func(c *Config) { c.Timeout = time.Minute })
		start := time.Now()
		err := client.Get().AbsPath("x").Timeout(3 * time.Second).Do(t.Context()).Error()
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 3*time.Second || asked != "timeout=3s" {
			t.Errorf("got %v after %v, asked with %s", err, time.Since(start), asked)
		}
	})
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/busy":
			w.Header().Set("Retry-After", "0")
			http.Error(w, "busy", http.StatusTooManyRequests)
		case "/api/v1/pods":
			w.Header().Set("Content-Type", ContentTypeJSON)
			_, _ = io.Copy(w, bytes.NewReader([]byte(`{"items":[]}`+strings.Repeat(" ", 100))))
		default:
			http.Error(w, strings.Repeat("x", 1000), 500)
		}
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	client := newTestClient(t, &Config{Host: server.URL})
	for range 3 {
		if err := client.Get().AbsPath("busy").Do(t.Context()).Error(); codeOf(err) != 429 {
			t.Error(err)
		}
		if err := client.Delete().AbsPath("broken").Do(t.Context()).Error(); codeOf(err) != 500 {
			t.Error(err)
		}
		if _, err := client.ForResource(pods).List(t.Context(), metav1.ListOptions{}, func(decode.Item) error { return nil }); err != nil {
			t.Error(err)
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections were opened", n)
	}
}

func TestNotModifiedIsASuccessForWhoAskedForIt(t *testing.T) {
	client := through(t, func(*http.Request) (*http.Response, error) {
		return answer(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("ETag", "tag")
			w.WriteHeader(http.StatusNotModified)
		}), nil
	})
	result := client.Get().AbsPath("x").SetHeader("If-None-Match", "tag").Do(t.Context())
	if result.Error() != nil || result.StatusCode() != http.StatusNotModified || result.Header("etag") != "tag" {
		t.Errorf("got %+v", result)
	}
	if err := client.Get().AbsPath("x").Do(t.Context()).Error(); codeOf(err) != http.StatusNotModified {
		t.Errorf("got %v", err)
	}
}
