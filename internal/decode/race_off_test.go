//go:build !race

package decode

// How many objects of each type are compared, and how often each is damaged.
const (
	objectsPerType   = 3
	damagesPerObject = 20
)
