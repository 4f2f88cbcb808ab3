package clientcmd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"k8s.io/klog/v2/textlogger"
)

func TestTheDefaultFilesAreThoseOfKubectl(t *testing.T) {
	home := func() (string, error) { return "/home/joe", nil }
	list := strings.Join([]string{"/a", "", "b", "/a"}, string(filepath.ListSeparator))
	for value, want := range map[string][]string{"": {filepath.Join("/home/joe", ".kube", "config")}, list: {"/a", "b"}} {
		if got := defaultRules(func(string) string { return value }, home); !reflect.DeepEqual(got.Paths, want) {
			t.Errorf("%s=%q: got %q, want %q", EnvVar, value, got.Paths, want)
		}
	}
	if got := defaultRules(func(string) string { return "" }, func() (string, error) { return "", errors.New("no home") }); got.Paths != nil {
		t.Errorf("got %q", got.Paths)
	}
}

func TestTheFirstFileWinsForEachEntry(t *testing.T) {
	a := write(t, "a", `{current-context: "", clusters: [{name: both, cluster: {server: a, certificate-authority: ca}}, {name: a, cluster: {server: a}}], extensions: [{name: e, extension: 1}]}`)
	b := write(t, "b", `{current-context: second, clusters: [{name: both, cluster: {server: b, tls-server-name: b}}, {name: b, cluster: {server: b, certificate-authority: ca}}], extensions: [{name: e, extension: 2}, {name: f, extension: 3}], users: [{name: u}]}`)
	c := write(t, "c", `{current-context: third, contexts: [{name: c, context: {cluster: both}}]}`)
	f, err := Rules{Paths: []string{a, filepath.Join(t.TempDir(), "missing"), b, c}}.Load()
	if err != nil {
		t.Fatal(err)
	}
	both := f.Clusters["both"].resolved()
	if f.CurrentContext != "second" || both.Server != "a" || both.TLSServerName != "" || both.CertificateAuthority != filepath.Join(filepath.Dir(a), "ca") {
		t.Errorf("got %q and %+v", f.CurrentContext, both)
	}
	if ca := f.Clusters["b"].resolved().CertificateAuthority; ca != filepath.Join(filepath.Dir(b), "ca") || f.Clusters["b"].Origin() != b {
		t.Errorf("the path of an entry of b is %s", ca)
	}
	if string(f.Extensions["e"]) != "1" || string(f.Extensions["f"]) != "3" || f.Users["u"].Origin() != b || f.Contexts["c"].Origin() != c {
		t.Errorf("got %v", f)
	}
	if !reflect.DeepEqual(f.Sources(), []string{a, b, c}) || !strings.HasPrefix(f.name(), "kubeconfig files "+a+", "+b) {
		t.Errorf("sources %q, called %s", f.Sources(), f.name())
	}
	if _, err := Load(a, filepath.Join(t.TempDir(), "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that was asked for must exist: %v", err)
	}
	broken := write(t, "broken", "{")
	if _, err := (Rules{Paths: []string{a, broken}}).Load(); err == nil || !strings.Contains(err.Error(), broken) {
		t.Errorf("got %v", err)
	}
}

func TestNothingIsEmpty(t *testing.T) {
	for _, content := range []string{"", "\n# only a comment\n", "{}", "null", "---\n", "apiVersion: v1\nkind: Config\nclusters: []\nusers: null\n"} {
		f, err := LoadBytes([]byte(content))
		if err != nil || !f.Empty() {
			t.Errorf("%q: %v, %v", content, f, err)
		}
	}
	if f, err := LoadBytes([]byte("users: [{name: u}]")); err != nil || f.Empty() {
		t.Errorf("%v, %v", f, err)
	}
}

