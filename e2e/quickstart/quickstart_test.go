// Package quickstart_test runs the program examples/quickstart against a real API server and reads what it did with plain HTTP.
package quickstart_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sheaf-dev/sheaf/e2e/cluster"
)

var server *cluster.Cluster

func TestMain(m *testing.M) {
	os.Exit(cluster.Main(m, cluster.Options{}, &server, func() error { return goleak.Find() }))
}

// build makes the program, with the race detector.
func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "quickstart")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-race", "-o", program, "./examples/quickstart")
	cmd.Dir = filepath.Join("..", "..") // it belongs to the library's module, with what that requires
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build quickstart: %v\n%s", err, out)
	}
	return program
}

// kubeconfig writes a kubeconfig of the user for the server at url.
func kubeconfig(t *testing.T, url string, u cluster.User) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(file, server.Kubeconfig(url, u), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// run runs the program to its end.
func run(t *testing.T, program string, args ...string) (output string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	// Nothing of the machine's own configuration may play a part.
	cmd.Env = []string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// do sends a request as the admin, past the library.
func do(t *testing.T, method, target, body string, into any) {
	t.Helper()
	answer, err := server.Do(t.Context(), method, target, body)
	if err != nil {
		t.Fatal(err)
	}
	if into == nil {
		into = &struct{}{}
	}
	if err := answer.Into(into); err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
}

const ns = "/api/v1/namespaces/shop"

func createDeployment(t *testing.T, name string) {
	t.Helper()
	do(t, "POST", "/apis/apps/v1/namespaces/shop/deployments", fmt.Sprintf(`{"metadata": {"name": %[1]q}, "spec": {"replicas": 2,
		"selector": {"matchLabels": {"app": %[1]q}}, "template": {"metadata": {"labels": {"app": %[1]q}},
		"spec": {"containers": [{"name": "app", "image": "registry.local/%[1]s:v1"}]}}}}`, name), nil)
}

// createPod plays the controllers that make a Deployment's pods: through a ReplicaSet with the hash of the template in its name.
func createPod(t *testing.T, app, name, node string, ready bool) {
	t.Helper()
	do(t, "POST", ns+"/pods", fmt.Sprintf(`{"metadata": {"name": %q, "labels": {"app": %q, "pod-template-hash": "5d8f"}, "ownerReferences": [
		{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "%[2]s-5d8f", "uid": "replicas-of-%[2]s", "controller": true}]},
		"spec": {"nodeName": %[3]q, "automountServiceAccountToken": false,
		"containers": [{"name": "app", "image": "registry.local/%[2]s:v1"}]}}`, name, app, node), nil)
	setReady(t, name, ready)
}

func setReady(t *testing.T, pod string, ready bool) {
	t.Helper()
	status := map[bool]string{true: "True", false: "False"}[ready]
	do(t, "PATCH", ns+"/pods/"+pod+"/status", fmt.Sprintf(`{"status": {"phase": "Running", "conditions": [
		{"type": "Ready", "status": %q, "lastTransitionTime": %q}]}}`, status, time.Now().UTC().Format(time.RFC3339)), nil)
}

type configMapList struct {
	Items []struct {
		Metadata struct {
			Name            string
			OwnerReferences []struct{ Kind, Name, UID string }
		}
		Data map[string]string
	}
}

// summaries are the ConfigMaps of the program on the server, by name.
func summaries(t *testing.T) map[string]map[string]string {
	t.Helper()
	var list configMapList
	do(t, "GET", ns+"/configmaps?labelSelector=app.kubernetes.io/managed-by=sheaf-quickstart", "", &list)
	found := map[string]map[string]string{}
	for _, cm := range list.Items {
		found[cm.Metadata.Name] = cm.Data
		if len(cm.Metadata.OwnerReferences) != 1 || cm.Metadata.OwnerReferences[0].Kind != "Deployment" {
			t.Errorf("%s is owned by %v", cm.Metadata.Name, cm.Metadata.OwnerReferences)
		}
	}
	return found
}

// eventually waits for a state of the server that comes soon.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatalf("it did not come to pass that %s", what)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func TestTheProgramKeepsSummariesAndEndsWhenItIsInterrupted(t *testing.T) {
	program := build(t)
	do(t, "POST", "/api/v1/namespaces", `{"metadata": {"name": "shop"}}`, nil)
	createDeployment(t, "web")
	createPod(t, "web", "web-1", "node-a", true)
	createPod(t, "web", "web-2", "node-b", false)
	do(t, "POST", ns+"/configmaps", `{"metadata": {"name": "theirs"}, "data": {"k": "v"}}`, nil)
	do(t, "POST", ns+"/configmaps", `{"metadata": {"name": "taken-summary"}, "data": {"k": "v"}}`, nil)

	var out bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, "-kubeconfig", kubeconfig(t, server.URL, cluster.Admin), "-namespace", "shop")
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "web has a summary", func() bool { return summaries(t)["web-summary"]["pods"] == "1 ready of 2" })
	if got := summaries(t)["web-summary"]; got["readyByNode"] != "node-a: 1\n" || got["readyByImage"] != "registry.local/web:v1: 1\n" {
		t.Errorf("the summary is %v", got)
	}

	setReady(t, "web-2", true)
	eventually(t, "web-2 is counted", func() bool { return summaries(t)["web-summary"]["readyByNode"] == "node-a: 1\nnode-b: 1\n" })
	do(t, "PATCH", ns+"/configmaps/web-summary", `{"data": {"pods": "nonsense"}}`, nil)
	eventually(t, "a defaced summary is mended", func() bool { return summaries(t)["web-summary"]["pods"] == "2 ready of 2" })
	do(t, "DELETE", ns+"/configmaps/web-summary", "", nil)
	eventually(t, "a deleted summary is back", func() bool { return summaries(t)["web-summary"]["pods"] == "2 ready of 2" })
	do(t, "DELETE", ns+"/pods/web-1?gracePeriodSeconds=0", "", nil)
	eventually(t, "web-1 is no longer counted", func() bool { return summaries(t)["web-summary"]["pods"] == "1 ready of 1" })
	createDeployment(t, "api")
	eventually(t, "api has a summary", func() bool { return summaries(t)["api-summary"]["pods"] == "0 ready of 0" })
	do(t, "DELETE", "/apis/apps/v1/namespaces/shop/deployments/web?propagationPolicy=Orphan", "", nil)
	do(t, "DELETE", "/apis/apps/v1/namespaces/shop/deployments/api?propagationPolicy=Background", "", nil)
	removeFinalizers(t, "web")
	eventually(t, "summaries go with their Deployments", func() bool { return len(summaries(t)) == 0 })

	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the program ended with %v:\n%s", err, out.String())
	}
	if want := "0 Deployments on the server, 0 ConfigMaps equal to what it holds, 0 differ"; !strings.Contains(out.String(), want) {
		t.Errorf("the program did not say %q:\n%s", want, out.String())
	}
	var theirs struct{ Data map[string]string }
	for _, name := range []string{"theirs", "taken-summary"} {
		if do(t, "GET", ns+"/configmaps/"+name, "", &theirs); theirs.Data["k"] != "v" {
			t.Errorf("%s was changed: %v", name, theirs.Data)
		}
	}
}

