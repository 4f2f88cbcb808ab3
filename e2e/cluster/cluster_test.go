package cluster_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sheaf-dev/sheaf/e2e/cluster"
	"github.com/sheaf-dev/sheaf/e2e/internal/port"
)

const configMaps = "/api/v1/namespaces/default/configmaps"

// object is what the tests read of any object.
type object struct {
	Kind     string
	Reason   string // of a Status
	Code     int    // of a Status
	Metadata struct {
		Name            string
		ResourceVersion string
	}
	Data map[string]string
}

// must does what is expected to succeed.
func must(t *testing.T, c *cluster.Cluster, method, target, body string) object {
	t.Helper()
	a, err := c.Do(t.Context(), method, target, body)
	if err != nil {
		t.Fatal(err)
	}
	var o object
	if err := a.Into(&o); err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	return o
}

func createConfigMap(t *testing.T, c *cluster.Cluster, name string) object {
	t.Helper()
	return must(t, c, "POST", configMaps, fmt.Sprintf(`{"metadata": {"name": %q}, "data": {"k": "v"}}`, name))
}

// decode reads the answer's JSON, whatever its code.
func decode(resp *http.Response, v any) error {
	defer resp.Body.Close()
	return json.NewDecoder(resp.Body).Decode(v)
}

// get is a GET by the client, decoded whatever the code.
func get(t *testing.T, client *http.Client, url string) (int, object) {
	t.Helper()
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	var o object
	if err := decode(resp, &o); err != nil {
		t.Fatalf("GET %s: %d: %v", url, resp.StatusCode, err)
	}
	return resp.StatusCode, o
}

// firstEvent opens a watch and returns its first event, or the error with which
// the server answered instead.
func firstEvent(t *testing.T, c *cluster.Cluster, target string) (kind string, o object) {
	t.Helper()
	resp, err := c.Client(cluster.Admin).Get(c.URL + target)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		if err := decode(resp, &o); err != nil {
			t.Fatal(err)
		}
		return "ERROR", o
	}
	var event struct {
		Type   string
		Object object
	}
	if err := decode(resp, &event); err != nil {
		t.Fatalf("GET %s: %v", target, err)
	}
	return event.Type, event.Object
}

func TestTheServerIsReadyAndStatesTheVersionThatIsRequired(t *testing.T) {
	version, err := server.KubeVersion(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile("../kube-apiserver/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(mod), "k8s.io/kubernetes "+version+"\n") {
		t.Errorf("the server is %s, not the version in go.mod", version)
	}
}

func TestAnObjectCanBeWrittenAndRead(t *testing.T) {
	made := createConfigMap(t, server, "written")
	read := must(t, server, "GET", configMaps+"/written", "")
	if read.Data["k"] != "v" || read.Metadata != made.Metadata {
		t.Errorf("read %+v after writing %+v", read, made)
	}
	patched := must(t, server, "PATCH", configMaps+"/written", `{"data": {"k": "w"}}`)
	if patched.Data["k"] != "w" || patched.Metadata.ResourceVersion == made.Metadata.ResourceVersion {
		t.Errorf("patched to %+v", patched)
	}
	must(t, server, "DELETE", configMaps+"/written", "")
	a, err := server.Do(t.Context(), "GET", configMaps+"/written", "")
	if err != nil || a.Code != http.StatusNotFound {
		t.Errorf("got %d, %v after the delete", a.Code, err)
	}
}

func TestARestartKeepsTheDataTheAddressAndTheCertificate(t *testing.T) {
	for _, manner := range []cluster.Manner{cluster.Gracefully, cluster.Abruptly} {
		name := fmt.Sprintf("kept-%d", manner)
		made := createConfigMap(t, server, name)
		url, ca := server.URL, string(server.CA)
		if err := server.StopAPIServer(manner); err != nil {
			t.Fatal(err)
		}
		if _, err := server.Do(t.Context(), "GET", "/readyz", ""); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("got %v from the stopped server", err)
		}
		if err := server.StartAPIServer(t.Context()); err != nil {
			t.Fatal(err)
		}
		if read := must(t, server, "GET", configMaps+"/"+name, ""); read.Metadata != made.Metadata {
			t.Errorf("read %+v after the restart, made %+v", read, made)
		}
		if server.URL != url || string(server.CA) != ca {
			t.Error("the restart changed the address or the certificate")
		}
	}
}

