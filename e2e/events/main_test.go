// Package events_test records events on a real API server.
package events_test

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
