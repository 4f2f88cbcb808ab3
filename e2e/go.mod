// Tests against a real API server. They are a module of their own so that
// what only they need stays out of the library's go.mod.
module github.com/sheaf-dev/sheaf/e2e

go 1.26.0

require (
	github.com/sheaf-dev/sheaf v0.0.0
	go.uber.org/goleak v1.3.0
)

replace github.com/sheaf-dev/sheaf => ../
