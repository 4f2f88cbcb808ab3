// Package runtest runs examples in tests.
package runtest

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/examples/internal/run"
)

// Output runs an example for some time, which is fake, on an API server in memory, with others at work on it, and returns what it prints. It fails
// the test if the example fails.
func Output(t *testing.T, most time.Duration, example run.Example, others run.Others) string {
	t.Helper()
	var out strings.Builder
	synctest.Test(t, func(t *testing.T) {
		server := apitest.New(apitest.Options{InMemory: true, Seed: 1}).Start(t)
		ctx, cancel := context.WithTimeout(t.Context(), most)
		defer cancel()
		if err := run.On(ctx, server.Config(), &out, example, others); err != nil {
			t.Error(err)
		}
	})
	return out.String()
}

// Want fails the test unless the lines are in the output, in this order.
func Want(t *testing.T, output string, lines ...string) {
	t.Helper()
	rest := output
	for _, line := range lines {
		i := strings.Index(rest, line)
		if i < 0 {
			t.Fatalf("%q is missing, or out of order, in:\n%s", line, output)
		}
		rest = rest[i+len(line):]
	}
}
