package subresource_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"go.uber.org/goleak"

	"github.com/sheaf-dev/sheaf/rest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server answers as told and keeps the last request, without any connection.
type server struct {
	code        int
	contentType string
	answer      string
	location    string

	sent    int
	request string // "GET /api/v1/pods"
	header  http.Header
	body    string
}

func (s *server) RoundTrip(req *http.Request) (*http.Response, error) {
	s.sent++
	s.request, s.header, s.body = req.Method+" "+req.URL.RequestURI(), req.Header, ""
	if req.Body != nil {
		data, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		s.body = string(data)
	}
	w := httptest.NewRecorder()
	w.Header().Set("Content-Type", s.contentType)
	if s.location != "" {
		w.Header().Set("Location", s.location)
	}
	w.WriteHeader(s.code)
	fmt.Fprint(w, s.answer)
	return w.Result(), nil
}

// answering returns a server that answers in JSON, and a client of it.
func answering(t testing.TB, answer string) (*server, *rest.Client) {
	t.Helper()
	s := &server{code: http.StatusOK, contentType: rest.ContentTypeJSON, answer: answer}
	config := &rest.Config{Host: "https://api.example.com/base", Transport: s, ContentType: rest.ContentTypeJSON, BearerToken: "secret"}
	client, err := rest.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	return s, client
}

// demoClient returns a client of a server that answers every request with a text.
func demoClient(text string) *rest.Client {
	s := &server{code: http.StatusOK, contentType: "text/plain", answer: text}
	client, err := rest.NewClient(&rest.Config{Host: "https://api.example.com", Transport: s})
	if err != nil {
		panic(err)
	}
	return client
}
