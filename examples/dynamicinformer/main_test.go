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

func TestACustomResourceIsFollowedByItsName(t *testing.T) {
	out := runtest.Output(t, 10*time.Second, follow, run.Others{Before: site.Install, Meanwhile: site.Play})
	runtest.Want(t, out,
		"following sites.example.sheaf.dev/v1, namespaced",
		"default/blog: map[image:example.com/blog replicas:2]",
		"default/shop: map[image:example.com/shop replicas:1]",
		"default/blog is now: map[image:example.com/blog replicas:0]",
		"default/shop is gone; it was a Site at generation 1",
		"over: 1 objects",
	)
}
