//go:build race

package decode

// How many objects of each type are compared, and how often each is damaged: less under the race detector, which makes it slow.
const (
	objectsPerType   = 1
	damagesPerObject = 5
)
