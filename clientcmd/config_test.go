package clientcmd

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sheaf-dev/sheaf/rest"
)

func TestEachKindOfUserArrivesInTheConfiguration(t *testing.T) {
	path := write(t, "config", full)
	dir := filepath.Dir(path)
	in := func(name string) string { return filepath.Join(dir, name) }
	k1 := rest.Config{Host: "https://10.0.0.1:6443", TLS: rest.TLSConfig{CAFile: in("pki/ca.crt"), ServerName: "api.example.com"}, DisableCompression: true}
	k2 := rest.Config{Host: "https://10.0.0.2", TLS: rest.TLSConfig{CAData: []byte("ca")}}
	k3 := rest.Config{Host: "https://10.0.0.3", TLS: rest.TLSConfig{Insecure: true}}
	with := func(c rest.Config, change func(*rest.Config)) rest.Config { change(&c); return c }
	for context, want := range map[string]rest.Config{
		"": with(k1, func(c *rest.Config) {
			c.BearerToken = secret
			c.Impersonate = rest.Impersonation{UserName: "jane", UID: "7", Groups: []string{"a", "b"}, Extra: map[string][]string{"scope": {"x"}}}
		}),
		"file":  with(k1, func(c *rest.Config) { c.BearerTokenFile = in("secrets/token") }),
		"basic": with(k2, func(c *rest.Config) { c.Username, c.Password = "joe", secret }),
		"cert":  with(k1, func(c *rest.Config) { c.TLS.CertFile, c.TLS.KeyFile = in("pki/joe.crt"), "/abs/joe.key" }),
		"data":  with(k2, func(c *rest.Config) { c.TLS.CertData, c.TLS.KeyData = []byte("cert"), []byte(secret) }),
		"exec": with(k1, func(c *rest.Config) {
			c.Exec = &rest.ExecConfig{Command: in("bin/plugin"), Args: []string{"--password", secret}, Env: []rest.ExecEnv{{Name: "PASSWORD", Value: secret}},
				APIVersion: "client.authentication.k8s.io/v1", InstallHint: "install it", ProvideClusterInfo: true, InteractiveMode: "Never", Extension: json.RawMessage(`{"audience":"shop"}`)}
		}),
		"oidc": with(k2, func(c *rest.Config) {
			c.OIDC = &rest.OIDCConfig{IssuerURL: "https://issuer", ClientID: "id", ClientSecret: secret, IDToken: secret, RefreshToken: secret, CAFile: in("pki/issuer.crt")}
		}),
		"nobody": k3, "anonymous": k3,
	} {
		got, err := New(Rules{ExplicitPath: path}, Overrides{Context: context}).RESTConfig()
		if err != nil {
			t.Errorf("%q: %v", context, err)
			continue
		}
		if got.Host == k1.Host {
			proxy, err := got.Proxy(&http.Request{})
			if err != nil || proxy.String() != "socks5://localhost:1080" {
				t.Errorf("%q: the proxy is %v, %v", context, proxy, err)
			}
			got.Proxy = nil
		}
		if got.OIDC != nil {
			if got.OIDC.Persist == nil {
				t.Error("refreshed tokens would be lost")
			}
			got.OIDC.Persist = nil
			want.OIDC.CAData = []byte{}
		}
		if !reflect.DeepEqual(*got, want) {
			g, w := *got, want
			t.Errorf("%q:\ngot  %+v\nwant %+v", context, g, w)
		}
	}
}

