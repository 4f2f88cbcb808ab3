package rest

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"go.uber.org/goleak"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var coreV1 = schema.GroupVersion{Version: "v1"}

// serve starts a server on a real socket and returns a client of it.
func serve(t *testing.T, handler http.HandlerFunc, change ...func(*Config)) *Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	config := &Config{Host: server.URL, Warnings: IgnoreWarnings}
	for _, f := range change {
		f(config)
	}
	client, err := NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdle)
	return client
}

// roundTrip is a transport made of a function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// through returns a client whose requests end in f.
func through(t *testing.T, f roundTrip, change ...func(*Config)) *Client {
	t.Helper()
	config := &Config{Host: "https://api.example.com/base", Transport: f, Warnings: IgnoreWarnings}
	for _, c := range change {
		c(config)
	}
	client, err := NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// answer returns a response as a handler writes it.
func answer(write http.HandlerFunc) *http.Response {
	recorder := httptest.NewRecorder()
	write(recorder, nil)
	return recorder.Result()
}

// get sends some request.
func get(t *testing.T, c *Client) error { return c.Get().AbsPath("x").Do(t.Context()).Error() }
