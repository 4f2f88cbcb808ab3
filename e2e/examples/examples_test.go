// Package examples_test runs the programs in examples against a real API server. The one that is left out, quickstart, has a package of its own.
package examples_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sheaf-dev/sheaf/e2e/cluster"
)

var (
	server   *cluster.Cluster
	programs string // the folder of the built examples
)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "examples")
	if err == nil {
		programs = dir
		build := exec.Command("go", "build", "-o", dir, "./examples/...")
		build.Dir = filepath.Join("..", "..") // they belong to the library's module, with what that requires
		build.Stdout, build.Stderr = os.Stderr, os.Stderr
		err = build.Run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := cluster.Main(m, cluster.Options{}, &server, func() error { return goleak.Find() })
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// command is an example that works on the server as its administrator.
func command(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(file, server.Kubeconfig(server.URL, cluster.Admin), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(programs, name), append([]string{"-kubeconfig", file}, args...)...)
	// Nothing of the machine's own configuration may play a part.
	cmd.Env = []string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}
	return cmd
}

// run runs an example to its end and returns what it printed.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := command(t, name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

// want fails the test unless the lines are in the output, in this order.
func want(t *testing.T, output string, lines ...string) {
	t.Helper()
	rest := output
	for _, line := range lines {
		i := strings.Index(rest, line)
		if i < 0 {
			t.Fatalf("%q is missing, or out of order, in:\n%s", line, output)
		}
		rest = rest[i+len(line):]
	}
}

func do(t *testing.T, method, target, body string) {
	t.Helper()
	if err := try(t.Context(), method, target, body); err != nil {
		t.Fatal(err)
	}
}

func try(ctx context.Context, method, target, body string) error {
	answer, err := server.Do(ctx, method, target, body)
	if err == nil && answer.Code >= 300 {
		err = fmt.Errorf("%s %s: %d %s", method, target, answer.Code, answer.Body)
	}
	return err
}

const container = `"containers":[{"name":"main","image":"example.com/web:1"}]`

func TestProgramsThatOnlyLookWorkOnACluster(t *testing.T) {
	do(t, "POST", "/api/v1/namespaces/default/pods", `{"metadata":{"name":"web-0"},"spec":{"nodeName":"node-0",`+container+`}}`)
	do(t, "POST", "/apis/apps/v1/namespaces/default/deployments", `{"metadata":{"name":"web"},"spec":{"replicas":2,"selector":{"matchLabels":{"app":"web"}},
		"template":{"metadata":{"labels":{"app":"web"}},"spec":{`+container+`}}}}`)

	want(t, run(t, "countpods", "-for", "3s"), "1 pods in the cluster", `default/web-0 is on node "node-0"`)
	want(t, run(t, "nodepods", "-for", "2s"), "node-0 should run 1 pods: default/web-0 (Pending)")
	out := run(t, "deployments", "-for", "2s")
	want(t, out, "default/web is there, 0 of 2 ready")
	want(t, out, "synced: 1 Deployments, 1 of them run example.com/web:1", "over: 1 Deployments")
	want(t, run(t, "dynamicinformer", "-for", "2s", "-resource", "deploy"), "following deployments.apps/v1, namespaced", "default/web: map[", "over: 1 objects")
	for _, client := range []string{"REST client", "typed client", "clientset", "dynamic client"} {
		want(t, run(t, "clients"), client+": 1 Deployments", "default/web")
	}
	want(t, run(t, "discover"), "deployments", "deploy", "apiextensions.k8s.io", "asked the server with 2 requests", "with 0 requests", "deploy means deployments of apps/v1")
	want(t, run(t, "list"), "default", "web-0", "Pending")
}

func TestReplicasShareTheObjectsOfACluster(t *testing.T) {
	do(t, "POST", "/api/v1/namespaces/default/configmaps", `{"metadata":{"name":"shared"}}`)
	want(t, run(t, "sharded"), "anna comes", "was elected to report", "cleo comes", "anna leaves", "ben loses its connection",
		"cleo reports 1 replica:\n    cleo   0 1 2 3 4 5 6 7", "ben has its connection again", "over: ", "0 times two replicas worked on one")
}

