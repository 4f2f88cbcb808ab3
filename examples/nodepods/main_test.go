package main

import (
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sheaf-dev/sheaf/examples/internal/cast"
	"github.com/sheaf-dev/sheaf/examples/internal/run"
	"github.com/sheaf-dev/sheaf/examples/internal/run/runtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestThePodsOfOneNodeAreKnownAndNoOthers(t *testing.T) {
	out := runtest.Output(t, 2*time.Second, keep, run.Others{Meanwhile: cast.Pods})
	runtest.Want(t, out,
		"node-0 should run 1 pods: default/web-0 (Running)\n",
		"node-0 should run 2 pods: default/web-0 (Running), default/web-2 (Running)\n",
		"node-0 should run 1 pods: default/web-2 (Running)\n",
		"node-0 should run 2 pods: default/web-2 (Running), default/web-4 (Running)\n",
	)
	if strings.Contains(out, "web-1") {
		t.Errorf("a pod of another node is in:\n%s", out)
	}
}
