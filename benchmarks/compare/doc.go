// Compare runs client-go and sheaf in turn, as separate processes, on the same server and the same workloads, several rounds, and writes
// what it measured into a folder: README.md with tables and charts, results.json with every single figure.
//
//	go run ./compare                        # everything; hours
//	go run ./compare -quick                 # no more than 20,000 objects, one round
//	go run ./compare -only 'sync|relist'    # the workloads whose names match
//
// Reading order: main.go (flags, and the course of things), workloads.go (what is measured, and what is promised), run.go (one program
// on one server), build.go (programs, and what it costs to build them), summary.go (from figures to verdicts), markdown.go and chart.go.
package main
