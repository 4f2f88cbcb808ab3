// Package conformance_test runs the scenarios that the server in the test's process is held to against a real API server, whose
// answers they were recorded from.
package conformance_test

import (
	"context"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/sheaf-dev/sheaf/apitest/conformance"
	"github.com/sheaf-dev/sheaf/e2e/cluster"
)

var server *cluster.Cluster

func TestMain(m *testing.M) {
	os.Exit(cluster.Main(m, cluster.Options{APIServerFlags: []string{"--feature-gates=ShardedListAndWatch=true"}}, &server, func() error { return goleak.Find() }))
}

func TestTheRecordedAnswersAreThoseOfTheRealServer(t *testing.T) {
	conformance.Test(t, conformance.Target{
		URL:    server.URL,
		Client: server.Client(cluster.Admin),
		Compact: func(ctx context.Context) error {
			_, err := server.Compact(ctx)
			return err
		},
	})
}
