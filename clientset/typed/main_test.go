package typed

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

// server answers as told and keeps the last request.
type server struct {
	code        int
	contentType string
	answer      string

	request, contentSent, body string
	sent                       int
}

func (s *server) RoundTrip(req *http.Request) (*http.Response, error) {
	s.sent++
	s.request, s.contentSent, s.body = req.Method+" "+req.URL.RequestURI(), req.Header.Get("Content-Type"), ""
	if req.Body != nil {
		data, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		s.body = string(data)
	}
	w := httptest.NewRecorder()
	w.Header().Set("Content-Type", s.contentType)
	w.WriteHeader(s.code)
	fmt.Fprint(w, s.answer)
	return w.Result(), nil
}

// answering returns a server that answers in JSON, and a client of it.
func answering(t *testing.T, answer string) (*server, *rest.Client) {
	t.Helper()
	s := &server{code: http.StatusOK, contentType: rest.ContentTypeJSON, answer: answer}
	client, err := rest.NewClient(&rest.Config{Host: "https://example.com", Transport: s, ContentType: rest.ContentTypeJSON})
	if err != nil {
		t.Fatal(err)
	}
	return s, client
}
