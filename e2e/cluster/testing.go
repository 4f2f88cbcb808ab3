package cluster

import (
	"context"
	"fmt"
	"os"
	"testing"
)

// Main runs a package's tests with one cluster for all of them and returns the
// code for os.Exit. The cluster is in *shared while the tests run. The checks,
// such as one for leaked goroutines, run after the tests passed and the cluster
// has stopped; an error of theirs fails the package.
func Main(m *testing.M, opts Options, shared **Cluster, checks ...func() error) int {
	c, err := Start(context.Background(), opts)
	if err != nil {
		return fail(err)
	}
	*shared = c
	code := m.Run()
	if err := c.Stop(); err != nil {
		return fail(err)
	}
	if code != 0 {
		return code
	}
	for _, check := range checks {
		if err := check(); err != nil {
			return fail(err)
		}
	}
	return 0
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// ForTest starts a cluster of the test's own and stops it at the test's end. It
// costs seconds: tests that can share a cluster take that of Main.
func ForTest(t testing.TB, opts Options) *Cluster {
	t.Helper()
	c, err := Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("end of the API server's log:\n%s", c.apiServer.tail())
		}
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	return c
}
