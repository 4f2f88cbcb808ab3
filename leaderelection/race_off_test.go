//go:build !race

package leaderelection

// seeds is how many stories are told.
const seeds = 5000
