// Package dynamic_test works with every resource of a real API server through what discovery says about it.
package dynamic_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/sheaf-dev/sheaf/clientcmd"
	"github.com/sheaf-dev/sheaf/discovery"
	"github.com/sheaf-dev/sheaf/dynamic"
	"github.com/sheaf-dev/sheaf/e2e/cluster"
	"github.com/sheaf-dev/sheaf/rest"
)

var server *cluster.Cluster

func TestMain(m *testing.M) {
	everything := cluster.Options{AllAPIs: true, APIServerFlags: []string{"--feature-gates=AllAlpha=true,AllBeta=true"}}
	os.Exit(cluster.Main(m, everything, &server, func() error { return goleak.Find() }))
}

// newClient returns a client of the administrator's, and one that finds resources.
func newClient(t *testing.T) (*rest.Client, dynamic.Client) {
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
	cache := discovery.NewCache(discovery.New(client, discovery.Options{}), discovery.CacheOptions{})
	return client, dynamic.New(client, discovery.NewMapper(cache, discovery.MapperOptions{MissInterval: 1}))
}
