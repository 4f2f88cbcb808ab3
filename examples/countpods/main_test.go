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

func TestPodsAreCountedAsTheyComeAndGo(t *testing.T) {
	out := runtest.Output(t, 7*time.Second, count, run.Others{Meanwhile: cast.Pods})
	runtest.Want(t, out, "4 pods in the cluster", "web-0 is not there", "6 pods in the cluster", "10 pods in the cluster")
}