func TestARestartEndsAWatch(t *testing.T) {
	for _, manner := range []cluster.Manner{cluster.Gracefully, cluster.Abruptly} {
		resp, err := server.Client(cluster.Admin).Get(server.URL + configMaps + "?watch=1")
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() {
			defer resp.Body.Close()
			_, err := io.Copy(io.Discard, resp.Body)
			ended <- err
		}()
		start := time.Now()
		if err := server.StopAPIServer(manner); err != nil {
			t.Fatal(err)
		}
		t.Logf("stopped after %v", time.Since(start))
		if err := <-ended; (err == nil) != (manner == cluster.Gracefully) {
			t.Errorf("the watch of a server stopped in manner %d ended with %v", manner, err)
		}
		if err := server.StartAPIServer(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAWatchFromBeforeARestartIsExpired(t *testing.T) {
	old := createConfigMap(t, server, "before-restart").Metadata.ResourceVersion
	createConfigMap(t, server, "later")
	if kind, o := firstEvent(t, server, configMaps+"?watch=1&resourceVersion="+old); kind != "ADDED" || o.Metadata.Name != "later" {
		t.Fatalf("got %s %+v before the restart", kind, o)
	}
	if err := server.Restart(t.Context(), cluster.Gracefully); err != nil {
		t.Fatal(err)
	}
	if kind, o := firstEvent(t, server, configMaps+"?watch=1&resourceVersion="+old); kind != "ERROR" || o.Code != http.StatusGone {
		t.Errorf("got %s %+v after the restart; want 410", kind, o)
	}
}

func TestOptionsReachTheServer(t *testing.T) {
	c := cluster.ForTest(t, cluster.Options{
		APIServerFlags: []string{"--watch-cache=false"},
		AllAPIs:        true,
		Users:          []cluster.User{{Name: "reader", Groups: []string{"system:masters"}}},
	})

	t.Run("without a watch cache a compaction expires a watch of any resource", func(t *testing.T) {
		old := createConfigMap(t, c, "old").Metadata.ResourceVersion
		createConfigMap(t, c, "new")
		if _, err := c.Compact(t.Context()); err != nil {
			t.Fatal(err)
		}
		kind, o := firstEvent(t, c, configMaps+"?watch=1&resourceVersion="+old)
		if kind != "ERROR" || o.Code != http.StatusGone {
			t.Errorf("got %s %+v; want 410", kind, o)
		}
	})

	t.Run("all APIs serve more than the default ones", func(t *testing.T) {
		all, plain := groupVersions(t, c), groupVersions(t, server)
		if len(all) <= len(plain) {
			t.Errorf("%d group-versions with all APIs, %d without", len(all), len(plain))
		}
		for gv := range plain {
			if !all[gv] {
				t.Errorf("%s is not among all APIs", gv)
			}
		}
	})

	t.Run("a user of the options is known", func(t *testing.T) {
		u := cluster.User{Name: "reader"}
		if code, o := get(t, c.Client(u), c.URL+configMaps); code != http.StatusOK {
			t.Errorf("got %d %+v", code, o)
		}
	})
}

func groupVersions(t *testing.T, c *cluster.Cluster) map[string]bool {
	t.Helper()
	a, err := c.Do(t.Context(), "GET", "/apis", "")
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Groups []struct {
			Versions []struct{ GroupVersion string }
		}
	}
	if err := a.Into(&list); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, g := range list.Groups {
		for _, v := range g.Versions {
			found[v.GroupVersion] = true
		}
	}
	return found
}

func TestAServerThatCannotStartSaysWhy(t *testing.T) {
	dir := t.TempDir()
	_, err := cluster.Start(t.Context(), cluster.Options{
		Dir:            dir,
		APIServerFlags: []string{"--no-such-flag"},
	})
	if err == nil || !strings.Contains(err.Error(), "unknown flag: --no-such-flag") {
		t.Errorf("got %v; want the server's own words", err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Errorf("the caller's folder is gone: %v", err)
	}
}

func TestAServerThatIsNotReadyInTimeSaysSo(t *testing.T) {
	ports, err := port.Free(1)
	if err != nil {
		t.Fatal(err)
	}
	c, err := cluster.Start(t.Context(), cluster.Options{
		StartTimeout:   3 * time.Second,
		APIServerFlags: []string{fmt.Sprintf("--secure-port=%d", ports[0])}, // not where it is looked for
	})
	if err == nil {
		c.Stop()
		t.Fatal("started a server that cannot be reached")
	}
	for _, want := range []string{"kube-apiserver", "not ready after 3s", "connection refused", "end of "} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in: %v", want, err)
		}
	}
}
