//go:build unix

package rest

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// script writes an executable shell script, and returns its path. Each run adds a line to the file named runs beside it.
func script(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "plugin")
	content := "#!/bin/sh\necho run >> '" + filepath.Join(filepath.Dir(path), "runs") + "'\n" + body + "\n"
	if err := os.WriteFile(path, []byte(content), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// runs is how often a script was run.
func runs(t *testing.T, path string) int {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(filepath.Dir(path), "runs"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return strings.Count(string(data), "run")
}

// issue is a script that prints a status.
func issue(status string) string {
	return "cat <<'END'\n" + `{"apiVersion":"` + execV1 + `","kind":"ExecCredential","status":` + status + `}` + "\nEND"
}

func plugin(command string) *ExecConfig {
	return &ExecConfig{Command: command, APIVersion: execV1, InteractiveMode: interactiveNever}
}

// authorized is a server that answers 401 to every token but the present one.
type authorized struct {
	mu    sync.Mutex
	token string
	seen  []string
}

func (a *authorized) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen = append(a.seen, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	if a.seen[len(a.seen)-1] != a.token {
		refuse(apierrors.NewUnauthorized("Unauthorized"))(w, r)
	}
}

func (a *authorized) set(token string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.token, a.seen = token, nil
}

// withPlugin starts the server, and returns a client with the plugin.
func withPlugin(t *testing.T, a *authorized, e *ExecConfig, change ...func(*Config)) *Client {
	t.Helper()
	config := secure(t, a.ServeHTTP)
	config.Exec = e
	for _, f := range change {
		f(config)
	}
	return newTestClient(t, config)
}

func TestAPluginIsRunOnceForManyRequests(t *testing.T) {
	path, a := script(t, issue(`{"token":"one"}`)), &authorized{token: "one"}
	var hooked []string
	client := withPlugin(t, a, plugin(path), func(c *Config) {
		c.Hooks.Exec = func(_ context.Context, command string, d time.Duration, err error) {
			hooked = append(hooked, fmt.Sprint(command, d > 0, err))
		}
	})
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if err := get(t, client); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := runs(t, path); n != 1 || len(hooked) != 1 || hooked[0] != path+"true <nil>" {
		t.Errorf("%d runs, hooked %q", n, hooked)
	}
}

func TestAPluginIsRunAgainWhenItsTokenIsRejected(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "token"), "one")
	path := script(t, `printf '{"apiVersion":"`+execV1+`","kind":"ExecCredential","status":{"token":"%s"}}' "$(cat '`+dir+`/token')"`)
	a := &authorized{token: "one"}
	client := withPlugin(t, a, plugin(path))
	if err := get(t, client); err != nil {
		t.Fatal(err)
	}
	a.set("two")
	writeFile(t, filepath.Join(dir, "token"), "two")
	if err := get(t, client); err != nil || runs(t, path) != 2 || !reflect.DeepEqual(a.seen, []string{"one", "two"}) {
		t.Errorf("got %v after %d runs with %q", err, runs(t, path), a.seen)
	}
	a.set("three")
	if err := get(t, client); !apierrors.IsUnauthorized(err) || runs(t, path) != 3 || len(a.seen) != 2 {
		t.Errorf("got %v after %d runs with %q: one more run, and one more try", err, runs(t, path), a.seen)
	}
}

func TestAnExpiredTokenIsReplacedBeforeItIsSent(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	at := func(expires time.Duration) credential {
		return credential{generation: 1, issued: now, expires: now.Add(expires)}
	}
	for _, tt := range []struct {
		name string
		c    credential
		age  time.Duration
		want bool
	}{
		{"none", credential{}, 0, false},
		{"without end", credential{generation: 1}, 1000 * time.Hour, true},
		{"with an hour to live", at(time.Hour), 59 * time.Minute, true},
		{"about to end", at(time.Hour), time.Hour - 9*time.Second, false},
		{"at its end", at(time.Hour), time.Hour, false},
		{"with a short life", at(10 * time.Second), 8 * time.Second, true},
		{"late in a short life", at(10 * time.Second), 9*time.Second + 500*time.Millisecond, false},
		{"expired when it was issued", at(-time.Second), 0, false},
	} {
		if got := tt.c.fresh(now.Add(tt.age)); got != tt.want {
			t.Errorf("a credential %s is fresh: %v", tt.name, got)
		}
	}
	path, a := script(t, issue(`{"token":"one","expirationTimestamp":"2020-01-01T00:00:00Z"}`)), &authorized{token: "one"}
	client := withPlugin(t, a, plugin(path))
	for range 3 {
		if err := get(t, client); err != nil {
			t.Error(err)
		}
	}
	if n := runs(t, path); n < 3 {
		t.Errorf("%d runs for 3 requests with a token that has always expired", n)
	}
}

