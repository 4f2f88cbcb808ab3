package main

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sheaf-dev/sheaf/examples/internal/cast"
	"github.com/sheaf-dev/sheaf/examples/internal/run"
	"github.com/sheaf-dev/sheaf/examples/internal/run/runtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEveryPodIsListed(t *testing.T) {
	out := runtest.Output(t, time.Minute, list, run.Others{Before: cast.FivePods})
	for _, name := range []string{"web-0", "web-1", "web-2", "web-3", "web-4"} {
		runtest.Want(t, out, "default", name, "Pending\n")
	}
}
