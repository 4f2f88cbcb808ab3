//go:build !race

package shard

// seeds is how many stories are told.
const seeds = 120