func TestWhatIsWrongIsSaidInOneSentenceThatNamesTheFile(t *testing.T) {
	path := write(t, "config", full)
	one := func(content string) string { return write(t, "config", content) }
	for want, tt := range map[string]struct {
		path string
		o    Overrides
	}{
		"no such file or directory":       {"/nowhere/config", Overrides{}},
		`is malformed: line 2`:            {one("a: b\n\tc: hunter2"), Overrides{}},
		`it is a "Pod" of "v1"`:           {one(`{"kind":"Pod","apiVersion":"v1"}`), Overrides{}},
		`it is a "Config" of "v2"`:        {one(`{"kind":"Config","apiVersion":"v2"}`), Overrides{}},
		`user "u": the field token is of`: {one("users: [{name: u, user: {token: 12345}}]"), Overrides{}},
		`context "c": the field namespace is of the wrong type, bool; want string (does it need quotes?)`: {one("contexts: [{name: c, context: {namespace: n}}]"), Overrides{}},
		`user "u": illegal base64 data`:                                                     {one("users: [{name: u, user: {client-key-data: hunter2!}}]"), Overrides{}},
		`two users named "u"`:                                                               {one("users: [{name: u}, {name: u}]"), Overrides{}},
		`none was asked for; it has: one without a name, x`:                                 {one("contexts: [{context: {}}, {name: x}]"), Overrides{}},
		`two extensions named "e"`:                                                          {one("extensions: [{name: e}, {name: e}]"), Overrides{}},
		`the field clusters is of the wrong type, string`:                                   {one("clusters: hunter"), Overrides{}},
		`has no context "nope"; it has: anonymous, azure,`:                                  {path, Overrides{Context: "nope"}},
		`has no context "gone", which is its current one; it has: none`:                     {one("current-context: gone"), Overrides{}},
		`sets no current context, and none was asked for; it has: a`:                        {one("contexts: [{name: a, context: {}}]"), Overrides{}},
		`has no user "gone", which context "lost-user" names; it has: azure,`:               {path, Overrides{Context: "lost-user"}},
		`has no cluster "gone", which context "lost-cluster" names; it has: k1,`:            {path, Overrides{Context: "lost-cluster"}},
		`has no cluster "nope", which context "c1" names`:                                   {path, Overrides{Cluster: "nope"}},
		`context "no-cluster" names no cluster`:                                             {path, Overrides{Context: "no-cluster"}},
		`cluster "a" has no server`:                                                         {one("{current-context: a, clusters: [{name: a}], contexts: [{name: a, context: {cluster: a}}]}"), Overrides{}},
		`the auth-provider "gcp" no longer exists: install gke-gcloud-auth-plugin`:          {path, Overrides{Context: "gcp"}},
		`the auth-provider "azure" no longer exists: install kubelogin`:                     {path, Overrides{Context: "azure"}},
		`the auth-provider "exotic" no longer exists: use an exec plugin or`:                {path, Overrides{Context: "exotic"}},
		`the proxy-url must start with http://, https:// or socks5://, not "ftp"`:           {path, Overrides{ClusterInfo: Cluster{ProxyURL: "ftp://joe:hunter2@x"}}},
		`the proxy-url is malformed`:                                                        {path, Overrides{ClusterInfo: Cluster{ProxyURL: "http://joe:hunter2@[x"}}},
		`the proxy-url names no host`:                                                       {path, Overrides{ClusterInfo: Cluster{ProxyURL: "http://"}}},
		`cluster "k1", user "token": the server's URL "https://[redacted]@x" must not hold`: {path, Overrides{ClusterInfo: Cluster{Server: "https://joe:hunter2@x"}}},
		`there are a user name and a bearer token`:                                          {one("{current-context: a, clusters: [{name: a, cluster: {server: x}}], users: [{name: a, user: {token: hunter2, username: b}}], contexts: [{name: a, context: {cluster: a, user: a}}]}"), Overrides{}},
		`there is a client certificate without its priv`:                                    {path, Overrides{Context: "nobody", UserInfo: User{ClientCertificate: "x"}}},
	} {
		_, err := New(Rules{ExplicitPath: tt.path}, tt.o).RESTConfig()
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), tt.path) {
			t.Errorf("got  %v\nwant %s and %s", err, want, tt.path)
		}
		if err != nil && (strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("one line without secrets: %q", err)
		}
	}
	if os.Getuid() != 0 {
		unreadable := one(full)
		if err := os.Chmod(unreadable, 0); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadFromFile(unreadable); !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), unreadable) {
			t.Errorf("got %v", err)
		}
	}
	if _, err := LoadFromFile(filepath.Dir(path)); err == nil || !strings.Contains(err.Error(), filepath.Dir(path)) {
		t.Errorf("a directory: %v", err)
	}
}