func TestAPluginLearnsAboutTheClusterButNoCredentials(t *testing.T) {
	out := filepath.Join(t.TempDir(), "info")
	path := script(t, `printf '%s' "$KUBERNETES_EXEC_INFO" > '`+out+`'; echo "$EXTRA $1" >> '`+out+`'`+"\n"+issue(`{"token":"one"}`))
	e := plugin(path)
	e.Args, e.Env = []string{"argument"}, []ExecEnv{{"EXTRA", "extra"}}
	e.ProvideClusterInfo, e.Extension = true, json.RawMessage(`{"audience":"shop"}`)
	var host string
	var authorities []byte
	client := withPlugin(t, &authorized{token: "one"}, e, func(c *Config) {
		c.TLS.ServerName, c.DisableCompression = "example.com", true
		c.Impersonate.UserName = secret
		host, authorities = c.Host, c.TLS.CAData
	})
	if err := get(t, client); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	info, rest, _ := strings.Cut(string(data), "extra argument\n")
	var got, want any
	if err := json.Unmarshal([]byte(info), &got); err != nil || rest != "" {
		t.Fatalf("%v in %s", err, data)
	}
	encoded, err := json.Marshal(authorities)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(`{"apiVersion":"`+execV1+`","kind":"ExecCredential","spec":{"interactive":false,"cluster":{"server":"`+host+`",
		"tls-server-name":"example.com","disable-compression":true,"certificate-authority-data":`+string(encoded)+`,"config":{"audience":"shop"}}}}`), &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) || strings.Contains(info, secret) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

func TestAPluginMaySpeakTheOlderVersionWhichNeedsNoInteractiveMode(t *testing.T) {
	path := script(t, `case "$KUBERNETES_EXEC_INFO" in *client.authentication.k8s.io/v1beta1*) ;; *) exit 1;; esac
echo '{"apiVersion":"`+execV1beta1+`","kind":"ExecCredential","status":{"token":"one"}}'`)
	if err := get(t, withPlugin(t, &authorized{token: "one"}, &ExecConfig{Command: path, APIVersion: execV1beta1})); err != nil {
		t.Error(err)
	}
}

