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
	runtest.Want(t, out, "anna comes", "anna reports 1 replica:\n    anna   0 1 2 3 4 5 6 7", "ben comes", "reports 2 replicas:\n    anna  ",
		"cleo comes", "reports 3 replicas:\n    anna  ", "anna leaves", "reports 2 replicas:\n    ben   ",
		"ben loses its connection", "cleo reports 1 replica:\n    cleo   0 1 2 3 4 5 6 7",
		"ben has its connection again", "cleo reports 2 replicas:\n    ben   ",
		"over: 60 objects reconciled", "0 times two replicas worked on one")
}
