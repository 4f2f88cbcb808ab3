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

// limited is a user whom a test sends to a priority level with a single seat.
var limited = cluster.User{Name: "limited"}

func TestMain(m *testing.M) {
	os.Exit(cluster.Main(m, cluster.Options{Users: []cluster.User{limited}}, &server, func() error { return goleak.Find() }))
}
