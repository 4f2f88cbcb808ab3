package flags_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"go.uber.org/goleak"

	"github.com/sheaf-dev/sheaf/clientcmd"
	"github.com/sheaf-dev/sheaf/clientcmd/flags"
	"github.com/sheaf-dev/sheaf/rest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEveryFlagArrivesInTheConfiguration(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(path, []byte("{clusters: [{name: a, cluster: {server: \"https://a\"}}], contexts: [{name: a, context: {cluster: a}}]}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, prefix := range []string{"", "remote-"} {
		set := pflag.NewFlagSet("test", pflag.ContinueOnError)
		f := flags.Bind(set, prefix)
		var args []string
		for name, value := range map[string]string{
			"kubeconfig": path, "context": "a", "namespace": "shop", "server": "https://b", "tls-server-name": "c", "insecure-skip-tls-verify": "true",
			"disable-compression": "true", "token": "t", "as": "jane", "as-uid": "7", "as-group": "g", "request-timeout": "3s",
			"client-certificate": "/crt", "client-key": "/key",
		} {
			args = append(args, "--"+prefix+name+"="+value)
		}
		args = append(args, "--"+prefix+"as-group=h,i")
		if err := set.Parse(args); err != nil {
			t.Fatal(err)
		}
		got, err := f.ClientConfig().RESTConfig()
		want := &rest.Config{
			Host: "https://b", BearerToken: "t", Timeout: 3 * time.Second, DisableCompression: true,
			TLS:         rest.TLSConfig{Insecure: true, ServerName: "c", CertFile: "/crt", KeyFile: "/key"},
			Impersonate: rest.Impersonation{UserName: "jane", UID: "7", Groups: []string{"g", "h,i"}},
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("prefix %q: got %+v, %v", prefix, got, err)
		}
		if namespace, explicit, err := f.ClientConfig().Namespace(); namespace != "shop" || !explicit || err != nil {
			t.Errorf("prefix %q: namespace %q, %v, %v", prefix, namespace, explicit, err)
		}
		if (set.ShorthandLookup("n") != nil) != (prefix == "") || (set.ShorthandLookup("s") != nil) != (prefix == "") {
			t.Errorf("prefix %q: one-letter names are only for flags without a prefix", prefix)
		}
	}
}

func TestPrintedFlagsShowNoSecret(t *testing.T) {
	set := pflag.NewFlagSet("test", pflag.ContinueOnError)
	f := flags.Bind(set, "")
	if err := set.Parse([]string{"--token=hunter2", "--username=joe", "--password=hunter2", "--kubeconfig=/k"}); err != nil {
		t.Fatal(err)
	}
	for _, value := range []any{f, *f, f.Overrides(), f.ClientConfig(), struct{ f *flags.Flags }{f}, struct{ f flags.Flags }{*f}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			if text := fmt.Sprintf(verb, value); strings.Contains(text, "hunter2") || strings.Contains(text, fmt.Sprintf("%x", "hunter2")) {
				t.Errorf("%T with %s: %s", value, verb, text)
			}
		}
	}
	if text := fmt.Sprint(f); text != `connection flags, kubeconfig "/k"` {
		t.Errorf("got %s", text)
	}
}

func TestWithoutFlagsTheDefaultFilesCount(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config")
	t.Setenv(clientcmd.EnvVar, path)
	f := flags.Bind(pflag.NewFlagSet("test", pflag.ContinueOnError), "")
	if got := f.Rules(); !reflect.DeepEqual(got.Paths, []string{path}) || got.ExplicitPath != "" {
		t.Errorf("got %+v", got)
	}
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	if _, err := f.ClientConfig().RESTConfig(); !errors.Is(err, clientcmd.ErrNoConfig) {
		t.Errorf("got %v", err)
	}
}

func ExampleBind() {
	set := pflag.NewFlagSet("program", pflag.ContinueOnError)
	connection := flags.Bind(set, "")
	if err := set.Parse([]string{"--server=https://example.com", "-n", "shop"}); err != nil {
		fmt.Println(err)
		return
	}
	config := connection.ClientConfig()
	namespace, _, _ := config.Namespace()
	fmt.Println(namespace)
	// Output: shop
}
