package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/sheaf-dev/sheaf/examples/internal/cast"
	"github.com/sheaf-dev/sheaf/examples/internal/demo"
	"github.com/sheaf-dev/sheaf/examples/internal/run"
	"github.com/sheaf-dev/sheaf/rest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// signal is a writer that says when something has been written.
type signal struct {
	once    sync.Once
	written chan struct{}
}

func (s *signal) Write(b []byte) (int, error) {
	s.once.Do(func() { close(s.written) })
	return len(b), nil
}

func read(t *testing.T, url string) (status int, body string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func TestALeaderServesMetricsAndHealthAndStopsCleanly(t *testing.T) {
	config, end, err := demo.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	worked := &signal{written: make(chan struct{})}
	ended := make(chan error, 1)
	go func() {
		example := func(ctx context.Context, config *rest.Config, out io.Writer) error {
			return until(ctx, operate(ctx, config, prometheus.NewRegistry(), listener, watcher(out)))
		}
		ended <- run.On(ctx, config, worked, example, run.Others{Meanwhile: cast.Pods})
	}()
	select {
	case <-worked.written:
	case err := <-ended:
		t.Fatalf("it ended: %v", err)
	}
	base := "http://" + listener.Addr().String()
	for _, path := range []string{"/healthz", "/readyz"} {
		if status, body := read(t, base+path); status != http.StatusOK {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	_, body := read(t, base+"/metrics")
	for _, line := range []string{
		`leader_election_master_status{name="pods"} 1`, `workqueue_depth{name="pods"}`, `rest_client_requests_total{`,
		`sheaf_informer_unsynced{resource="pods/v1"} 0`, `sheaf_handler_lag_seconds{handler="controller pods",resource="pods/v1"}`,
	} {
		if !strings.Contains(body, line) {
			t.Errorf("no %s in\n%s", line, body)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := end(); err != nil {
		t.Error(err)
	}
}

func TestTheReadmeShowsOperate(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("operate.go")
	if err != nil {
		t.Fatal(err)
	}
	_, program, _ := strings.Cut(string(source), "\nfunc operate")
	program = "func operate" + program
	if lines := strings.Count(program, "\n"); lines > 42 {
		t.Errorf("it has %d lines", lines)
	}
	if !strings.Contains(string(readme), "```go\n"+program+"```") {
		t.Errorf("README.md does not have operate as it stands here:\n%s", program)
	}
}