// removeFinalizers does what the garbage collector would, which does not run here.
func removeFinalizers(t *testing.T, deployment string) {
	t.Helper()
	do(t, "PATCH", "/apis/apps/v1/namespaces/shop/deployments/"+deployment, `{"metadata": {"finalizers": null}}`, nil)
}

func TestEveryWrongConnectionEndsTheProgramWithOneSentence(t *testing.T) {
	program := build(t)
	malformed := filepath.Join(t.TempDir(), "malformed")
	if err := os.WriteFile(malformed, []byte("clusters: {{"), 0o600); err != nil {
		t.Fatal(err)
	}
	good := kubeconfig(t, server.URL, cluster.Admin)
	stranger := strings.Replace(string(server.Kubeconfig(server.URL, cluster.Admin)), server.Token(cluster.Admin), "wrong-token", 1)
	strangers := filepath.Join(t.TempDir(), "stranger")
	if err := os.WriteFile(strangers, []byte(stranger), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		args []string
		says []string
	}{
		"a missing kubeconfig":        {[]string{"-kubeconfig", "/does/not/exist"}, []string{"/does/not/exist", "no such file"}},
		"a malformed kubeconfig":      {[]string{"-kubeconfig", malformed}, []string{malformed, "malformed"}},
		"an unknown context":          {[]string{"-kubeconfig", good, "-context", "elsewhere"}, []string{good, `"elsewhere"`}},
		"a server that is not there":  {[]string{"-kubeconfig", kubeconfig(t, "https://127.0.0.1:1", cluster.Admin)}, []string{"https://127.0.0.1:1", "refused"}},
		"a certificate of nobody":     {[]string{"-kubeconfig", untrusting(t, good)}, []string{server.URL, "certificate"}},
		"a wrong token (401)":         {[]string{"-kubeconfig", strangers}, []string{server.URL, "Unauthorized"}},
		"a missing permission (403)":  {[]string{"-kubeconfig", kubeconfig(t, server.URL, cluster.Guest)}, []string{server.URL, "guest", "cannot list"}},
		"a flag that is not a number": {[]string{"-pods", "many"}, []string{"many", "-pods"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			out, code := run(t, program, test.args...)
			if code == 0 {
				t.Errorf("the program ended well")
			}
			sentence, _, _ := strings.Cut(out, "\n")
			for _, part := range test.says {
				if !strings.Contains(sentence, part) {
					t.Errorf("%q is not in what it said:\n%s", part, out)
				}
			}
			if strings.Contains(out, server.Token(cluster.Admin)) || strings.Contains(out, "wrong-token") {
				t.Errorf("it told a secret:\n%s", out)
			}
		})
	}
}

// untrusting is a kubeconfig without the authority that signed the server's certificate.
func untrusting(t *testing.T, good string) string {
	t.Helper()
	data, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	for line := range strings.Lines(string(data)) {
		if !strings.Contains(line, "certificate-authority-data") {
			kept = append(kept, line)
		}
	}
	file := filepath.Join(t.TempDir(), "untrusting")
	if err := os.WriteFile(file, []byte(strings.Join(kept, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
