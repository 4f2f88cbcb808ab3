// Package informers_test runs the library's informers against a real API server: what handlers see and in which order, what is
// asked of the server, and what outages of every kind do to a cache.
package informers_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/sheaf-dev/sheaf/e2e/cluster"
)

var server *cluster.Cluster

func TestMain(m *testing.M) {
	os.Exit(cluster.Main(m, cluster.Options{}, &server, func() error { return goleak.Find() }))
}
