// Package apply_test applies objects of every built-in kind to a real API server, and takes back what was applied.
package apply_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/sheaf-dev/sheaf/clientcmd"
	"github.com/sheaf-dev/sheaf/e2e/cluster"
	"github.com/sheaf-dev/sheaf/rest"
)

var server *cluster.Cluster

func TestMain(m *testing.M) {
	everything := cluster.Options{AllAPIs: true, APIServerFlags: []string{"--feature-gates=AllAlpha=true,AllBeta=true"}}
	os.Exit(cluster.Main(m, everything, &server, func() error { return goleak.Find() }))
}

// newClient returns a client of the administrator's.
func newClient(t *testing.T) *rest.Client {
	t.Helper()
	file, err := clientcmd.LoadBytes(server.Kubeconfig(server.URL, cluster.Admin))
	if err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.ForFile(file, clientcmd.Overrides{}).RESTConfig()
	if err != nil {
		t.Fatal(err)
	}
	config.Warnings = rest.IgnoreWarnings
	client, err := rest.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdle)
	return client
}
