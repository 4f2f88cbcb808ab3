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

func TestDeploymentsAreFollowed(t *testing.T) {
	out := runtest.Output(t, 150*time.Second, follow, run.Others{Before: cast.Deployments, Meanwhile: cast.Rollout})
	runtest.Want(t, out, "default/api is there, 0 of 2 ready")
	runtest.Want(t, out, "default/worker is there, 0 of 3 ready")
	runtest.Want(t, out,
		"synced: 3 Deployments, 3 of them run example.com/web:1",
		"default/api changed: 1 of 2 ready, was 0 of 2 ready",
		"default/api changed: 2 of 2 ready, was 1 of 2 ready",
		"default/worker is gone",
		"over: 2 Deployments",
	)
}