func TestWhatGoesWrongWithAPluginIsOneSentenceWithoutItsOutput(t *testing.T) {
	other := newAuthority(t, "other")
	cert, _ := other.issue(t, "a")
	_, key := other.issue(t, "b")
	pair, err := json.Marshal(map[string]string{"clientCertificateData": string(cert), "clientKeyData": string(key)})
	if err != nil {
		t.Fatal(err)
	}
	missing := plugin("/nowhere/plugin")
	missing.InstallHint = "get it\n  from the shelf"
	slow := plugin(script(t, "exec sleep 1000"))
	slow.Timeout = 50 * time.Millisecond
	always := plugin(script(t, issue(`{"token":"one"}`)))
	always.InteractiveMode, always.StdinUnavailable = interactiveAlways, "it is in use"
	for want, e := range map[string]*ExecConfig{
		"it is not installed: fork/exec /nowhere/plugin: no such file or directory: get it from the shelf": missing,
		`it is not installed: exec: "no-such-plugin"`:                                                      plugin("no-such-plugin"),
		"it failed: exit status 3":                                       plugin(script(t, "echo "+secret+"; exit 3")),
		"it failed: signal: killed":                                      plugin(script(t, "kill -9 $$")),
		"it printed nothing within 50ms and was ended":                   slow,
		"no ExecCredential in JSON":                                      plugin(script(t, "echo "+secret)),
		`not an "ExecCredential" of`:                                     plugin(script(t, `echo '{"kind":"ExecCredential","apiVersion":"`+execV1beta1+`","status":{"token":"hunter2"}}'`)),
		"has no status":                                                  plugin(script(t, `echo '{"kind":"ExecCredential","apiVersion":"`+execV1+`"}'`)),
		"neither a token nor a certificate":                              plugin(script(t, issue(`{}`))),
		"only one of certificate and key":                                plugin(script(t, issue(`{"clientKeyData":"hunter2"}`))),
		"holds a line break":                                             plugin(script(t, issue(`{"token":"hunter2\n"}`))),
		"the certificate and key that it printed: tls: private key does": plugin(script(t, issue(string(pair)))),
		"it printed more than 1048576 bytes":                             plugin(script(t, "head -c 2000000 /dev/zero")),
		"it needs standard input, which is not available: it is in use":  always,
	} {
		err := get(t, withPlugin(t, &authorized{token: "one"}, e))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), fmt.Sprintf("/x: credential plugin %q: ", e.Command)) {
			t.Errorf("got %v\nwant %s", err, want)
		}
		if err != nil && (strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("one line without secrets: %q", err)
		}
	}
	for want, e := range map[string]*ExecConfig{
		"has no command":                      {APIVersion: execV1},
		"has no apiVersion":                   {Command: "x"},
		"has no interactiveMode":              {Command: "x", APIVersion: execV1},
		`has the interactiveMode "Sometimes"`: {Command: "x", APIVersion: execV1, InteractiveMode: "Sometimes"},
		"v1alpha1":                            {Command: "x", APIVersion: "client.authentication.k8s.io/v1alpha1"},
		"negative time-out":                   {Command: "x", APIVersion: execV1beta1, Timeout: -1},
	} {
		if _, err := NewClient(&Config{Host: "x", Exec: e}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestARequestThatGoesAwayDoesNotTakeThePluginWithIt(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	mkfifo(t, fifo)
	path, a := script(t, "read line < '"+fifo+"'\n"+issue(`{"token":"one"}`)), &authorized{token: "one"}
	client := withPlugin(t, a, plugin(path))
	impatient, leave := context.WithCancelCause(t.Context())
	gone, done := make(chan error, 1), make(chan error, 1)
	go func() { gone <- client.Get().AbsPath("x").Do(impatient).Error() }()
	open, err := os.OpenFile(fifo, os.O_WRONLY, 0) // waits for the plugin to read
	if err != nil {
		t.Fatal(err)
	}
	go func() { done <- get(t, client) }()
	waitForWaiters(client, 2)
	leave(errors.New("no patience"))
	if err := <-gone; err == nil || !strings.Contains(err.Error(), "no patience") {
		t.Errorf("got %v", err)
	}
	if _, err := open.WriteString("go\n"); err != nil {
		t.Error(err)
	}
	open.Close()
	if err := <-done; err != nil || runs(t, path) != 1 {
		t.Errorf("got %v after %d runs", err, runs(t, path))
	}
}

// waitForWaiters returns when so many requests wait for the plugin.
func waitForWaiters(c *Client, n int) {
	p := c.shared.http.Transport.(*layers).bottom.(*connections).plugin
	for {
		p.runs.mu.Lock()
		waiting := p.runs.running != nil && p.runs.running.waiters == n
		p.runs.mu.Unlock()
		if waiting {
			return
		}
		runtime.Gosched()
	}
}

func TestAPluginIsEndedWhenNobodyWaitsForIt(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	mkfifo(t, fifo)
	path := script(t, "exec cat '"+fifo+"'")
	client := withPlugin(t, &authorized{token: "one"}, plugin(path))
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() { gone <- client.Get().AbsPath("x").Do(ctx).Error() }()
	open, err := os.OpenFile(fifo, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	// The reader is gone soon: then writing fails.
	for err == nil {
		_, err = open.WriteString("x")
	}
}

func TestAPluginMayIssueCertificates(t *testing.T) {
	authority := newAuthority(t, "clients")
	dir := t.TempDir()
	renew := func(name string) {
		cert, key := authority.issue(t, name)
		data, err := json.Marshal(execCredential{APIVersion: execV1, Kind: "ExecCredential", Status: &execStatus{ClientCertificateData: string(cert), ClientKeyData: string(key)}})
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(dir, "credential"), string(data))
	}
	renew("joe")
	path := script(t, "cat '"+filepath.Join(dir, "credential")+"'")
	want := "joe"
	config := mutual(t, authority, func(w http.ResponseWriter, r *http.Request) {
		if name := r.TLS.PeerCertificates[0].Subject.CommonName; name != want {
			refuse(apierrors.NewUnauthorized(name))(w, r)
		}
	})
	config.Exec = plugin(path)
	var issued []string
	config.Hooks.Certificate = func(host string, command []string, expires time.Time, last time.Duration) {
		issued = append(issued, fmt.Sprint(host == strings.TrimPrefix(config.Host, "https://"), command[0] == path, time.Until(expires) > time.Minute, last > 0))
	}
	client := newTestClient(t, config)
	for range 3 {
		if err := get(t, client); err != nil {
			t.Fatal(err)
		}
	}
	if n := runs(t, path); n != 1 {
		t.Errorf("%d runs for 3 requests", n)
	}
	want = "jane"
	renew("jane")
	if err := get(t, client); err != nil || runs(t, path) != 2 {
		t.Errorf("after a 401: %v, %d runs", err, runs(t, path))
	}
	if want := []string{"true true true false", "true true true true"}; !slices.Equal(issued, want) {
		t.Errorf("the hook was told %q, want %q", issued, want)
	}
}

func TestACertificateThatTheServerDoesNotAcceptIsIssuedAnew(t *testing.T) {
	servers, clients, strangers := newAuthority(t, "servers"), newAuthority(t, "clients"), newAuthority(t, "strangers")
	network := newNetwork() // in memory, the reason is never lost in a reset
	server := &http.Server{ErrorLog: quiet(), Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}),
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{servers.pair(t, "server")}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients.pool()}}
	var served sync.WaitGroup
	served.Go(func() { _ = server.ServeTLS(network, "", "") })
	defer served.Wait()
	defer server.Close()
	dir := t.TempDir()
	for name, a := range map[string]*authority{"1": strangers, "2": clients} {
		cert, key := a.issue(t, "joe")
		data, err := json.Marshal(execCredential{APIVersion: execV1, Kind: "ExecCredential", Status: &execStatus{ClientCertificateData: string(cert), ClientKeyData: string(key)}})
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(dir, name), string(data))
	}
	path := script(t, `cat "`+dir+`/$(wc -l < "$(dirname "$0")/runs" | tr -d ' ')"`)
	client := newTestClient(t, &Config{Host: "https://example.com", TLS: TLSConfig{CAData: servers.pem}, Dial: network.dial, Exec: plugin(path)})
	if err := client.Post().AbsPath("x").Body([]byte("x")).Do(t.Context()).Error(); err != nil || runs(t, path) != 2 {
		t.Errorf("got %v after %d runs", err, runs(t, path))
	}
}

