// Package leaderelection_test has real processes elect a leader, among themselves and by the server's choice, and share objects through a real API
// server, and kills and pauses them.
package leaderelection_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/sheaf-dev/sheaf/e2e/cluster"
)

var server *cluster.Cluster

func TestMain(m *testing.M) {
	if os.Getenv(programEnv) != "" {
		if err := run(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	coordinating := cluster.Options{APIServerFlags: []string{"--feature-gates=CoordinatedLeaderElection=true", "--runtime-config=coordination.k8s.io/v1beta1=true"}}
	os.Exit(cluster.Main(m, coordinating, &server, func() error { return goleak.Find() }))
}
