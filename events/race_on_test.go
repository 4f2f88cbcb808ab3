//go:build race

package events

// programs is how many are run: fewer under the race detector, which makes them slow.
const programs = 4