func TestOverridesReplaceWhatTheFileSays(t *testing.T) {
	path := write(t, "config", full)
	get := func(o Overrides) *rest.Config {
		t.Helper()
		c, err := New(Rules{ExplicitPath: path}, o).RESTConfig()
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if c := get(Overrides{Cluster: "k2", User: "basic"}); c.Host != "https://10.0.0.2" || c.Username != "joe" || c.BearerToken != "" {
		t.Errorf("another cluster and user: %+v", c)
	}
	if c := get(Overrides{ClusterInfo: Cluster{Server: "https://other"}}); c.Host != "https://other" || c.TLS.ServerName != "" || c.TLS.CAFile == "" {
		t.Errorf("another server keeps the authorities, not the name: %+v", c)
	}
	if c := get(Overrides{ClusterInfo: Cluster{InsecureSkipTLSVerify: true}}); !c.TLS.Insecure || c.TLS.CAFile != "" {
		t.Errorf("insecure: %+v", c)
	}
	if c := get(Overrides{Context: "nobody", ClusterInfo: Cluster{CertificateAuthorityData: []byte("x")}}); c.TLS.Insecure || string(c.TLS.CAData) != "x" {
		t.Errorf("authorities for an insecure cluster: %+v", c)
	}
	if c := get(Overrides{Context: "exec", UserInfo: User{Token: "t"}}); c.BearerToken != "t" || c.Exec != nil {
		t.Errorf("a token replaces the plugin: %+v", c)
	}
	if c := get(Overrides{Context: "cert", UserInfo: User{ClientCertificateData: []byte("c"), ClientKeyData: []byte("k")}}); c.TLS.CertFile != "" || c.TLS.KeyFile != "" || string(c.TLS.KeyData) != "k" {
		t.Errorf("another certificate: %+v", c)
	}
	if c := get(Overrides{Timeout: time.Second}); c.Timeout != time.Second {
		t.Errorf("a time-out: %+v", c)
	}
	for want, o := range map[string]Overrides{"shop": {}, "default": {Context: "file"}, "x": {Namespace: "x", Context: "nope"}} {
		namespace, explicit, err := New(Rules{ExplicitPath: path}, o).Namespace()
		if namespace != want || explicit != (want != "default") || err != nil {
			t.Errorf("got %q, %v, %v, want %q", namespace, explicit, err, want)
		}
	}
	if _, _, err := New(Rules{ExplicitPath: path}, Overrides{Context: "nope"}).Namespace(); err == nil {
		t.Error("the namespace of an unknown context is known")
	}
	token := write(t, "config", "{current-context: a, clusters: [{name: a, cluster: {server: x}}], users: [{name: a, user: {token: t, exec: {command: c}, auth-provider: {name: gcp}}}], contexts: [{name: a, context: {cluster: a, user: a}}]}")
	if c, err := BuildConfig("", token); err != nil || c.BearerToken != "t" || c.Exec != nil {
		t.Errorf("a token is preferred to plugins: %+v, %v", c, err)
	}
}

func TestWithoutAnyFileThePodsOwnConfigurationCounts(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "config")
	pod := &rest.Config{Host: "https://pod"}
	c := New(Rules{Paths: []string{missing}}, Overrides{Timeout: time.Second})
	c.inCluster, c.namespace = func() (*rest.Config, error) { return pod, nil }, func() (string, bool) { return "mine", true }
	if got, err := c.RESTConfig(); err != nil || got.Host != "https://pod" || got.Timeout != time.Second {
		t.Errorf("got %+v, %v", got, err)
	}
	if namespace, explicit, err := c.Namespace(); namespace != "mine" || !explicit || err != nil {
		t.Errorf("got %q, %v, %v", namespace, explicit, err)
	}
	empty := write(t, "empty", "{}")
	asked := New(Rules{ExplicitPath: empty}, Overrides{})
	asked.inCluster, asked.namespace = c.inCluster, c.namespace
	if got, err := asked.RESTConfig(); !errors.Is(err, ErrNoConfig) || !strings.Contains(err.Error(), empty) {
		t.Errorf("an empty file that was asked for: %+v, %v", got, err)
	}
	if namespace, explicit, err := asked.Namespace(); namespace != "default" || explicit || err != nil {
		t.Errorf("got %q, %v, %v", namespace, explicit, err)
	}
	c.inCluster, c.namespace = func() (*rest.Config, error) { return nil, rest.ErrNotInCluster }, func() (string, bool) { return "", false }
	if _, err := c.RESTConfig(); !errors.Is(err, ErrNoConfig) || !strings.Contains(err.Error(), missing) || !strings.Contains(err.Error(), "does not run in a cluster") {
		t.Errorf("got %v", err)
	}
	if namespace, explicit, err := c.Namespace(); namespace != "default" || explicit || err != nil {
		t.Errorf("got %q, %v, %v", namespace, explicit, err)
	}
	broken := errors.New("the authorities are gone")
	c.inCluster = func() (*rest.Config, error) { return nil, broken }
	if _, err := c.RESTConfig(); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	c.overrides = func() Overrides { return Overrides{Context: "mine"} }
	if _, err := c.RESTConfig(); !errors.Is(err, ErrNoConfig) || !strings.Contains(err.Error(), `no context "mine" in kubeconfig `+missing) {
		t.Errorf("got %v", err)
	}
	if _, err := ForFile(newFile(), Overrides{}).RESTConfig(); !errors.Is(err, ErrNoConfig) {
		t.Errorf("got %v", err)
	}
}

