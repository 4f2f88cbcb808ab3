package main

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sheaf-dev/sheaf/examples/internal/run"
	"github.com/sheaf-dev/sheaf/examples/internal/run/runtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheServersResourcesArePrinted(t *testing.T) {
	out := runtest.Output(t, time.Minute, discover, run.Others{})
	runtest.Want(t, out,
		"GROUP", "VERSION", "RESOURCE", "SHORT NAMES", "SCOPE", "VERBS",
		"pods", "po", "namespaced", "create,delete",
		"apps", "v1", "deployments", "deploy", "namespaced",
		"asked the server with 2 requests",
		"the next program finds it on disk, with 0 requests",
		"deploy means deployments of apps/v1",
		"events.events.k8s.io means events of events.k8s.io/v1",
		"hpa.v1.autoscaling means horizontalpodautoscalers of autoscaling/v1",
		`find the resource "gadget": no matches for `,
	)
}
