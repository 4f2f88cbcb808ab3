// Package compact compresses the objects of a cache that is opted in, to a tenth and less of what they take as Go structs.
//
//	Stage 5. In: the bytes of one object. Out: a few hundred bytes, and the same bytes again. Owner: no goroutine; a codec belongs to one
//	store. Next: cache/store/packer.go, which calls it.
//
// It is a package of its own because a program that does not ask for it shall not link a compression library:
//
//	pods, err := informers.ForOptions(factory, corev1.Pods, informers.InformerOptions{Compact: compact.Zstd})
//
// Reading order: codec.go, samples.go.
package compact