func TestAPluginIsLentATerminalIfItWantsOne(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	defer reader.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	for _, tt := range []struct {
		mode, unavailable string
		stdin             *os.File
		want              string
	}{
		{interactiveNever, "", reader, ""},
		{interactiveIfAvailable, "", reader, ""},
		{interactiveIfAvailable, "", null, ""},
		{interactiveIfAvailable, "in use", null, ""},
		{"", "", nil, ""},
		{interactiveAlways, "", reader, "it needs standard input, which is no terminal"},
		{interactiveAlways, "", null, "it needs standard input, which is no terminal"},
		{interactiveAlways, "in use", reader, "it needs standard input, which is not available: in use"},
	} {
		e := &ExecConfig{InteractiveMode: tt.mode, StdinUnavailable: tt.unavailable}
		interactive, err := e.interactive(tt.stdin)
		if interactive || fmt.Sprint(err) != tt.want && (err != nil || tt.want != "") {
			t.Errorf("%+v: got %v, %v", tt, interactive, err)
		}
	}
	if pty, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0); err == nil {
		defer pty.Close()
		for _, mode := range []string{interactiveAlways, interactiveIfAvailable} {
			if interactive, err := (&ExecConfig{InteractiveMode: mode}).interactive(pty); !interactive || err != nil {
				t.Errorf("%s on a terminal: %v, %v", mode, interactive, err)
			}
		}
	}
}

func TestAPluginIsToldOfTheProxy(t *testing.T) {
	u, err := url.Parse("http://proxy:3128")
	if err != nil {
		t.Fatal(err)
	}
	for want, proxy := range map[string]func(*http.Request) (*url.URL, error){
		"": nil, "http://proxy:3128": http.ProxyURL(u),
	} {
		p := &execPlugin{cfg: &Config{Host: "https://x", Proxy: proxy, Exec: plugin("x")}}
		if got := p.proxy(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
