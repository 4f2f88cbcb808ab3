// Package served compares the table of built-in resources with what a running API server says that it serves. Tests use it, on a
// recorded discovery document and on a real server.
//
// In: definitions and discovery documents. Out: one sentence for each difference that has no known reason. Owner: the caller's
// goroutine. Next: compare.go, then exceptions.go for the reasons.
package served