func TestContentSurvivesTheRoundTrip(t *testing.T) {
	f, err := LoadBytes([]byte(full))
	if err != nil {
		t.Fatal(err)
	}
	data, err := f.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	again, err := LoadBytes(data)
	if err != nil {
		t.Fatalf("%v in\n%s", err, data)
	}
	if !reflect.DeepEqual(again, f) {
		t.Errorf("the second reading differs:\n%s", data)
	}
	for _, kept := range []string{"future:", "future-cluster:", "future-user: hunter2", "future-context: true", "name: another", "- --password\n", "token: hunter2"} {
		if !strings.Contains(string(data), kept) {
			t.Errorf("%q is lost in\n%s", kept, data)
		}
	}
	if copied := f.Copy(); !reflect.DeepEqual(copied, f) {
		t.Error("a copy differs")
	}
}

func TestNoWayOfPrintingAFileShowsASecret(t *testing.T) {
	f, err := LoadBytes([]byte(strings.ReplaceAll(full, "socks5://localhost", "socks5://joe:hunter2@localhost")))
	if err != nil {
		t.Fatal(err)
	}
	values := []any{f, *f, f.Users, f.Users["exec"].Exec, *f.Users["exec"].Exec, f.Users["oidc"].AuthProvider, *f.Users["oidc"].AuthProvider}
	for _, u := range f.Users {
		c := ForFile(f, Overrides{UserInfo: *u})
		values = append(values, u, *u, Overrides{UserInfo: *u}, c, *c, struct{ c *ClientConfig }{c}, struct{ c ClientConfig }{*c})
	}
	f.Clusters["k1"].unknown["password"], f.Clusters["k1"].Extensions["password"] = json.RawMessage(`"hunter2"`), json.RawMessage(`"hunter2"`)
	f.Contexts["c1"].unknown["password"] = json.RawMessage(`"hunter2"`)
	for _, c := range f.Clusters {
		values = append(values, c, *c)
	}
	for _, c := range f.Contexts {
		values = append(values, c, *c)
	}
	if text := fmt.Sprint(f.Clusters["k1"], f.Contexts["c1"]); !strings.Contains(text, "10.0.0.1") || !strings.Contains(text, "shop") {
		t.Errorf("what is not secret should still be printed: %s", text)
	}
	f.Clusters["k2"].ProxyURL = "socks5://joe:hunter2@[malformed"
	for _, value := range values {
		var printed bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			fmt.Fprintf(&printed, verb+"\n", value)
		}
		data, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		printed.Write(data)
		slog.New(slog.NewJSONHandler(&printed, nil)).Info("slog", "value", value)
		textlogger.NewLogger(textlogger.NewConfig(textlogger.Output(&printed))).Info("klog", "value", value)
		for _, form := range []string{secret, fmt.Sprintf("%x", secret), strings.Trim(fmt.Sprint([]byte(secret)), "[]"), "aHVudGVyMg"} {
			if strings.Contains(printed.String(), form) {
				before, after, _ := strings.Cut(printed.String(), form)
				t.Errorf("%T shows the secret as %q: …%s%s%s", value, form, before[max(0, len(before)-80):], form, after[:min(80, len(after))])
			}
		}
	}
}

func FuzzAFileThatIsReadIsWrittenAndReadTheSame(f *testing.F) {
	for _, seed := range []string{full, "", "{}", "null", "[]", "users: [{name: u, user: null}]", "{\"a\": 1}", "clusters: [{name: a, cluster: {extensions: [{name: x}]}}]",
		"a: &a [1]\nb: *a", "users: [{name: u, user: {exec: {}, auth-provider: {}}}]", "preferences: {colors: true}", "kind: Config\nkind: Config", "contexts: [{name: \"\\n\", context: {}}]"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		first, err := LoadBytes(data)
		if err != nil {
			return
		}
		written, err := first.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		second, err := LoadBytes(written)
		if err != nil {
			t.Fatalf("%v in\n%s", err, written)
		}
		again, err := second.Bytes()
		if err != nil || !bytes.Equal(written, again) {
			t.Errorf("written\n%s\nand then\n%s", written, again)
		}
		_ = fmt.Sprint(first)
		for name := range first.Contexts {
			_, _ = ForFile(first, Overrides{Context: name}).RESTConfig()
			_, _ = first.Minify(name)
		}
	})
}
