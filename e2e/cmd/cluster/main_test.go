package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/sheaf-dev/sheaf/e2e/cluster"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

func TestTheServerRunsUntilItIsInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	in, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, out, cluster.Options{}, kubeconfig)
		out.CloseWithError(err)
		ended <- err
	}()
	lines := bufio.NewScanner(in)
	var address string
	for lines.Scan() {
		if _, after, ok := strings.Cut(lines.Text(), "serves at "); ok {
			address, _, _ = strings.Cut(after, ",")
		}
		if lines.Text() == "export KUBECONFIG="+kubeconfig {
			break
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(kubeconfig); err != nil || !strings.Contains(string(b), address) {
		t.Errorf("no %s in the kubeconfig (%v):\n%s", address, err, b)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := net.Dial("tcp", u.Host); err != nil {
		t.Error(err)
	} else {
		c.Close()
	}

	interrupt()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if c, err := net.Dial("tcp", u.Host); err == nil {
		c.Close()
		t.Error("the server runs on")
	}
}