func TestTheTourOfObjectsWorksOnACluster(t *testing.T) {
	out := run(t, "objects")
	want(t, out, "4 in all, read two a page", "is a conflict: true", "map[color:red shade:darker]", "bob may not set .data.b: it belongs to alice",
		"what alice no longer applies is gone: map[b:3]", "says not found: true", "is invalid: true", "deleted the collection: 0 are left",
		"the watch has seen 5 come, 8 change and 5 go")
}

// output is what a running program prints.
type output struct {
	mu   sync.Mutex // owns text
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

// shows waits until the program has printed a text.
func (o *output) shows(t *testing.T, text string) {
	t.Helper()
	cluster.Eventually(t, time.Minute, "what the program shows", func() error {
		o.mu.Lock()
		defer o.mu.Unlock()
		if !strings.Contains(o.text.String(), text) {
			return fmt.Errorf("%q is missing in:\n%s", text, o.text.String())
		}
		return nil
	})
}

// start runs an example until the test ends, and interrupts it then.
func start(t *testing.T, name string) *output {
	t.Helper()
	cmd, out := command(t, name), &output{}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("interrupted, %s ended with %v", name, err)
		}
	})
	return out
}

func TestAControllerInProductionLeadsOnACluster(t *testing.T) {
	do(t, "POST", "/api/v1/namespaces/default/pods", `{"metadata":{"name":"shop-0"},"spec":{`+container+`}}`)
	out := start(t, "production")
	out.shows(t, "metrics on http://127.0.0.1:")
	out.shows(t, "default/shop-0 is Pending")
	do(t, "DELETE", "/api/v1/namespaces/default/pods/shop-0", "")
	out.shows(t, "default/shop-0 is gone")
}

func TestTheControllerOfSitesWorksOnACluster(t *testing.T) {
	out := start(t, "sites")
	out.shows(t, "the server serves sites")

	const sites, deployment = "/apis/example.sheaf.dev/v1/namespaces/default/sites", "/apis/apps/v1/namespaces/default/deployments/site-blog"
	do(t, "POST", sites, `{"apiVersion":"example.sheaf.dev/v1","kind":"Site","metadata":{"name":"blog"},"spec":{"image":"example.com/blog","replicas":2}}`)
	out.shows(t, "default/blog: 0 of 2 ready, Progressing")
	do(t, "PATCH", deployment+"/status", `{"status":{"replicas":2,"readyReplicas":2}}`)
	out.shows(t, "default/blog: 2 of 2 ready, Ready")
	do(t, "PATCH", sites+"/blog", `{"spec":{"replicas":0}}`)
	do(t, "PATCH", deployment+"/status", `{"status":{"replicas":0,"readyReplicas":0}}`)
	out.shows(t, "default/blog: 0 of 0 ready, Off")

	var object struct {
		Metadata struct{ OwnerReferences []struct{ Kind, Name string } }
		Spec     struct{ Replicas *int }
	}
	answer, err := server.Do(t.Context(), "GET", deployment, "")
	if err == nil {
		err = answer.Into(&object)
	}
	if owners := object.Metadata.OwnerReferences; err != nil || object.Spec.Replicas == nil || *object.Spec.Replicas != 0 || len(owners) != 1 || owners[0].Name != "blog" {
		t.Errorf("have %+v, %v", object, err)
	}
	want(t, run(t, "dynamicinformer", "-for", "2s"), "default/blog: map[image:example.com/blog replicas:0]", "over: 1 objects")
	do(t, "DELETE", sites+"/blog", "")
	out.shows(t, "default/blog is gone")
}

func TestWhatCannotWorkIsOneSentence(t *testing.T) {
	out, err := command(t, "dynamicinformer", "-resource", "gizmos").CombinedOutput()
	if err == nil || !strings.HasPrefix(string(out), `dynamicinformer: find the resource "gizmos": no matches for`) || strings.Count(string(out), "\n") != 1 {
		t.Errorf("have %v: %s", err, out)
	}
}
