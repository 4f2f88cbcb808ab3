package apitest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/apitest/internal/api"
	"github.com/sheaf-dev/sheaf/apitest/internal/history"
)

// Request is one request that the server has received.
type Request struct {
	Time      time.Time
	Method    string
	Path      string
	Query     url.Values
	Accept    string
	UserAgent string

	// Verb is get, list, watch, create, update, patch, delete or deletecollection, "unknown" for a method that no resource has, and empty for
	// a path that names no resource.
	Verb        string
	Resource    schema.GroupVersionResource
	Namespace   string
	Name        string
	Subresource string

	// Code is the status code of the answer, 0 as long as there is none.
	Code int
	// Done says that the answer has ended.
	Done bool
}

// Match selects requests. The zero value matches all; each field that is set must agree.
type Match struct {
	Verb        string
	Resource    string // plural, such as "pods"
	Group       string // of the resource; only looked at with Resource
	Namespace   string
	Name        string
	Subresource string
	Path        string                // of the URL
	Func        func(r *Request) bool // must not call the server
}

func (m Match) matches(r *Request) bool {
	return (m.Verb == "" || m.Verb == r.Verb) &&
		(m.Resource == "" || m.Resource == r.Resource.Resource && (m.Group == "" || m.Group == r.Resource.Group)) &&
		(m.Namespace == "" || m.Namespace == r.Namespace) && (m.Name == "" || m.Name == r.Name) &&
		(m.Subresource == "" || m.Subresource == r.Subresource) && (m.Path == "" || m.Path == r.Path) &&
		(m.Func == nil || m.Func(r))
}

// requestLog remembers the last requests.
type requestLog struct {
	limit int

	mu      sync.Mutex // owns all below, and the entries' Code and Done
	entries []*Request
	wake    chan struct{} // closed and replaced when something has changed
}

func (l *requestLog) add(r *http.Request, route api.Route) *Request {
	entry := &Request{
		Time: time.Now(), Method: r.Method, Path: r.URL.Path, Query: r.URL.Query(), Accept: r.Header.Get("Accept"), UserAgent: r.UserAgent(),
		Verb: route.Verb, Resource: route.Resource, Namespace: route.Namespace, Name: route.Name, Subresource: route.Subresource,
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.entries) >= 2*l.limit {
		l.entries = append(l.entries[:0:0], l.entries[len(l.entries)-l.limit:]...)
	}
	l.entries = append(l.entries, entry)
	l.changed()
	return entry
}

// changed wakes those who wait. The caller holds mu.
func (l *requestLog) changed() {
	if l.wake != nil {
		close(l.wake)
		l.wake = nil
	}
}

func (l *requestLog) update(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
	l.changed()
}

// recorder notes the status code of an answer, and its end.
type recorder struct {
	http.ResponseWriter
	log   *requestLog
	entry *Request
	conn  *conn // of HTTP/1 without TLS, whose connection carries one answer at a time, as it was written; else nil
}

// Hold implements api.Holder.
func (r *recorder) Hold() {
	if r.conn != nil {
		r.conn.hold()
	}
}

// Release implements api.Holder.
func (r *recorder) Release() error {
	if r.conn != nil {
		return r.conn.release()
	}
	return nil
}

// WriteHeader notes the code.
func (r *recorder) WriteHeader(code int) {
	r.log.update(func() { r.entry.Code = code })
	r.ResponseWriter.WriteHeader(code)
}

// Unwrap lets http.ResponseController flush.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) done() { r.log.update(func() { r.entry.Done = true }) }

// Requests returns the matching requests that the server has received, in order, up to Options.RequestLog of the last ones.
func (s *Server) Requests(m Match) []Request {
	s.requests.mu.Lock()
	defer s.requests.mu.Unlock()
	var out []Request
	for _, r := range s.requests.entries[max(0, len(s.requests.entries)-s.requests.limit):] {
		if m.matches(r) {
			out = append(out, *r)
		}
	}
	return out
}

// ForgetRequests empties the list of requests.
func (s *Server) ForgetRequests() {
	s.requests.update(func() { s.requests.entries = nil })
}

// WaitRequests returns when at least n matching requests have been received, or with ctx's error.
func (s *Server) WaitRequests(ctx context.Context, n int, m Match) error {
	for {
		s.requests.mu.Lock()
		if s.requests.wake == nil {
			s.requests.wake = make(chan struct{})
		}
		wake := s.requests.wake
		s.requests.mu.Unlock()
		got := len(s.Requests(m))
		if got >= n {
			return nil
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return fmt.Errorf("%d of %d requests seen: %w", got, n, ctx.Err())
		}
	}
}

// OpenWatches returns how many watches of the resource are open.
func (s *Server) OpenWatches(r Definer) int { return s.tableOf(r).Watchers() }

// WaitWatches returns when exactly n watches of the resource are open, or with ctx's error.
func (s *Server) WaitWatches(ctx context.Context, r Definer, n int) error {
	if err := s.tableOf(r).WaitWatchers(ctx, n, false); err != nil {
		return fmt.Errorf("%d of %d watches of %s are open: %w", s.OpenWatches(r), n, r.Definition(), err)
	}
	return nil
}

// ResourceVersion returns the newest resourceVersion.
func (s *Server) ResourceVersion() string { return strconv.FormatUint(s.history.Revision(), 10) }

// WaitDelivered returns when every open watch has been sent all changes up to the newest, or with ctx's error. It says nothing about
// what the clients have made of them.
func (s *Server) WaitDelivered(ctx context.Context) error {
	revision := s.history.Revision()
	if err := s.history.WaitDelivered(ctx, revision); err != nil {
		return fmt.Errorf("not all watches have been sent resourceVersion %d: %w", revision, err)
	}
	return nil
}

// WaitResourceVersion returns when the server has reached a resourceVersion, or with ctx's error.
func (s *Server) WaitResourceVersion(ctx context.Context, resourceVersion string) error {
	revision, err := strconv.ParseUint(resourceVersion, 10, 64)
	if err != nil {
		return fmt.Errorf("wait for resourceVersion %q: %w", resourceVersion, err)
	}
	return s.history.WaitRevision(ctx, revision)
}

// tableOf returns the table of a resource. A resource that is not served is a mistake in the test.
func (s *Server) tableOf(r Definer) *history.Table {
	return s.kindOf(r).Table
}
