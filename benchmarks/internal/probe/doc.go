// Package probe runs one workload inside of a program under test and measures that program. Both programs have it, and nothing else
// in common. It imports the standard library only.
//
// Reading order: main.go (what a program offers, and the course of a run), acts.go (what happens after the start), reads.go (the cache and
// the store), process.go (what the kernel and the runtime know about the process).
package probe
