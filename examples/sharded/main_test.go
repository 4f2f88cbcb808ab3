package main

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sheaf-dev/sheaf/examples/internal/run"
	"github.com/sheaf-dev/sheaf/examples/internal/run/runtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestReplicasShareTheObjectsAsTheyComeAndGo(t *testing.T) {
	out := runtest.Output(t, time.Minute, sharded, run.Others{Before: tenants})
	runtest.Want(t, out, "anna comes", "ben comes", "2 replicas: anna has", "cleo comes", "3 replicas: anna has",
		"anna leaves", "2 replicas: ben has", "ben loses its connection", "cleo reports: 1 replica: cleo has 0 1 2 3 4 5 6 7",
		"ben has its connection again", "2 replicas: ben has",
		"over: 60 objects reconciled", "0 times two replicas worked on one")
}
