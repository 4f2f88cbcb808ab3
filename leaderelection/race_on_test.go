//go:build race

package leaderelection

// seeds is how many stories are told: fewer under the race detector, which makes them slow.
const seeds = 500
