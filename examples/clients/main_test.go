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

func TestEachClientListsTheSame(t *testing.T) {
	out := runtest.Output(t, time.Minute, list, run.Others{Before: cast.Deployments})
	for _, client := range []string{"REST client", "typed client", "clientset", "dynamic client"} {
		runtest.Want(t, out, client+": 3 Deployments", "default/api", "default/web", "default/worker")
	}
}
