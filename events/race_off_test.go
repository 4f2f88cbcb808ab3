//go:build !race

package events

// programs is how many are run.
const programs = 24
