package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"github.com/sheaf-dev/sheaf/e2e/cluster"
)

// server is shared by the tests that need nothing special. A test keeps to names
// of its own.
var server *cluster.Cluster

func TestMain(m *testing.M) {
	if os.Getenv(victimVariable) != "" {
		os.Exit(victim())
	}
	os.Exit(cluster.Main(m, cluster.Options{}, &server, func() error { return goleak.Find() }, nothingLeft))
}

// nothingLeft is checked after the shared cluster was stopped.
func nothingLeft() error {
	var errs []error
	for _, pid := range server.Processes() {
		if syscall.Kill(pid, 0) == nil {
			errs = append(errs, fmt.Errorf("process %d runs on", pid))
		}
	}
	if _, err := os.Stat(server.Dir); !errors.Is(err, os.ErrNotExist) {
		errs = append(errs, fmt.Errorf("the folder %s is left: %v", server.Dir, err))
	}
	return errors.Join(errs...)
}

// victimVariable in the environment makes this program one that starts a cluster,
// prints the ids of its servers, and waits to be killed.
const victimVariable = "SHEAF_E2E_VICTIM"

func victim() int {
	c, err := cluster.Start(context.Background(), cluster.Options{Dir: os.Getenv(victimVariable)})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	for _, pid := range c.Processes() {
		fmt.Println(pid)
	}
	select {}
}
