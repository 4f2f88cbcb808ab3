package discovery

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"go.uber.org/goleak"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/rest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// widgets are a custom resource with everything that the built-in ones seldom have.
var widgets = resource.Define[*widget]("example.com", "v1", "widgets", "Widget", resource.Cluster,
	resource.WithVerbs(resource.VerbGet|resource.VerbList), resource.WithSubresources(resource.StatusSubresource(), resource.ScaleSubresource()))

type widget struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
}

// real returns a running embedded server and a client of it.
func real(t *testing.T, opts apitest.Options) (*apitest.Server, *Client) {
	t.Helper()
	server := apitest.New(opts).Start(t)
	client, err := rest.NewClient(server.Config())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdle)
	return server, New(client, Options{})
}

// page is what a scripted server answers under one path.
type page struct {
	code        int // 0: 200
	contentType string
	body        string
}

const aggregatedV2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

// scripted is a server that answers from a table, and counts.
type scripted struct {
	mu    sync.Mutex // owns pages, asked
	pages map[string]page
	asked map[string]int
}

func (s *scripted) set(path string, p page) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pages[path] = p
}

func (s *scripted) count(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[path]
}

func (s *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked[r.URL.Path]++
	p, ok := s.pages[r.URL.Path]
	s.mu.Unlock()
	if !ok {
		p = page{code: http.StatusNotFound, body: `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404,"message":"no such path"}`}
	}
	if p.contentType == "" {
		p.contentType = "application/json"
	}
	w.Header().Set("Content-Type", p.contentType)
	if p.code != 0 {
		w.WriteHeader(p.code)
	}
	fmt.Fprint(w, p.body)
}

// script returns a server that answers from the table, and a client of it.
func script(t *testing.T, pages map[string]page) (*scripted, *Client) {
	t.Helper()
	s := &scripted{pages: pages, asked: map[string]int{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	c, err := rest.NewClient(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdle)
	return s, New(c, Options{})
}
