package main

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sheaf-dev/sheaf/examples/internal/run"
	"github.com/sheaf-dev/sheaf/examples/internal/run/runtest"
	"github.com/sheaf-dev/sheaf/examples/internal/site"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSitesBecomeDeploymentsAndTheirStatusFollows(t *testing.T) {
	out := runtest.Output(t, 20*time.Second, control, run.Others{Before: site.Install, Meanwhile: site.PlayWithPods})
	runtest.Want(t, out,
		"the server serves sites",
		"default/blog: 0 of 2 ready, Progressing",
		"default/blog: 1 of 2 ready, Progressing",
		"default/blog: 2 of 2 ready, Ready",
		"default/blog: 2 of 0 ready, Progressing",
		"default/blog: 0 of 0 ready, Off",
		"default/shop: 0 of 1 ready, Progressing",
		"default/shop is gone; its Deployment goes with it",
	)
}
