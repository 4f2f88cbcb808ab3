package informers_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/e2e/cluster"
	corev1resources "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// within bounds every wait on the server; it is many times what one takes.
const within = time.Minute

// A wiretap remembers the requests of a client.
type wiretap struct {
	next http.RoundTripper
	mu   sync.Mutex // owns seen
	seen []seen
}

type seen struct {
	path        string
	query       url.Values
	contentType string // of the answer
	watch       bool
}

func (w *wiretap) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := w.next.RoundTrip(r)
	s := seen{path: r.URL.Path, query: r.URL.Query(), watch: r.URL.Query().Get("watch") != ""}
	if err == nil {
		s.contentType = answer.Header.Get("Content-Type")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, s)
	return answer, err
}

// lists are the lists of a path since the wiretap was made or last cleared; watches likewise. A watch that asks for the initial state
// counts as both.
func (w *wiretap) lists(path string) (lists []seen) {
	return w.of(path, func(s seen) bool { return !s.watch || s.query.Get("sendInitialEvents") != "" })
}

func (w *wiretap) watches(path string) (watches []seen) {
	return w.of(path, func(s seen) bool { return s.watch })
}

func (w *wiretap) of(path string, keep func(seen) bool) (kept []seen) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.seen {
		if s.path == path && keep(s) {
			kept = append(kept, s)
		}
	}
	return kept
}

func (w *wiretap) clear() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = nil
}

// connect makes a client of a cluster as its admin, whose requests are seen by the wiretap.
func connect(t *testing.T, c *cluster.Cluster, change ...func(*rest.Config)) (*rest.Client, *wiretap) {
	t.Helper()
	tap := &wiretap{}
	config := &rest.Config{
		Host:        c.URL,
		TLS:         rest.TLSConfig{CAData: c.CA},
		BearerToken: c.Token(cluster.Admin),
		WrapTransport: func(next http.RoundTripper) http.RoundTripper {
			tap.next = next
			return tap
		},
	}
	for _, f := range change {
		f(config)
	}
	client, err := rest.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdle)
	return client, tap
}

// namespace creates a namespace of the test's own.
func namespace(t *testing.T, client *rest.Client) string {
	t.Helper()
	ns, err := typed.For(client, corev1resources.Namespaces).Create(t.Context(), &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "informers-"},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return ns.Name
}

func configMap(name, value string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: map[string]string{"value": value}}
}

// write creates ConfigMaps named prefix-0, prefix-1, …
func write(t *testing.T, client typed.Client[*corev1.ConfigMap], prefix string, n int) (written []*corev1.ConfigMap) {
	t.Helper()
	for i := range n {
		cm, err := client.Create(t.Context(), configMap(fmt.Sprintf("%s-%d", prefix, i), "first"), metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		written = append(written, cm)
	}
	return written
}

func update(t *testing.T, client typed.Client[*corev1.ConfigMap], cm *corev1.ConfigMap, value string) *corev1.ConfigMap {
	t.Helper()
	cm.Data = map[string]string{"value": value}
	updated, err := client.Update(t.Context(), cm, metav1.UpdateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return updated
}

func remove(t *testing.T, client typed.Client[*corev1.ConfigMap], names ...string) {
	t.Helper()
	for _, name := range names {
		if err := client.Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}

// A log has what a handler saw, a line each, and can be waited for.
type log struct {
	mu    sync.Mutex // owns lines and grown
	lines []string
	grown chan struct{}
}

func newLog() *log { return &log{grown: make(chan struct{})} }

func (l *log) add(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, fmt.Sprintf(format, args...))
	close(l.grown)
	l.grown = make(chan struct{})
}

func (l *log) snapshot() ([]string, chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.lines...), l.grown
}

// wait waits until the log is as wanted.
func (l *log) wait(t *testing.T, what string, done func(lines []string) bool) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	for {
		lines, grown := l.snapshot()
		if done(lines) {
			return lines
		}
		select {
		case <-grown:
		case <-ctx.Done():
			t.Fatalf("waiting for %s; the handler saw:\n%s", what, strings.Join(lines, "\n"))
		}
	}
}
