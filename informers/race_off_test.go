//go:build !race

package informers_test

// defaultSeeds is the number of random programs in a test run.
const defaultSeeds = 10_000
