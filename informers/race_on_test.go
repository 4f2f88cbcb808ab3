//go:build race

package informers_test

// defaultSeeds is the number of random programs in a test run; the race detector makes them much slower.
const defaultSeeds = 500
