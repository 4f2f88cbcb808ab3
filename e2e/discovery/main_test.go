// Package discovery tests package discovery against a real API server.
package discovery

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/sheaf-dev/sheaf/clientcmd"
	"github.com/sheaf-dev/sheaf/discovery"
	"github.com/sheaf-dev/sheaf/e2e/cluster"
	"github.com/sheaf-dev/sheaf/rest"
)

var server *cluster.Cluster

func TestMain(m *testing.M) {
	os.Exit(cluster.Main(m, cluster.Options{AllAPIs: true}, &server, func() error { return goleak.Find() }))
}

// configFor returns how a user reaches the server.
func configFor(t *testing.T, user cluster.User) *rest.Config {
	t.Helper()
	file, err := clientcmd.LoadBytes(server.Kubeconfig(server.URL, user))
	if err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.ForFile(file, clientcmd.Overrides{}).RESTConfig()
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// newClient returns a discovery client of a user's, and counts the status codes of its answers.
func newClient(t *testing.T, user cluster.User, opts discovery.Options) (*discovery.Client, *answers) {
	t.Helper()
	config := configFor(t, user)
	seen := &answers{}
	config.Hooks.Request = seen.add
	client, err := rest.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdle)
	return discovery.New(client, opts), seen
}
