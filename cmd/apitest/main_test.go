package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestItServesWhatItHasLoadedUntilItIsStopped(t *testing.T) {
	dir := t.TempDir()
	manifest := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: loaded}\n"
	if err := os.WriteFile(filepath.Join(dir, "a.yaml"), []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	kubeconfig := filepath.Join(dir, "kubeconfig")
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, []string{"-addr", "127.0.0.1:0", "-load", dir, "-kubeconfig", kubeconfig}, in)
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url := strings.TrimSpace(strings.TrimPrefix(line, "listening on "))
	resp, err := http.Get(url + "/api/v1/namespaces/default/configmaps/loaded")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	text, err := os.ReadFile(kubeconfig)
	if resp.StatusCode != http.StatusOK || err != nil || !strings.Contains(string(text), url) {
		t.Fatal(resp.Status, err, string(text))
	}
	http.DefaultClient.CloseIdleConnections()
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestBadArgumentsAreExplained(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "bad.yaml"), []byte("kind: Nothing\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		`unexpected argument "x"`:        {"x"},
		"bad.yaml":                       {"-load", dir},
		"no such file":                   {"-load", filepath.Join(dir, "none")},
		"listen on 300.0.0.1:1":          {"-addr", "300.0.0.1:1"},
		filepath.Join(dir, "none", "kc"): {"-addr", "127.0.0.1:0", "-kubeconfig", filepath.Join(dir, "none", "kc")},
	} {
		if err := run(t.Context(), args, io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v", args, err)
		}
	}
}
