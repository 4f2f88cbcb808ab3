package main

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sheaf-dev/sheaf/examples/internal/run"
	"github.com/sheaf-dev/sheaf/examples/internal/run/runtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheTourShowsWhatItSays(t *testing.T) {
	out := runtest.Output(t, time.Minute, tour, run.Others{})
	runtest.Want(t, out,
		"created example-red at version ",
		"created one whose name the server has chosen (13 characters)",
		"got example-red: map[color:red]",
		"2 of them are red or green",
		"1 has the name example-blue",
		"4 in all, read two a page",
		"updated; updating the state before is a conflict: true",
		"updated what is there now: map[color:red shade:darker]",
		"patched by application/merge-patch+json: map[color:red merge:1]",
		"patched by application/strategic-merge-patch+json: map[color:red merge:1 strategic:1]",
		"patched by application/json-patch+json: map[color:red moved:1 strategic:1]",
		"patched by a difference, unless somebody changes it meanwhile: map[color:red strategic:1]",
		"bob may not set .data.b: it belongs to alice",
		"after bob has forced it, alice still owns map[a:1]",
		"what alice no longer applies is gone: map[b:3]",
		"deleting another one of that name is a conflict: true",
		"deleted; getting it says not found: true",
		"creating one of a bad name is invalid: true",
		"deleted the collection: 0 are left",
		"the watch has seen 5 come, 8 change and 5 go",
	)
}