func TestAServersURLAloneIsEnough(t *testing.T) {
	t.Setenv(EnvVar, filepath.Join(t.TempDir(), "missing"))
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	c, err := BuildConfig("http://localhost:8001", "")
	if err != nil || !reflect.DeepEqual(c, &rest.Config{Host: "http://localhost:8001"}) {
		t.Errorf("got %+v, %v", c, err)
	}
	if _, err := BuildConfig("", ""); !errors.Is(err, ErrNoConfig) {
		t.Errorf("got %v", err)
	}
	path := write(t, "config", full)
	if c, err = BuildConfig("https://other", path); err != nil || c.Host != "https://other" || c.BearerToken != secret {
		t.Errorf("got %+v, %v", c, err)
	}
	t.Setenv(EnvVar, path)
	if c, err = BuildConfig("", ""); err != nil || c.Host != "https://10.0.0.1:6443" {
		t.Errorf("got %+v, %v", c, err)
	}
	for name, inCluster := range map[string]error{"no pod": rest.ErrNotInCluster, "a broken pod": errors.New("the token is empty")} {
		fail := func() (*rest.Config, error) { return nil, inCluster }
		if c, err = build("", "", fail); err != nil || c.Host != "https://10.0.0.1:6443" {
			t.Errorf("in %s the file counts: %+v, %v", name, c, err)
		}
	}
	pod := func() (*rest.Config, error) { return &rest.Config{Host: "https://pod"}, nil }
	if c, err = build("", "", pod); err != nil || c.Host != "https://pod" {
		t.Errorf("in a pod: %+v, %v", c, err)
	}
	if c, err = build("", path, pod); err != nil || c.Host != "https://10.0.0.1:6443" {
		t.Errorf("in a pod, with a file that was asked for: %+v, %v", c, err)
	}
	t.Setenv(EnvVar, filepath.Join(t.TempDir(), "missing"))
	broken := errors.New("the token is empty")
	if _, err := build("", "", func() (*rest.Config, error) { return nil, broken }); err != broken {
		t.Errorf("a broken pod without a file: %v", err)
	}
}
